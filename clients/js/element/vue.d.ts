import type { Card } from "@pagecard/client";
import type { DefineComponent } from "vue";

export interface LinkPreviewProps {
  href: string;
  /** A card from elsewhere: null while it loads, false if there is none. Left out, the service is asked. */
  card?: Partial<Card> | null | false;
  onLoad?: (card: Card) => void;
  onError?: (detail: unknown) => void;
}

export const LinkPreview: DefineComponent<LinkPreviewProps>;
export default LinkPreview;
