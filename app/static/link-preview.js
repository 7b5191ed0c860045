/*! Pagecard link previews. MIT licence.
 *
 *   <script src="https://cards.example/link-preview.js" data-key="pk_live_…" async></script>
 *   <link-preview href="https://example.com/story"></link-preview>
 *
 * As a module: import { configure } from "https://cards.example/link-preview.mjs"; configure({ key: "pk_live_…" });
 *
 * Rule 1: nothing of a page is trusted: text is set as text, and only http(s) is linked to or loaded.
 * Rule 2: a URL is asked for once, and as many together as the plan takes.
 * Rule 3: the reader has a link, also after a failure; the developer has one warning that names its cause.
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

  const script = document.currentScript || document.querySelector('script[src*="link-preview"]');
  const settings = {
    home: new URL(".", script?.src || document.baseURI).href,
    key: "",
    limit: 0,
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
      container-type: inline-size;
      display: block;
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
      min-block-size: 8.65em; /* two lines of title and of description: nothing moves when they come */
      overflow: hidden;
      position: relative;
    }
    [part~=card]:hover { border-color: var(--_accent) }
    [part~=card]:has(:focus-visible) { outline: 3px solid var(--_accent); outline-offset: 2px }
    [part=image] {
      aspect-ratio: 1.91;
      background: var(--_blank);
      flex: none;
      inline-size: var(--link-preview-image-width, min(38%, 15.75em));
      order: 1;
      position: relative;
    }
    [part=image] img { block-size: 100%; inline-size: 100%; inset: 0; object-fit: cover; position: absolute }
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
    [part=site] {
      align-items: center;
      color: var(--_muted);
      display: flex;
      font-size: .8125em;
      gap: .5em;
      min-inline-size: 0;
    }
    [part=site] span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
    [part=icon] { block-size: 1.15em; border-radius: 3px; flex: none; inline-size: 1.15em; object-fit: contain }
    [part=title], [part=description] {
      display: -webkit-box;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 2;
      overflow: hidden;
      overflow-wrap: anywhere;
    }
    [part=title] { color: inherit; font-weight: 600; line-height: 1.3; outline: 0; text-decoration: none }
    [part=title]::after { content: ""; inset: 0; position: absolute }
    [part~=card]:hover [part=title] { text-decoration: underline }
    [part=description] { color: var(--_muted); font-size: .875em; margin: 0 }
    [part=link] { color: var(--link-preview-accent, LinkText); overflow-wrap: anywhere }
    i { background: var(--_blank); block-size: .7em; border-radius: 4px; margin-block-start: .35em }
    i + i { inline-size: 60% }
    @container (width < 26em) {
      [part~=card] { flex-direction: column; min-block-size: 0 }
      [part=image] { inline-size: 100%; order: 0 }
      [part=body] { min-block-size: 7.2em }
    }
    @media (prefers-reduced-motion: no-preference) {
      [part~=skeleton] i, [part~=skeleton] [part=image] { animation: pulse 1.4s ease-in-out infinite alternate }
      @keyframes pulse { to { opacity: .45 } }
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

    static of(api, key, limit) {
      const id = api + " " + key;
      if (!this.#all.has(id)) this.#all.set(id, new Client(api, key, id));
      const client = this.#all.get(id);
      if (limit > 0) client.limit = +limit;
      return client;
    }

    constructor(api, key, id) {
      this.url = new URL("v1/extract/batch", new URL(api.replace(/\/*$/, "/"), document.baseURI));
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
        // Network failure, or a refusal that this origin may not read.
        if (error.name === "TypeError")
          warn(`no answer from ${this.url.origin}. It may not be reachable, or the key may not be for ${location.origin}.`);
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
          body: JSON.stringify({ urls: batch.map((entry) => entry.url), ignore_invalid_urls: true }),
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
      else return warn(`${code || response.status}: ${message || response.statusText}`);
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

    /** Set `api`, `key` and `limit` for every element without such attributes. */
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
      const ask = (name) => this.getAttribute(name) ?? settings[name];
      const [api, key] = [ask("api"), ask("key")];
      const client = Client.of(api ?? settings.home, key, ask("limit"));
      client.open = key || api; // a named API may be a proxy that adds the key
      this.#leave = client.want(this.#url, this);
    }

    settle(data) {
      if (data && this.#url) this.#show("ready", this.#card(data));
      else this.#show("failed", this.#link());
      this.dispatchEvent(new CustomEvent(data ? "load" : "error", { detail: data }));
    }

    #show(state, node) {
      this.setAttribute("state", state);
      this.setAttribute("aria-busy", state === "loading");
      this.#shadow.replaceChildren(node);
    }

    #anchor(part, text) {
      const [target, rel] = [this.getAttribute("target"), this.getAttribute("rel")];
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
      const alt = data.open_graph?.images?.[0]?.alt;
      const image = picture(data.image, { alt }, (img) => img.parentNode);
      const icon = picture(data.meta?.favicon, { part: "icon" }, (img) => img);
      return h(
        "div",
        { part: "card", lang: data.meta?.language },
        image && h("div", { part: "image" }, image),
        h(
          "div",
          { part: "body" },
          h("div", { part: "site" }, icon, h("span", { dir: "auto" }, data.site_name || shown(hostname))),
          this.#anchor("title", data.title || this.#label),
          data.description && h("p", { part: "description", dir: "auto" }, data.description),
        ),
      );
    }

    /** The author's own link within the element, else a new one; text alone for a URL that is not http(s). */
    #link() {
      if (web(this.querySelector("a[href]")?.href ?? "javascript:")) return h("slot");
      return this.#url ? this.#anchor("link", this.#label) : h("span", {}, this.#label);
    }
  }

  customElements.define("link-preview", LinkPreview);
  window.LinkPreview = LinkPreview;
})();
