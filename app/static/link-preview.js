/*! Pagecard link previews. MIT licence. */
/*
 *   <script src="https://cards.example/link-preview.js" data-key="pk_live_…" async></script>
 *   <a class="link-preview" href="https://example.com/story">A story</a>
 *   <link-preview><a href="https://example.com/story">A story</a></link-preview>
 *
 * As a module: import { configure } from "https://cards.example/link-preview.mjs"; configure({ key: "pk_live_…" });
 *
 * Rule 1: nothing of a page is trusted: text is set as text, and only http(s) is linked to or loaded.
 * Rule 2: a URL is asked for once, and as many together as the plan takes.
 * Rule 3: the reader has a link, also after a failure; the developer has one warning that names its cause.
 * Rule 4: a card keeps the place that its skeleton had on the screen; the layout follows app/cards/view.py.
 */
(() => {
  "use strict";
  if (typeof customElements === "undefined") return; // on a server
  if (customElements.get("link-preview")) return window.LinkPreview.configure({ ...document.currentScript?.dataset });

  const GATHER = 30; // ms: what is added within it shares a call
  const CALLS = 4; // at a time
  const MOST = 100; // URLs in a call while the plan's limit is not known
  const PATIENCE = 60; // seconds: the longest Retry-After, and the longest answer, that is waited for
  const REFUSALS = 5; // in a row, then links are shown
  const INCLUDE = ["image_info"]; // the picture through the proxy
  const SMALL = 300; // pixels: a narrower picture would be blown up
  const SQUARE = 1.34; // width by height up to which a picture is shown whole
  const ALLOW = "autoplay; encrypted-media; fullscreen; picture-in-picture";
  const SANDBOX = "allow-scripts allow-same-origin allow-popups allow-presentation";

  const script = document.currentScript || document.querySelector('script[src*="link-preview"]');
  const settings = {
    home: new URL(".", script?.src || document.baseURI).href,
    key: "",
    limit: 0,
    play: "Play",
    ...script?.dataset,
  };

  const styles = new CSSStyleSheet();
  styles.replaceSync(`
    :host {
      --_bg: var(--link-preview-background, light-dark(#fff, #1b1c1f));
      --_fg: var(--link-preview-color, light-dark(#1b1c1f, #f1f1ef));
      --_muted: var(--link-preview-muted, light-dark(#5b5e66, #a9acb4));
      --_border: var(--link-preview-border, light-dark(#dcdde1, #35373d));
      --_accent: var(--link-preview-accent, light-dark(#1f5fd0, #8ab4ff));
      --_radius: var(--link-preview-radius, 12px);
      --_blank: var(--link-preview-placeholder, light-dark(#ecedf0, #2a2c31));
      --_plate: light-dark(#fff, #e9eaee); /* behind a logo, which may be dark */
      container-type: inline-size;
      display: grid; /* in a grid the card fills its row */
      inline-size: 100%;
      font: var(--link-preview-font, 1rem/1.4 system-ui, sans-serif);
      text-align: start;
    }
    [dir=auto] { text-align: -webkit-match-parent; text-align: match-parent } /* one side for all texts of a card */
    :host([hidden]) { display: none }
    [part~=card] {
      background: var(--_bg);
      border: 1px solid var(--_border);
      border-radius: var(--_radius);
      box-sizing: border-box;
      color: var(--_fg);
      color-scheme: var(--link-preview-scheme, light dark);
      display: flex;
      min-inline-size: 0;
      overflow: hidden;
      position: relative;
    }
    [part~=large], [part~=skeleton] { min-block-size: 8.9em } /* site, two lines of title, two of description */
    [part~=card]:hover { border-color: var(--_accent) }
    [part~=card]:has(:focus-visible) { outline: 3px solid var(--_accent); outline-offset: 2px }
    [part=image], [part=tile] { background: var(--_blank); flex: none; order: 1; position: relative }
    [part=image] { aspect-ratio: 1.91; inline-size: var(--link-preview-image-width, min(38%, 15.75em)) }
    [part~=small] [part=image] { aspect-ratio: auto; background: var(--_plate); inline-size: 7.25em }
    [part=image] :is(img, canvas) { block-size: 100%; inline-size: 100%; inset: 0; object-fit: cover; position: absolute }
    [part=image] .whole { background: var(--_plate) }
    :is([part~=small] [part=image], [part=image] .whole) img, img.whole { object-fit: scale-down }
    [part~=small] img { box-sizing: border-box; padding: .6em }
    [part=tile] {
      color: var(--_muted);
      display: grid;
      font-size: 1.75em;
      font-weight: 600;
      inline-size: 3em;
      min-block-size: 2.5em;
      place-items: center;
    }
    [part=tile] img { block-size: 1.25em; inline-size: 1.25em; object-fit: contain }
    [part=body] {
      box-sizing: border-box;
      display: flex;
      flex: 1;
      flex-direction: column;
      gap: .3em;
      justify-content: center;
      min-inline-size: 0;
      padding: .85em 1.1em;
    }
    [part=site], [part=facts] { color: var(--_muted); display: flex; font-size: .8125em; gap: .5em; min-inline-size: 0 }
    [part=site] { align-items: center }
    [part=site] span, [part=facts] { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
    [part=icon] { block-size: 1.15em; border-radius: 3px; flex: none; inline-size: 1.15em; object-fit: contain }
    [part=title], [part=description] {
      display: -webkit-box;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 2;
      overflow: hidden;
      overflow-wrap: anywhere;
    }
    [part=title] { color: inherit; font-weight: 600; line-height: 1.3; outline: 0; text-decoration: none }
    :is([part=title], [part=link])::after { content: ""; inset: 0; position: absolute }
    [part~=card]:hover [part=title] { text-decoration: underline }
    [part=description] { color: var(--_muted); font-size: .875em; margin: 0 }
    [part=description]:has(+ [part=facts]) { -webkit-line-clamp: 1 }
    [part=link] { color: var(--link-preview-accent, LinkText); outline: 0; overflow-wrap: anywhere }
    ::slotted(a) { overflow-wrap: anywhere }
    [part=mark], [part=play] { background: #000c; border: 1px solid #fff3; color: #fff; position: absolute }
    [part=mark] { border-radius: 5px; font-size: .75em; inset: auto .6em .6em auto; inset-inline: auto .6em; padding: .1em .5em }
    [part=play] {
      block-size: 3em;
      border-radius: 50%;
      cursor: pointer;
      font: inherit;
      inline-size: 3em;
      inset: calc(50% - 1.5em);
      z-index: 1;
    }
    [part=play]:is(:hover, :focus-visible) { background: #000 }
    [part=player] { border: 0; inline-size: 100%; position: relative; z-index: 1 }
    [part~=playing] { flex-direction: column }
    i { background: var(--_blank); block-size: .7em; border-radius: 4px; margin-block-start: .35em }
    i + i { inline-size: 60% }
    @container (width < 26em) {
      [part~=card] { flex-direction: column; min-block-size: 0 }
      [part=image], [part=tile] { inline-size: 100%; order: 0 }
      [part=body] { flex: 1 0 auto }
      :is([part~=large], [part~=skeleton]) [part=body] { min-block-size: 8.75em }
      [part~=small] [part=image], [part=tile] { flex: 999 0 auto; inline-size: 100%; max-block-size: 52.36cqi }
      [part~=small] [part=image] { min-block-size: 8em }
    }
    @media (prefers-reduced-motion: no-preference) {
      [part~=skeleton] i, [part~=skeleton] [part=image] { animation: pulse 1.4s ease-in-out infinite alternate }
      @keyframes pulse { to { opacity: .45 } }
    }
    @media (forced-colors: active) { [part=tile], [part=mark], [part=play] { border: 1px solid } }
    @media print {
      [part~=card] { break-inside: avoid }
      [part=play], i { display: none }
    }`);

  /** The absolute http(s) URL that `text` means on this page, or null. */
  const web = (text) => {
    try {
      const url = new URL(text, document.baseURI);
      return /^https?:$/.test(url.protocol) ? url.href : null;
    } catch {
      return null;
    }
  };

  const h = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const name in attributes) if (attributes[name]) node.setAttribute(name, attributes[name]);
    node.append(...children.filter(Boolean));
    return node;
  };

  const picture = (source, attributes, gone) => {
    const url = source && web(source);
    if (!url) return null;
    const image = h("img", {
      loading: "lazy",
      decoding: "async",
      referrerpolicy: "no-referrer",
      ...attributes,
    });
    image.alt = attributes.alt || ""; // the title beside it says what it shows
    image.onerror = () => gone(image).remove();
    image.src = url;
    return image;
  };

  /** Format for the language of the page; `plain` where the browser cannot. */
  const local = (format, plain) => {
    try {
      return format(document.documentElement.lang || undefined);
    } catch {
      return plain;
    }
  };

  const number = (value, options) => local((lang) => value.toLocaleString(lang, options), String(value));

  const clock = (seconds) =>
    seconds > 0 && seconds < 86400
      ? new Date(seconds * 1000).toISOString().slice(seconds < 3600 ? 14 : 11, 19).replace(/^0/, "")
      : "";

  const size = (bytes) =>
    number(bytes / (bytes < 1e6 ? 1e3 : 1e6), {
      style: "unit",
      unit: bytes < 1e6 ? "kilobyte" : "megabyte",
      maximumFractionDigits: 1,
    });

  const day = (time) =>
    local(
      (lang) =>
        new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeZone: time.length > 10 ? undefined : "UTC" }).format(
          new Date(time),
        ),
      time.slice(0, 10),
    );

  const fileType = ({ content }) => {
    const type = content?.type;
    if (type && !/^(text\/html|application\/xhtml)/.test(type))
      return type.replace(/.*\/(x-)?|\+.*/g, "").split(".").pop().toUpperCase().slice(0, 12);
  };

  /** Facts under a card, those of its kind first. */
  const facts = (data) => {
    const { product, content, article, meta } = data;
    const file = fileType(data);
    return [
      product?.price != null &&
        (product.currency
          ? number(product.price, { style: "currency", currency: product.currency })
          : String(product.price)),
      product?.availability
        ?.replace(/([a-z])(?=[A-Z])/g, "$1 ")
        .replace(/ \w/g, (letter) => letter.toLowerCase()),
      file,
      file && content.length && size(content.length),
      article?.author || meta?.author,
      article?.published_time && day(article.published_time),
    ].filter(Boolean);
  };

  /** Layout by what is known of the picture: "large", "small" or "none". */
  const layout = ({ kind, twitter }, image, width, height) => {
    const square = kind !== "video" && (width && height ? width / height < SQUARE : twitter?.card === "summary");
    return !image ? "none" : (width && width < SMALL) || square ? "small" : "large";
  };

  /** A ThumbHash without transparency as a canvas, which no policy for pictures forbids (evanw.github.io/thumbhash). */
  const blur = (text) => {
    const hash = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const head = hash[0] | (hash[1] << 8) | (hash[2] << 16);
    const more = hash[3] | (hash[4] << 8);
    if (head >> 23) return null;
    const wide = more >> 15;
    const sides = [wide ? 7 : more & 7, wide ? more & 7 : 7].map((side) => Math.max(3, side));
    let at = 0;
    const waves = ([across, down], scale) => {
      const found = [];
      for (let y = 0; y < down; y++)
        for (let x = y ? 0 : 1; x * down < across * (down - y); x++, at++)
          found.push([x, y, (((hash[5 + (at >> 1)] >> ((at & 1) * 4)) & 15) / 7.5 - 1) * scale]);
      return found;
    };
    const channels = [
      [(head & 63) / 63, waves(sides, ((head >> 18) & 31) / 31)],
      [((head >> 6) & 63) / 31.5 - 1, waves([3, 3], (((more >> 3) & 63) / 63) * 1.25)],
      [((head >> 12) & 63) / 31.5 - 1, waves([3, 3], (((more >> 9) & 63) / 63) * 1.25)],
    ];
    const canvas = h("canvas", { width: 32, height: 32 });
    const image = new ImageData(32, 32);
    const wave = (n, place) => Math.cos((Math.PI / 32) * (place + 0.5) * n);
    for (let pixel = 0; pixel < 1024; pixel++) {
      const [l, p, q] = channels.map(([base, found]) =>
        found.reduce((sum, [x, y, factor]) => sum + 2 * factor * wave(x, pixel & 31) * wave(y, pixel >> 5), base),
      );
      const b = l - (2 / 3) * p;
      const r = (3 * l - b + q) / 2;
      image.data.set([r * 255, (r - q) * 255, b * 255, 255], pixel * 4);
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  };

  /** Whether a player is on a host of its own, since it may run scripts. */
  const playable = (url, home) => {
    const { protocol, host } = new URL((url && web(url)) || home);
    return protocol === "https:" && ![location.host, new URL(home).host].includes(host);
  };

  const shown = (url) => url.replace(/^https?:\/\/(www\.)?|\/$/g, "");

  const warned = new Set();

  const warn = (text) => {
    if (!warned.has(text)) console.warn("link-preview: " + text);
    warned.add(text);
  };

  /** The results of a batch's answer as they arrive, whole JSON answers included. */
  async function* results(response) {
    if (!/ndjson/.test(response.headers.get("Content-Type"))) {
      yield* (await response.json()).data.results.map((result, index) => ({ index, ...result }));
      return;
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "", end = false; !end;) {
      const { done, value = "" } = await reader.read();
      const lines = (rest + value).split("\n");
      rest = done ? "" : lines.pop();
      end = done;
      for (const line of lines) if (line.trim()) yield JSON.parse(line);
    }
  }

  /** Queue of one API and one key. An entry is `{url, elements}`, waiting or in flight. */
  class Client {
    static #all = new Map();
    entries = new Map();
    waiting = new Set();
    cards = new Map();
    most = CALLS;
    calls = 0;
    unanswered = 0;
    refusals = 0;
    resume = 0;

    static of(home, key, limit) {
      const id = home + " " + key;
      if (!this.#all.has(id)) this.#all.set(id, new Client(home, key, id));
      const client = this.#all.get(id);
      if (limit > 0) client.limit = +limit;
      return client;
    }

    constructor(home, key, id) {
      this.url = new URL("v1/extract/batch", home);
      this.key = key;
      this.memory = "link-preview " + id;
      try {
        this.limit = +sessionStorage[this.memory] || 0;
      } catch {} // storage is closed to this page
    }

    /** Call `element.settle` with the card of `url`, or with null. Returns a function that cancels the call. */
    want(url, element) {
      if (this.cards.has(url)) {
        element.settle(this.cards.get(url));
        return () => {};
      }
      let entry = this.entries.get(url);
      if (!entry) {
        entry = { url, elements: new Set() };
        this.entries.set(url, entry);
        this.waiting.add(entry);
        this.schedule();
      }
      entry.elements.add(element);
      return () => entry.elements.delete(element);
    }

    schedule() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), Math.max(GATHER, this.resume - Date.now()));
    }

    send() {
      for (const entry of this.waiting) if (!entry.elements.size) this.finish(entry);
      if (this.waiting.size && !this.open) {
        warn("no key. Set data-key on the script, or call LinkPreview.configure({ key }).");
        for (const entry of this.waiting) this.finish(entry, null);
      }
      // While the limit is unknown one call at a time learns it.
      while (this.waiting.size && this.calls < this.most && (this.limit || !this.unanswered)) {
        const batch = [...this.waiting].slice(0, this.limit || MOST);
        for (const entry of batch) this.waiting.delete(entry);
        this.call(batch);
      }
    }

    async call(batch) {
      this.calls++;
      try {
        const response = await this.ask(batch);
        if (response.ok) await this.read(response, batch);
        else await this.refused(response, batch);
      } catch (error) {
        if (error.name === "TypeError") warn(`no whole answer from ${this.url.origin}: ${error.message}`);
      }
      this.calls--;
      for (const entry of batch) if (!this.waiting.has(entry)) this.finish(entry, null);
      this.schedule();
    }

    async ask(batch) {
      this.unanswered++;
      try {
        return await fetch(this.url, {
          method: "POST",
          credentials: "omit",
          signal: AbortSignal.timeout(PATIENCE * 1000),
          headers: {
            Accept: "application/x-ndjson",
            "Content-Type": "application/json",
            ...(this.key && { Authorization: "Bearer " + this.key }),
          },
          body: JSON.stringify({
            urls: batch.map((entry) => entry.url),
            ignore_invalid_urls: true,
            include: INCLUDE,
          }),
        });
      } finally {
        this.unanswered--;
      }
    }

    async read(response, batch) {
      this.refusals = 0;
      this.schedule();
      for await (const { index, success, data } of results(response)) {
        if (batch[index]) this.finish(batch[index], success ? data : null);
      }
    }

    async refused(response, batch) {
      const { code, message, details } = (await response.json().catch(() => ({}))).error || {};
      const wait = +response.headers.get("Retry-After") || REFUSALS;
      if (code === "BATCH_TOO_LARGE" && details?.limit < batch.length) this.learn(details.limit);
      else if (/429|503/.test(response.status) && wait <= PATIENCE && ++this.refusals < REFUSALS)
        this.pause(wait);
      else return warn(`${code || response.status}: ${message || response.statusText} (${location.origin})`);
      this.waiting = new Set([...batch, ...this.waiting]);
    }

    learn(limit) {
      this.limit = limit;
      try {
        sessionStorage[this.memory] = limit;
      } catch {} // as above
    }

    pause(seconds) {
      this.most = 1;
      this.resume = Date.now() + seconds * 1000 + Math.random() * 500; // not all visitors at the same moment
    }

    finish(entry, data) {
      if (this.entries.get(entry.url) !== entry) return;
      this.entries.delete(entry.url);
      this.waiting.delete(entry);
      if (data) this.cards.set(entry.url, data); // a failure is forgotten: the next element may ask again
      for (const element of entry.elements) element.settle(data);
    }
  }

  const connected = new Set();

  class LinkPreview extends HTMLElement {
    static observedAttributes = ["href"];
    static results = results;
    #shadow = this.attachShadow({ mode: "open" });
    #given;
    #leave = () => {};

    /** Make a card of every `<a class="link-preview">` below `root`. */
    static upgrade(root = document) {
      for (const link of root.querySelectorAll("a.link-preview[href]")) {
        if (link.closest("link-preview")) continue;
        const [parent, next] = [link.parentNode, link.nextSibling];
        const preview = document.createElement("link-preview");
        preview.append(link);
        parent.insertBefore(preview, next);
      }
    }

    /** Set `api`, `key`, `limit` and `play` for every element without such attributes. */
    static configure(options) {
      Object.assign(settings, options);
      for (const element of connected) if (element.state !== "ready") element.#load();
    }

    connectedCallback() {
      connected.add(this);
      this.#shadow.adoptedStyleSheets = [styles];
      if (Object.hasOwn(this, "data")) {
        const { data } = this; // set before this script had run
        delete this.data;
        this.#given = data;
      }
      if (document.readyState !== "loading") return this.#load();
      // The parser may not have reached the children, nor the other links of the page.
      this.#skeleton();
      document.addEventListener("DOMContentLoaded", () => this.#load(), { once: true });
    }

    disconnectedCallback() {
      connected.delete(this);
      this.#leave();
    }

    attributeChangedCallback(_name, before, now) {
      if (connected.has(this) && before !== now && document.readyState !== "loading") this.#load();
    }

    get href() {
      return this.getAttribute("href") ?? this.querySelector("a[href]")?.getAttribute("href") ?? "";
    }

    set href(url) {
      this.setAttribute("href", url);
    }

    /** A card from elsewhere: null while it loads, false if there is none, undefined to ask the API. */
    get data() {
      return this.#given;
    }

    set data(data) {
      this.#given = data;
      if (connected.has(this)) this.#load();
    }

    /** "loading", "ready" or "failed". */
    get state() {
      return this.getAttribute("state");
    }

    get #url() {
      return web(this.href || this.#given?.url || "javascript:");
    }

    get #home() {
      return new URL(this.#ask("api", settings.home).replace(/\/*$/, "/"), document.baseURI).href;
    }

    #ask(name, otherwise) {
      return this.getAttribute(name) ?? settings[name] ?? otherwise;
    }

    get #label() {
      return (!this.querySelector("script") && this.textContent.trim()) || shown(this.#url || this.href);
    }

    #embedded() {
      try {
        return JSON.parse(this.querySelector('script[type="application/json"]').textContent);
      } catch {
        return undefined;
      }
    }

    #load() {
      this.#leave();
      if (!this.isConnected) return;
      const data = this.#given === undefined ? this.#embedded() : this.#given;
      if (data !== undefined && data !== null) return this.settle(data);
      if (!this.#url) return this.settle(null);
      this.#skeleton();
      if (data === null) return;
      const key = this.#ask("key");
      const client = Client.of(this.#home, key, this.#ask("limit"));
      client.open = key || this.#ask("api"); // a named API may be a proxy that adds the key
      this.#leave = client.want(this.#url, this);
    }

    settle(data) {
      if (data && this.#url) this.#show("ready", this.#card(data));
      else this.#show("failed", this.#link());
      this.dispatchEvent(new CustomEvent(data ? "load" : "error", { detail: data }));
    }

    #show(state, card) {
      const place = this.state === "loading" && this.getBoundingClientRect();
      this.setAttribute("state", state);
      this.setAttribute("aria-busy", state === "loading");
      this.#shadow.replaceChildren(card);
      if (place && place.top < innerHeight) this.#keep(place.height);
    }

    #keep(height) {
      this.#shadow.firstChild.style.minBlockSize = height + "px";
    }

    /** Give up the kept place, which was that of another width. */
    release() {
      this.#shadow.firstChild?.style.removeProperty("min-block-size");
    }

    #anchor(part, text) {
      const own = this.querySelector("a");
      const [target, rel] = ["target", "rel"].map((name) => this.getAttribute(name) ?? own?.getAttribute(name));
      return h("a", { part, href: this.#url, target, rel: rel || (target && "noopener"), dir: "auto" }, text);
    }

    #skeleton() {
      if (!this.#url) return;
      this.#show(
        "loading",
        h(
          "div",
          { part: "card skeleton" },
          h("div", { part: "image" }),
          h("div", { part: "body" }, this.#anchor("title", this.#label), h("i"), h("i")),
        ),
      );
    }

    #card(data) {
      const { hostname } = new URL(this.#url);
      const info = data.image_info;
      const declared = data.open_graph?.images?.find((each) => each.url === data.image);
      const { width, height } = info?.width ? info : (declared ?? {});
      // Where the API has a proxy for pictures, the reader's browser asks nobody else.
      const source = info === undefined ? data.image : info?.proxy_url && new URL(info.proxy_url, this.#home).href;
      const look = layout(data, source && web(source), width, height);
      const site = data.site_name || shown(hostname);
      const icon = info === undefined && data.icons?.length !== 0 && data.meta?.favicon; // no address is guessed
      const tile = () => this.#tile(site, icon, fileType(data));
      const panel = look === "none" ? tile() : this.#picture(source, declared?.alt, info, look, !width && data, tile);
      const player = playable(data.embed?.url, this.#home);
      const length = /^(video|audio)$/.test(data.kind) && `${player ? "" : "▶ "}${clock(data.media?.duration)}`.trim();
      const told = facts(data);
      if (length && look === "large") panel.append(h("span", { part: "mark", dir: "ltr" }, length));
      else if (length) told.unshift(length);
      const card = h(
        "div",
        { part: "card " + look, lang: data.meta?.language },
        panel,
        h(
          "div",
          { part: "body" },
          h(
            "div",
            { part: "site" },
            look !== "none" && picture(icon, { part: "icon" }, (img) => img),
            h("span", { dir: "auto" }, site),
          ),
          this.#anchor("title", data.title || this.#label),
          data.description && h("p", { part: "description", dir: "auto" }, data.description),
          told.length &&
            h("div", { part: "facts" }, ...told.flatMap((fact, at) => [at && "·", h("span", { dir: "auto" }, fact)])),
        ),
      );
      if (player) panel.append(this.#player(data.embed, card, data.title));
      return card;
    }

    /** `unknown`: the data of a picture whose sides were not known before it came. */
    #picture(source, alt, info, look, unknown, tile) {
      const image = picture(source, { alt }, (img) => {
        this.#keep(this.offsetHeight);
        const panel = img.parentNode;
        panel.replaceWith(tile());
        return panel;
      });
      image.onload = () => {
        const { naturalWidth: width, naturalHeight: height } = image;
        if (unknown && layout(unknown, true, width, height) === "small") image.className = "whole";
        image.previousSibling?.remove();
      };
      const panel = h("div", { part: "image" }, look === "large" && info?.thumbhash && blur(info.thumbhash), image);
      if (look === "large" && /^#\w{6}$/.test(info?.dominant_color)) panel.style.background = info.dominant_color;
      return panel;
    }

    /** The icon of the site, the type of a file, or the first letter of the site's name. */
    #tile(site, icon, type) {
      const letter = type?.slice(0, 4) || site.match(/[\p{L}\p{N}]/u)?.[0].toUpperCase() || "·";
      return h("div", { part: "tile" }, picture(icon, {}, (img) => (img.replaceWith(letter), img)) || letter);
    }

    /** A button that puts the player in the place of the picture: nothing of it is loaded before. */
    #player({ url, aspect_ratio, height }, card, title) {
      const button = h("button", { part: "play", "aria-label": `${this.#ask("play")}: ${title}` }, "▶");
      button.onclick = () => {
        const src = new URL(url);
        src.searchParams.set("autoplay", 1);
        const frame = h("iframe", { part: "player", src, title, allow: ALLOW, sandbox: SANDBOX });
        frame.referrerPolicy = "strict-origin-when-cross-origin";
        if (aspect_ratio || !height) frame.style.aspectRatio = aspect_ratio || 1.7778;
        else frame.style.blockSize = height + "px";
        card.part.add("playing");
        button.parentNode.replaceWith(frame);
        frame.focus();
      };
      return button;
    }

    /** The author's own link within the element, else a new one; text alone for a URL that is not http(s). */
    #link() {
      const site = this.#url ? shown(new URL(this.#url).hostname) : "";
      const own = web(this.querySelector("a[href]")?.href ?? "javascript:");
      const link = own ? h("slot") : this.#url ? this.#anchor("link", this.#label) : h("span", {}, this.#label);
      return h(
        "div",
        { part: "card none" },
        this.#tile(site),
        h("div", { part: "body" }, site && h("div", { part: "site" }, h("span", { dir: "auto" }, site)), link),
      );
    }
  }

  customElements.define("link-preview", LinkPreview);
  window.LinkPreview = LinkPreview;

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => LinkPreview.upgrade());
  else LinkPreview.upgrade();

  let width = innerWidth;
  addEventListener("resize", () => {
    if (width !== innerWidth) for (const element of connected) element.release();
    width = innerWidth;
  });
})();
