/** The element `<link-preview>`. On a server `LinkPreview` is undefined, and `configure` does nothing. */
export { LinkPreview, configure, default } from "./link-preview.mjs";
