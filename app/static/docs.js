// The API reference: openapi.json, laid out for people, with a form for each operation that really sends.
// Rule 1: it knows OpenAPI 3.1 (and `x-text` and `x-stream`, further media types) and nothing of this API; mistakes in the
//         text are corrected in openapi.json.
// Rule 2: an answer is laid out when it is opened.

import { copyButton, h, inline, json, prose, quote, rememberKey } from "./parts.js";
import { found, resolveIn, row, sample, shape } from "./schema.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const PLACES = ["path", "query", "header"]; // of parameters, the most important first
const BASE = new URL(".", document.baseURI);

const $ = (id) => document.getElementById(id);

let api; // the OpenAPI document

/** Every operation in the order of the document, its path's parameters included. */
function operations() {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(found);
      parameters.sort((one, other) => PLACES.indexOf(one.in) - PLACES.indexOf(other.in));
      return {
        security: api.security,
        ...operation,
        path,
        method,
        parameters,
        id: operation.operationId ?? `${method}${path.replace(/\W+/g, "-")}`,
      };
    }),
  );
}

// --- an operation

function laidOut(operation) {
  const { id, summary, description, path, method, parameters, requestBody, responses } = operation;
  const body = found(requestBody).content?.["application/json"];
  return h(
    "section",
    { class: "operation", id, "aria-labelledby": `${id}-title` },
    h(
      "div",
      {},
      h("h3", { id: `${id}-title` }, (summary || path).replace(/\.$/, "")),
      h("p", { class: "endpoint" }, badge(method), h("code", {}, path)),
      description && prose(description),
      parameters.length > 0 && [
        h("h4", {}, "Parameters"),
        h(
          "ul",
          { class: "rows" },
          parameters.map((each) =>
            row(each.name, each.schema, {
              required: each.required,
              description: [each.description, each.in === "query" ? "" : `In the ${each.in}.`]
                .filter(Boolean)
                .join(" "),
            }),
          ),
        ),
      ],
      body && [h("h4", {}, "Body"), ...shape(body.schema)],
      h("h4", {}, "Answers"),
      h(
        "div",
        { class: "answers" },
        Object.entries(responses).map(([status, response]) => answer(status, found(response))),
      ),
    ),
    tryIt(operation, body),
  );
}

const badge = (method) => h("span", { class: `method ${method}` }, method);

/** Every media type of an answer, streamed ones included. */
const mediaTypes = ({ content = {}, "x-text": texts = {}, "x-stream": streamed = {} }) => ({ ...content, ...texts, ...streamed });

function answer(status, response) {
  const { description, headers = {} } = response;
  const tag = h("span", { class: `tag mono ${/^[23]/.test(status) ? "good" : "bad"}` }, status);
  const details = h("details", {}, h("summary", {}, tag, " ", inline(description)));
  const lay = () => {
    for (const [type, { schema }] of Object.entries(mediaTypes(response)))
      details.append(h("p", { class: "hint mono" }, type), ...shape(schema));
    const named = Object.entries(headers).map(([name, header]) =>
      row(name, found(header).schema, found(header)),
    );
    if (named.length) details.append(h("p", { class: "hint" }, "Headers"), h("ul", { class: "rows" }, named));
  };
  details.addEventListener("toggle", lay, { once: true });
  return details;
}

// --- try it

function tryIt(operation, body) {
  const { id, parameters, responses } = operation;
  const inputs = parameters.map((parameter) => [parameter, input(parameter)]);
  const text =
    body &&
    h(
      "textarea",
      { id: `${id}-body`, rows: 8, spellcheck: "false" },
      JSON.stringify(body.example ?? sample(body.schema), null, 2),
    );
  const success = found(Object.entries(responses).find(([status]) => /^2/.test(status))?.[1]);
  const types = Object.keys(mediaTypes(success));
  const accept =
    types.length > 1 &&
    h(
      "select",
      { id: `${id}-accept` },
      types.map((type) => h("option", {}, type)),
    );
  const output = h("div", { class: "answer", role: "status" });
  const request = () => asked(operation, inputs, text?.value, accept ? accept.value : types[0]);
  const form = h(
    "form",
    {
      submit: (event) => {
        event.preventDefault();
        send(request(), output, id);
      },
    },
    h("h4", {}, "Try it"),
    inputs.map(([parameter, field]) =>
      labelled(`${id}-${parameter.name}`, parameter.name, parameter.required, field),
    ),
    text && labelled(text.id, "Body", false, text),
    accept && labelled(accept.id, "Accept", false, accept),
    h(
      "div",
      { class: "row" },
      h("button", { class: "button primary" }, "Send"),
      copyButton(() => curl(request()), "Copy as curl"),
    ),
  );
  return h(
    "aside",
    { class: "try panel", "aria-label": `Try ${operation.method.toUpperCase()} ${operation.path}` },
    form,
    output,
  );
}

const labelled = (id, name, required, field) => {
  field.id = id;
  return h(
    "div",
    {},
    h("label", { class: "label", for: id }, name, required && h("span", { class: "hint" }, " required")),
    field,
  );
};

function input({ required, schema, example }) {
  const { type, enum: allowed, default: preset, example: own } = found(schema);
  const values = type === "boolean" ? ["true", "false"] : allowed;
  if (values)
    return h(
      "select",
      {},
      !required && h("option", { value: "" }, preset === undefined ? "—" : `${preset} (default)`),
      values.map((value) => h("option", {}, value)),
    );
  const hint = [preset ?? ""].flat().join(",");
  return h("input", {
    type: "text",
    spellcheck: "false",
    required,
    value: [example ?? own ?? ""].flat().join(","),
    placeholder: hint,
  });
}

function asked({ path, method, security }, inputs, body, accept) {
  const headers = { ...(accept && { Accept: accept }), ...(body && { "Content-Type": "application/json" }) };
  const key = $("key").value.trim();
  if (key && security?.length !== 0) headers.Authorization = `Bearer ${key}`;
  let filled = path;
  const query = new URLSearchParams();
  for (const [parameter, { value }] of inputs) {
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.in === "header") headers[parameter.name] = value;
    else if (value) query.set(parameter.name, value);
  }
  const url = new URL(filled.slice(1), BASE);
  url.search = query;
  return { url: url.href, method: method.toUpperCase(), headers, body };
}

function curl({ url, method, headers, body }) {
  const parts = [`curl ${method === "GET" ? "" : `-X ${method} `}${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`  -H ${quote(`${name}: ${value}`)}`);
  if (body) parts.push(`  -d ${quote(body)}`);
  return parts.join(" \\\n");
}

async function send({ url, ...request }, output, id) {
  const code = h("pre", { class: "code", tabindex: "0", role: "region", "aria-label": `Answer of ${id}` });
  const status = h("div", { class: "row" }, h("span", { class: "hint" }, "Sending…"));
  output.replaceChildren(status, code);
  const start = performance.now();
  try {
    const response = await fetch(url, request);
    const text = await shown(response, code);
    const good = response.ok || response.status === 304;
    status.replaceChildren(
      h("span", { class: `tag mono ${good ? "good" : "bad"}` }, `${response.status} ${response.statusText}`),
      h("span", { class: "hint" }, `${Math.round(performance.now() - start)} ms`),
      copyButton(() => text),
    );
    output.append(
      h(
        "details",
        {},
        h("summary", {}, "Headers"),
        h(
          "pre",
          { class: "code wrap", tabindex: "0", role: "region", "aria-label": `Headers of ${id}` },
          [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n"),
        ),
      ),
    );
  } catch (error) {
    status.replaceChildren(
      h("span", { class: "tag bad" }, "No answer"),
      h("span", { class: "hint" }, error.message),
    );
  }
}

/** Show the body in `code`: JSON laid out, anything else as it comes. Returns it as text. */
async function shown(response, code) {
  if (/^application\/json/.test(response.headers.get("Content-Type"))) {
    const value = await response.json();
    code.replaceChildren(json(value));
    return JSON.stringify(value, null, 2);
  }
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader.read())
    code.append(piece.value);
  return code.textContent;
}

// --- the page

/** Operations by their tag, in the order of the document's own list of tags. */
function byTag(all) {
  const order = (api.tags ?? []).map(({ name }) => name);
  const place = ([tag]) => order.indexOf(tag) + 1 || order.length + 1;
  return new Map(
    [...Map.groupBy(all, ({ tags }) => tags?.[0] ?? "Operations")].sort(
      (one, other) => place(one) - place(other),
    ),
  );
}

function contents(groups) {
  return [...groups].flatMap(([tag, members]) => [
    h("h2", {}, tag),
    h(
      "ul",
      {},
      members.map(({ id, method, path }) =>
        h("li", {}, h("a", { href: `#${id}` }, badge(method), h("span", { class: "path" }, path))),
      ),
    ),
  ]);
}

async function start() {
  const response = await fetch("openapi.json");
  api = await response.json();
  resolveIn(api);
  const groups = byTag(operations());
  $("about").append(
    prose(api.info.description),
    h("p", { class: "hint" }, `${api.info.title} ${api.info.version}`),
  );
  $("contents").append(...contents(groups));
  const about = Object.fromEntries((api.tags ?? []).map(({ name, description }) => [name, description]));
  $("operations").replaceChildren(
    ...[...groups].map(([tag, members]) =>
      h(
        "section",
        { class: "group" },
        h("h2", {}, tag),
        about[tag] && prose(about[tag]),
        members.map(laidOut),
      ),
    ),
  );
  $("operations").removeAttribute("aria-busy");
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

rememberKey($("key"));
start().catch(() => {
  $("operations").replaceChildren(
    h(
      "div",
      { class: "alert", role: "alert" },
      h("strong", {}, "openapi.json could not be read"),
      "Reload the page; if it stays so, look into the server's log.",
    ),
  );
});
