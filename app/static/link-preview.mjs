/*! Pagecard link previews as a module. MIT licence.
 *
 *   import { configure } from "https://cards.example/link-preview.mjs";
 *   configure({ key: "pk_live_…" });
 *
 * On a server `LinkPreview` is undefined, and `configure` does nothing.
 */
import "./link-preview.js";

export const LinkPreview = globalThis.LinkPreview;

/** Set `api`, `key` and `limit` for every element without such attributes. */
export const configure = (options) => LinkPreview?.configure(options);

configure({ home: new URL(".", import.meta.url).href });

export default LinkPreview;
