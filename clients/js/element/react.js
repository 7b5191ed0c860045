/** `<LinkPreview href card onLoad onError>` for React 18 and later, on servers too. */
import { createElement, useEffect, useRef } from "react";
import "./index.js";
import { json, linkable } from "./server.js";

export function LinkPreview({ href, card, onLoad, onError, children, ...rest }) {
  const element = useRef(null);
  useEffect(() => {
    const told = (call) => (event) => call?.(event.detail);
    const [node, loaded, failed] = [element.current, told(onLoad), told(onError)];
    node.addEventListener("load", loaded);
    node.addEventListener("error", failed);
    return () => {
      node.removeEventListener("load", loaded);
      node.removeEventListener("error", failed);
    };
  }, [onLoad, onError]);
  useEffect(() => {
    if (card !== undefined) element.current.data = card;
  }, [card]);
  const text = card?.title || href;
  const link = linkable(href) ? createElement("a", { href }, text) : text;
  const script = { type: "application/json", dangerouslySetInnerHTML: { __html: card && json(card) } };
  return createElement(
    "link-preview",
    { ...rest, href, ref: element, suppressHydrationWarning: true }, // the element may have set `state` before
    children ?? link,
    card ? createElement("script", script) : null,
  );
}

export default LinkPreview;
