// Small parts of both pages. Text is always set as text; nothing here writes HTML.

/** An element with attributes (a function is a listener, false and undefined are left out) and children. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child || child === 0));
  return node;
}

// The tokens of JSON.stringify's output: a string (and whether it is a key), a number, a word.
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g;

/** `value` as indented, coloured JSON. */
export function json(value) {
  const text = JSON.stringify(value, null, 2);
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token, string, colon, number] = match;
    const kind = colon ? "k" : string ? "s" : number ? "n" : "w";
    fragment.append(text.slice(from, match.index), h("span", { class: kind }, string ?? token), colon ?? "");
    from = match.index + token.length;
  }
  fragment.append(text.slice(from));
  return fragment;
}

// The clipboard API is there on https and on localhost alone; a server on a plain-http intranet needs the old way.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = h("textarea", { class: "off-screen" }, text);
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** A button that copies what `text()` returns, and says so. */
export function copyButton(text, label = "Copy") {
  const button = h("button", { type: "button", class: "button small" }, label);
  button.addEventListener("click", async () => {
    await copy(text());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 1500);
  });
  return button;
}

/** Quote `text` for a POSIX shell. */
export const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The start and end of a key: enough to recognise it by, too little to use. */
export const masked = (key) => (key.length > 16 ? `${key.slice(0, 11)}…${key.slice(-3)}` : "YOUR_KEY");

/** Keep what is typed into `input` for this tab alone, and bring it back after a reload. */
export function rememberKey(input) {
  try {
    input.value = sessionStorage.getItem("api-key") ?? "";
    input.addEventListener("input", () => sessionStorage.setItem("api-key", input.value.trim()));
  } catch {} // storage is closed to this page: the key is typed again
}

/** Make `list` (role=tablist) work as the ARIA practices say: click, arrows, Home and End. */
export function tabs(list, chosen = () => {}) {
  const buttons = [...list.querySelectorAll("[role=tab]")];
  const choose = (button) => {
    for (const other of buttons) {
      const on = other === button;
      other.setAttribute("aria-selected", on);
      other.tabIndex = on ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !on;
    }
    chosen(button);
  };
  const to = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  list.addEventListener("keydown", (event) => {
    if (!(event.key in to)) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement) + to[event.key];
    const next = Number.isFinite(at) ? buttons.at(at % buttons.length) : buttons.at(at < 0 ? 0 : -1);
    next.focus();
    choose(next);
  });
  for (const button of buttons) button.addEventListener("click", () => choose(button));
  choose(buttons[0]);
}

/** The little Markdown that descriptions hold: paragraphs, lists and code. */
export function prose(text = "") {
  const blocks = text.split(/\n\s*\n/).filter((block) => block.trim());
  return h(
    "div",
    { class: "prose" },
    blocks.map((block) => {
      const items = block
        .trim()
        .split(/\n?^\s*[-*] /m)
        .slice(1);
      return items.length
        ? h(
            "ul",
            {},
            items.map((item) => h("li", {}, inline(item))),
          )
        : h("p", {}, inline(block));
    }),
  );
}

/** A line of it: code between backticks, the rest as it is. */
export const inline = (text) =>
  text.split(/`+([^`]+)`+/).map((part, at) => (at % 2 ? h("code", {}, part) : part));
