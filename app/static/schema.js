// JSON Schema (as OpenAPI 3.1 has it) laid out for people.
// Rule 1: what a schema holds is laid out when it is opened, so schemas may refer to themselves.

import { h, inline } from "./parts.js";

let root; // the document that `$ref`s point into

export const resolveIn = (document) => {
  root = document;
};

/** `node`, or what it refers to. */
export const found = (node) =>
  node?.$ref
    ? found(
        node.$ref
          .slice(2)
          .split("/")
          .reduce((at, name) => at[name.replaceAll("~1", "/").replaceAll("~0", "~")], root),
      )
    : (node ?? {});

const named = (node) => node?.$ref?.split("/").pop() ?? node?.title;

/** The alternatives of a schema, or null where it is one thing. */
function choices(schema) {
  const { type, anyOf, oneOf } = found(schema);
  if (anyOf || oneOf) return anyOf ?? oneOf;
  return Array.isArray(type) ? type.map((each) => ({ ...found(schema), type: each })) : null;
}

function kind(schema) {
  const { type, items, enum: allowed, const: only, format } = found(schema);
  const several = choices(schema);
  if (several) return several.map(kind).join(" or ");
  if (only !== undefined) return JSON.stringify(only);
  if (allowed)
    return allowed.length > 8 ? "one of a list" : allowed.map((each) => JSON.stringify(each)).join(", ");
  if (type === "array") return `list of ${kind(items)}`;
  return named(schema) ?? (format ? `${type} (${format})` : (type ?? "anything"));
}

function limits(schema) {
  const { minimum, maximum, minItems, maxItems, maxLength, pattern, default: preset } = found(schema);
  return [
    minimum !== undefined && `at least ${minimum}`,
    maximum !== undefined && `at most ${maximum}`,
    minItems && `at least ${minItems}`,
    maxItems && `at most ${maxItems}`,
    maxLength && `up to ${maxLength} characters`,
    pattern && `matches ${pattern}`,
    preset !== undefined && preset !== null && `default ${JSON.stringify(preset)}`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** The schemas inside of `schema` that have fields to show. */
function objects(schema) {
  const { properties, items } = found(schema);
  const several = choices(schema);
  if (several) return several.flatMap(objects);
  if (items) return objects(items);
  return properties ? [schema] : [];
}

export function row(name, schema, { required, description = found(schema).description } = {}) {
  const inner = objects(schema);
  return h(
    "li",
    {},
    h(
      "div",
      { class: "row" },
      h("span", { class: "name" }, name),
      h("span", { class: "kind" }, [kind(schema), limits(schema)].filter(Boolean).join(" · ")),
      required && h("span", { class: "must" }, "required"),
    ),
    description && h("div", { class: "about" }, inline(description)),
    inner.map((each) =>
      lazily(inner.length > 1 ? `Fields of ${named(each) ?? variant(each)}` : "Fields", () => fields(each)),
    ),
  );
}

/** What tells an unnamed alternative apart: its constant field. */
function variant(schema) {
  const constant = Object.entries(found(schema).properties).find(
    ([, property]) => "const" in found(property),
  );
  return constant ? `${constant[0]} ${constant[1].const}` : "this form";
}

function lazily(label, content) {
  const details = h("details", {}, h("summary", {}, label));
  details.addEventListener("toggle", () => details.append(content()), { once: true });
  return details;
}

function fields(schema) {
  const { properties = {}, required = [] } = found(schema);
  return h(
    "ul",
    { class: "rows" },
    Object.entries(properties).map(([name, property]) =>
      row(name, property, { required: required.includes(name) }),
    ),
  );
}

export const shape = (schema) => {
  const inner = objects(schema);
  return inner.length ? inner.map(fields) : [h("p", { class: "hint" }, kind(schema))];
};

/** A value that fits `schema`: its example if it has one; of an object the required fields and those with examples. */
export function sample(schema) {
  const resolved = found(schema);
  const {
    type,
    items,
    properties,
    required = [],
    example,
    examples,
    default: preset,
    enum: allowed,
  } = resolved;
  if (example !== undefined) return example;
  if (examples?.length) return examples[0];
  if (preset !== undefined) return preset;
  if (allowed) return allowed[0];
  if (properties) {
    const wanted = Object.entries(properties).filter(
      ([name, each]) => required.includes(name) || found(each).example !== undefined,
    );
    return Object.fromEntries(wanted.map(([name, each]) => [name, sample(each)]));
  }
  if (type === "array") return [sample(items)];
  return { integer: 1, number: 1, boolean: true, string: "" }[[type].flat()[0]] ?? null;
}
