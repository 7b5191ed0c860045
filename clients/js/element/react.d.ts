import type { Card } from "@pagecard/client";
import type { HTMLAttributes, ReactElement, ReactNode, Ref } from "react";
import type { LinkPreviewElement } from "./index.js";

export interface LinkPreviewProps extends Omit<HTMLAttributes<HTMLElement>, "onLoad" | "onError"> {
  href: string;
  /** A card from elsewhere: null while it loads, false if there is none. Left out, the service is asked. */
  card?: Partial<Card> | null | false;
  target?: string;
  rel?: string;
  api?: string;
  /** Called with the card. */
  onLoad?: (card: Card) => void;
  onError?: (detail: unknown) => void;
  /** The link that stands there until, and unless, there is a card. */
  children?: ReactNode;
}

export function LinkPreview(props: LinkPreviewProps): ReactElement;
export default LinkPreview;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "link-preview": HTMLAttributes<LinkPreviewElement> & {
        ref?: Ref<LinkPreviewElement>; href?: string; target?: string; rel?: string; api?: string;
      };
    }
  }
}
