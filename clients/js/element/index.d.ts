import type { Card } from "@pagecard/client";

export type { Card };

/** Settings of every element without such attributes. */
export interface Configuration {
  /** URL of the service, or of a proxy of your own that adds the key. */
  api?: string;
  /** A publishable key. */
  key?: string;
  /** URLs in one call, as the plan has it; learnt if left out. */
  limit?: number;
}

export interface LinkPreviewElement extends HTMLElement {
  href: string;
  /** A card from elsewhere: null while it loads, false if there is none, undefined to ask the service. */
  data: Partial<Card> | null | false | undefined;
  readonly state: "loading" | "ready" | "failed" | null;
}

/** The class of the element; undefined on a server. */
export const LinkPreview: { new (): LinkPreviewElement; configure(options: Configuration): void } | undefined;
export function configure(options: Configuration): void;
export default LinkPreview;

declare global {
  interface HTMLElementTagNameMap {
    "link-preview": LinkPreviewElement;
  }
}
