import type { Card } from "@pagecard/client";
import type { Component, Snippet } from "svelte";

export interface LinkPreviewProps {
  href: string;
  /** A card from elsewhere: null while it loads, false if there is none. Left out, the service is asked. */
  card?: Partial<Card> | null | false;
  onload?: (card: Card) => void;
  onerror?: (detail: unknown) => void;
  children?: Snippet;
}

declare const LinkPreview: Component<LinkPreviewProps>;
export default LinkPreview;
