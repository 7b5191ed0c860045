/**
 * HTML of a card, for servers that render pages: a plain link until the element's script has run, and for those who
 * run none.
 *
 * Rule: nothing of a page is trusted. Text is escaped, and only http(s) is linked to.
 */

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escape = (text) => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);

const attributes = (named) =>
  Object.entries(named)
    .filter(([, value]) => value)
    .map(([name, value]) => ` ${name}="${escape(value)}"`)
    .join("");

/** Whether a page may link to `url`. */
export const linkable = (url) => /^https?:\/\//i.test(url ?? "");

/** JSON that may stand in a script element. */
export const json = (value) => JSON.stringify(value).replace(/</g, "\\u003c");

/** The script element that gives `card` to the element around it. */
export const embedded = (card) => `<script type="application/json">${json(card)}</script>`;

/** HTML of a card, or of a URL that the browser asks the service about. */
export function render(card, { href, title, target, rel } = {}) {
  const known = typeof card === "object" && card !== null;
  const url = href ?? (known ? card.url : card);
  const text = escape((title ?? (known && card.title)) || url);
  if (!linkable(url)) return text;
  const link = `<a${attributes({ href: url, target, rel: rel ?? (target && "noopener") })}>${text}</a>`;
  return `<link-preview${attributes({ href: url, target, rel })}>${link}${known ? embedded(card) : ""}</link-preview>`;
}
