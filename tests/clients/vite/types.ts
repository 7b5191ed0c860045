// The types of the other entries of the package compile under strict.
import type { Card } from "@pagecard/client";
import { render } from "@pagecard/element/server";
import InSvelte from "@pagecard/element/svelte";
import { LinkPreview as InVue } from "@pagecard/element/vue";
import type { ComponentProps } from "svelte";
import { h } from "vue";

export const html = (card: Card): string => render(card, { target: "_blank" });
export const vue = (card: Card) => h(InVue, { href: card.url, card, onLoad: (loaded: Card) => loaded.title });
export const svelte = (card: Card): ComponentProps<typeof InSvelte> => ({ href: card.url, card });

const element = document.createElement("link-preview");
element.data = { title: "A story" };
export const state: "loading" | "ready" | "failed" | null = element.state;
