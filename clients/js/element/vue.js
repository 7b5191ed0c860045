/** `<LinkPreview :href :card @load @error>` for Vue 3, on servers too. */
import { defineComponent, h, onMounted, ref, watch } from "vue";
import "./index.js";
import { json, linkable } from "./server.js";

export const LinkPreview = defineComponent({
  name: "LinkPreview",
  props: { href: { type: String, required: true }, card: null },
  emits: ["load", "error"],
  setup(props, { emit, slots }) {
    const element = ref(null);
    const give = () => {
      if (props.card !== undefined) element.value.data = props.card;
    };
    onMounted(give);
    watch(() => props.card, give);
    return () => {
      const text = props.card?.title || props.href;
      const link = linkable(props.href) ? h("a", { href: props.href }, text) : text;
      const events = { onLoad: (event) => emit("load", event.detail), onError: (event) => emit("error", event.detail) };
      return h("link-preview", { ref: element, href: props.href, ...events }, [
        slots.default?.() ?? link,
        props.card ? h("script", { type: "application/json", innerHTML: json(props.card) }) : null,
      ]);
    };
  },
});

export default LinkPreview;
