import type { Card } from "@pagecard/client";

export interface RenderOptions {
  /** Address of the link, if not the card's. */
  href?: string;
  /** Text of the link, if not the card's title. */
  title?: string;
  target?: string;
  rel?: string;
}

/** HTML of a card, or of a URL that the browser asks the service about; text alone for what is no http(s) URL. */
export function render(card: Partial<Card> | string, options?: RenderOptions): string;
export function embedded(card: Partial<Card>): string;
export function json(value: unknown): string;
export function linkable(url: string | null | undefined): boolean;
