// The playground: what is typed becomes one streamed batch, and each of its lines a card.
// Rule 1: a card is painted when its line arrives, never later.
// Rule 2: the key is kept in this tab's session storage and sent to this server alone.

import { copyButton, h, json, masked, quote, rememberKey, tabs } from "./parts.js";

const $ = (id) => document.getElementById(id);

const SAMPLES = {
  "A mixed five": [
    "https://github.com/pallets/flask",
    "https://en.wikipedia.org/wiki/Business_card",
    "https://www.youtube.com/watch?v=jNQXAC9IVRw",
    "https://www.bbc.com/news",
    "https://nowhere.invalid/",
  ],
  News: [
    "https://www.theguardian.com/international",
    "https://apnews.com/",
    "https://www.lemonde.fr/",
    "https://www3.nhk.or.jp/news/",
  ],
  Code: [
    "https://github.com/python/cpython",
    "https://docs.python.org/3/",
    "https://developer.mozilla.org/en-US/",
    "https://news.ycombinator.com/",
  ],
  Files: ["https://www.w3.org/Icons/w3c_home.png", "https://www.rfc-editor.org/rfc/pdfrfc/rfc9110.txt.pdf"],
};

// Made-up pages for who has no key yet: when each came, in milliseconds, and the result.
const EXAMPLES = [
  [
    184,
    {
      url: "https://harbour.example/slow-boats",
      success: true,
      data: {
        url: "https://harbour.example/slow-boats",
        resolved_url: "https://harbour.example/slow-boats",
        title: "The slow boats of the northern harbours",
        description:
          "Three skippers still carry freight under sail. A week on deck with people who are in no hurry.",
        image: "static/example-harbour.svg",
        site_name: "The Harbour Review",
        type: "article",
        meta: { author: "Ines Okafor", language: "en", theme_color: "#f6c79b" },
        article: { published_time: "2026-05-26T08:30:00Z", section: "Travel" },
      },
      cache_hit: false,
    },
  ],
  [
    9,
    {
      url: "https://press.example/calling-cards",
      success: true,
      data: {
        url: "https://press.example/calling-cards",
        resolved_url: "https://press.example/calling-cards",
        title: "A short history of the calling card",
        description:
          "Before profiles and previews there was a small piece of paper that said who had come to the door.",
        image: "static/example-press.svg",
        site_name: "Letterpress Quarterly",
        type: "article",
        meta: { author: "Tomas Lind", language: "en", theme_color: "#20324a" },
        article: { published_time: "2026-04-02T10:00:00Z", section: "History" },
      },
      cache_hit: true,
    },
  ],
];

const ADVICE = {
  MISSING_API_KEY: "Put your key into the field “API key”.",
  INVALID_API_KEY: "Look for a missing character, or make a new key with “pagecard keys create”.",
  API_KEY_REVOKED: "Make a new one with “pagecard keys create”.",
  API_KEY_EXPIRED: "Make a new one with “pagecard keys create”.",
  ORIGIN_NOT_ALLOWED: "A publishable key works only on the sites it was made for; use a secret one here.",
};

const API = new URL("v1/extract/batch", document.baseURI).href;
const ms = (time) => (time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(2)} s`);
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

let rows = []; // one for each URL asked: {url, item, result?, at?}
let running; // the AbortController of the request in flight

// --- what is typed

/** The links in the text box; one without a scheme is taken for https. */
function typed() {
  const words = $("urls").value.split(/\s+/).filter(Boolean);
  return words.map((word) => (/^[a-z][a-z\d+.-]*:\/\//i.test(word) ? word : `https://${word}`));
}

/** What is typed; where nothing is, the examples, to have something to show. */
const typedOrExamples = () => (typed().length ? typed() : EXAMPLES.map(([, { url }]) => url));

const body = (urls) => ({ urls, ignore_invalid_urls: true, ...($("fresh").checked && { cache: false }) });

function showRequest() {
  const urls = typed();
  $("count").textContent = urls.length ? plural(urls.length, "link") : "one a line";
  $("curl").textContent = curl(masked($("key").value));
  $("embed").textContent = embed();
}

function curl(key) {
  return [
    `curl -N ${quote(API)}`,
    `  -H ${quote(`Authorization: Bearer ${key}`)}`,
    "  -H 'Content-Type: application/json'",
    "  -H 'Accept: application/x-ndjson'",
    `  -d ${quote(JSON.stringify(body(typedOrExamples()), null, 2))}`,
  ].join(" \\\n");
}

function embed() {
  const script = `<script src="${new URL("link-preview.js", document.baseURI)}" data-key="pk_live_…" defer></script>`;
  const escaped = (url) => url.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const elements = typedOrExamples().map((url) => `<a class="link-preview" href="${escaped(url)}">${escaped(url)}</a>`);
  return [script, "", ...elements].join("\n");
}

// --- what comes back

function expect(urls) {
  $("problem").replaceChildren();
  rows = urls.map((url) => ({ url, item: h("li", { class: "waiting" }) }));
  for (const row of rows) {
    const preview = h("link-preview", { href: row.url, target: "_blank" });
    preview.data = null; // on its way
    row.item.append(preview, facts(row, "waiting"));
  }
  $("cards").replaceChildren(...rows.map(({ item }) => item));
  showJson(null);
}

function facts(row, time, tag) {
  const track = h("span", {});
  row.track = track;
  const open =
    row.result &&
    h(
      "button",
      {
        type: "button",
        class: "button small",
        "aria-label": `Show the JSON of ${row.url}`,
        click: () => chooseAndShow(row),
      },
      "JSON",
    );
  return h(
    "div",
    { class: "facts" },
    h("span", { class: "time" }, time),
    h("div", { class: "track" }, track),
    tag,
    open,
  );
}

function arrived(row, result, at) {
  Object.assign(row, { result, at });
  row.item.className = result.success ? (result.cache_hit ? "hit" : "fetched") : "lost";
  const tag = result.success
    ? h(
        "span",
        { class: result.cache_hit ? "tag good" : "tag" },
        result.cache_hit ? "from the cache" : "fetched",
      )
    : h("span", { class: "tag bad" }, "no card");
  row.item.replaceChildren(result.success ? card(row) : failure(row), facts(row, ms(at), tag));
  scaleTracks();
}

function card({ url, item, result }) {
  const preview = item.querySelector("link-preview") ?? h("link-preview", { href: url, target: "_blank" });
  preview.data = result.data;
  return preview;
}

function failure({ url, result: { error } }) {
  return h(
    "div",
    { class: "failed" },
    h("strong", {}, error.message),
    h("span", { class: "mono" }, url),
    h(
      "p",
      {},
      h("span", { class: "tag bad mono" }, error.code),
      error.retryable && h("span", { class: "tag" }, "worth another try"),
    ),
  );
}

/** Each bar shows when its card came, as a share of the longest wait so far. */
function scaleTracks() {
  const longest = Math.max(...rows.map(({ at }) => at ?? 0));
  for (const { at, track } of rows)
    if (at !== undefined) track.style.setProperty("--share", Math.max(0.02, at / longest));
}

function choose(row) {
  for (const other of rows) other.item.classList.toggle("chosen", other === row);
  showJson(row);
}

/** Where the panel is below the cards, whoever asks for it is taken there. */
function chooseAndShow(row) {
  choose(row);
  if (matchMedia("(width < 62rem)").matches) $("json-of").scrollIntoView({ block: "center" });
}

function showJson(row) {
  $("json-of").textContent = row ? row.url : "The JSON of a card shows here when it has come.";
  $("json").replaceChildren(row ? json(row.result) : "");
}

function showSummary(wall) {
  const done = rows.filter(({ result }) => result);
  const good = done.filter(({ result }) => result.success);
  const hits = good.filter(({ result }) => result.cache_hit).length;
  const times = done.map(({ at }) => at);
  $("summary").textContent = [
    `${good.length} of ${plural(rows.length, "card")}`,
    hits && `${hits} from the cache`,
    times.length > 1 && `first after ${ms(Math.min(...times))}`,
    wall && `all after ${ms(wall)}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

function showProblem({ code, message, details }, retryAfter) {
  const advice = retryAfter ? `Try again in ${plural(retryAfter, "second")}.` : ADVICE[code];
  const limit = code === "BATCH_TOO_LARGE" && details.limit;
  const trim =
    limit &&
    h(
      "button",
      { type: "button", class: "button", click: () => fill(typed().slice(0, limit)) },
      `Keep the first ${limit}`,
    );
  $("problem").replaceChildren(
    h(
      "div",
      { class: "alert" },
      h("strong", {}, message),
      limit
        ? h(
            "span",
            {},
            `The plan “${details.plan}” takes ${limit} links in one batch; these are ${details.received}.`,
          )
        : advice && h("span", {}, advice),
      details?.errors &&
        h(
          "ul",
          {},
          Object.entries(details.errors).map(([field, text]) =>
            h("li", {}, `${field}: ${[text].flat().join("; ")}`),
          ),
        ),
      trim,
      h("span", { class: "hint mono" }, code),
    ),
  );
}

// --- the request

async function run() {
  const urls = typed();
  if (!urls.length) return $("urls").focus();
  running = new AbortController();
  busy(true);
  expect(urls);
  $("outcome-title").textContent = "Your cards";
  $("summary").textContent = `Asking for ${plural(urls.length, "card")}…`;
  const start = performance.now();
  try {
    const response = await fetch(API, {
      method: "POST",
      headers: {
        Accept: "application/x-ndjson",
        "Content-Type": "application/json",
        ...($("key").value.trim() && { Authorization: `Bearer ${$("key").value.trim()}` }),
      },
      body: JSON.stringify(body(urls)),
      signal: running.signal,
    });
    if (response.ok) await receive(response, start);
    else await refused(response);
  } catch (error) {
    dropWaiting();
    if (error.name !== "AbortError")
      showProblem({ code: "NETWORK", message: "The server did not answer, or stopped half-way" });
  }
  busy(false);
}

async function receive(response, start) {
  for await (const { index, summary: _summary, meta: _meta, ...result } of LinkPreview.results(response)) {
    if (index === undefined) continue;
    arrived(rows[index], result, performance.now() - start);
    if (rows.every((row) => !row.item.classList.contains("chosen"))) choose(rows[index]);
    showSummary();
  }
  dropWaiting();
  showSummary(performance.now() - start);
}

async function refused(response) {
  $("cards").replaceChildren();
  rows = [];
  $("summary").textContent = "";
  const { error } = await response.json().catch(() => ({
    error: {
      code: `HTTP_${response.status}`,
      message: "The server answered with something else than JSON",
    },
  }));
  showProblem(error, Number(response.headers.get("Retry-After")));
}

function dropWaiting() {
  for (const { item } of rows.filter(({ result }) => !result)) item.remove();
  rows = rows.filter(({ result }) => result);
}

function busy(is) {
  $("go").disabled = is;
  $("stop").hidden = !is;
  $("cards").setAttribute("aria-busy", is);
}

// --- the page

function fill(urls) {
  $("urls").value = urls.join("\n");
  showRequest();
  $("problem").replaceChildren();
}

function showExamples() {
  rows = EXAMPLES.map(([, { url }]) => ({ url, item: h("li") }));
  $("cards").replaceChildren(...rows.map(({ item }) => item));
  EXAMPLES.forEach(([at, result], index) => arrived(rows[index], result, at));
  choose(rows[0]);
  $("summary").textContent = "Two made-up pages, as an example";
}

function copied() {
  const view = document.querySelector("[role=tab][aria-selected=true]").id;
  if (view === "tab-curl") return curl($("key").value.trim() || "YOUR_KEY");
  return $(view === "tab-json" ? "json" : "embed").textContent;
}

/** Take the key from the address that the first start prints (`/#key=…`: browsers never send it), and clear it there. */
function takeKey() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return;
  $("key").value = key;
  $("key").dispatchEvent(new Event("input", { bubbles: true }));
  history.replaceState(null, "", location.pathname + location.search);
}

for (const [name, urls] of Object.entries(SAMPLES)) {
  const start = () => {
    fill(urls);
    if ($("key").value) run();
    else $("key").focus();
  };
  document
    .querySelector(".samples")
    .append(h("button", { type: "button", class: "button", click: start }, name));
}

rememberKey($("key"));
takeKey();
tabs(document.querySelector("[role=tablist]"));
$("copy").append(copyButton(copied));
$("composer").addEventListener("input", showRequest);
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!$("go").disabled) run();
});
$("composer").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("composer").requestSubmit();
});
$("stop").addEventListener("click", () => running.abort());
$("reveal").addEventListener("click", () => {
  const show = $("key").type === "password";
  $("key").type = show ? "text" : "password";
  $("reveal").textContent = show ? "Hide" : "Show";
  $("reveal").setAttribute("aria-pressed", show);
});
if (/Mac|iPhone|iPad/.test(navigator.userAgent)) $("shortcut").textContent = "⌘ + Enter";
showRequest();
showExamples();
