/*! Pagecard's client. MIT licence. For browsers, Node (20 and later), Deno, Bun and workers; no dependencies.
 *
 *   import { Pagecard } from "@pagecard/client"; // or "https://cards.example.com/client.js"
 *   const pagecard = new Pagecard({ server: "https://cards.example.com", key: "ks_live_…" });
 *   for await (const result of pagecard.cards(urls)) console.log(result.url, result.data?.title);
 *
 * Rule 1: requests that are safe to repeat are repeated, with jitter, and never before `Retry-After`.
 * Rule 2: a URL that fails is a result; only a request that fails as a whole throws, a PagecardError.
 * Rule 3: values are those of the API, names included (`/openapi.json`); options of this client are in camel case.
 */

const MOST = 100; // URLs in a request while the plan's limit is not known
const BASE = 500; // ms: the first wait without Retry-After is shorter, the second shorter than twice that
const ENDED = new Set(["completed", "failed", "cancelled"]);
const LASTING = new Set(["certificate", "malformed_response", "bad_redirect"]);
const PASSING = new Set(["RATE_LIMIT_EXCEEDED", "OVERLOADED", "INTERNAL_ERROR", "TARGET_TIMEOUT"]);

/** Base of every error of this client, except for those of `signal`. */
export class PagecardError extends Error {
  constructor(message, { code, retryable = false, cause } = {}) {
    super(message, { cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryable;
    this.status = null;
    this.details = null;
    this.requestId = null;
    this.retryAfter = null;
  }
}

/** The service refused a request. `code` is one of the API's. */
export class ApiError extends PagecardError {
  constructor(response, body) {
    const { code = "UNEXPECTED_ANSWER", message, details = null } = body?.error ?? {};
    super(message ?? `The service answered with the HTTP status ${response.status}`, {
      code,
      retryable: mayPass(response.status, code, details),
    });
    this.status = response.status;
    this.details = details;
    this.requestId = response.headers.get("X-Request-Id") ?? body?.meta?.request_id ?? null;
    this.retryAfter = seconds(response.headers.get("Retry-After"));
  }
}

/** No whole answer came. `code`: `CONNECTION_FAILED`, `TIMEOUT` or `ANSWER_CUT_OFF`. */
export class NetworkError extends PagecardError {
  constructor(message, { code, cause } = {}) {
    super(message, { code, cause, retryable: true });
  }
}

function mayPass(status, code, details) {
  if (code === "TARGET_UNREACHABLE") return !LASTING.has(details?.reason);
  if (code === "TARGET_HTTP_ERROR") return [408, 425, 429].includes(details?.http_status) || details?.http_status >= 500;
  return PASSING.has(code) || (code === "UNEXPECTED_ANSWER" && status >= 500);
}

const seconds = (text) => (/^\d+$/.test(text ?? "") ? Number(text) : null);

/** Fields without those that are undefined, under the names of the API. */
function named(fields) {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name.replace(/[A-Z]/g, (c) => "_" + c.toLowerCase()), value]));
}

function query(fields) {
  const pairs = Object.entries(named(fields)).map(([name, value]) => [name, String(value)]);
  return pairs.length ? "?" + new URLSearchParams(pairs) : "";
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => (clearTimeout(timer), reject(signal.reason));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", abort), resolve()), ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** One attempt: aborts when the caller does, or after `ms` milliseconds without a byte. */
class Attempt {
  #controller = new AbortController();
  #forward = () => this.#controller.abort(this.caller.reason);

  constructor(ms, caller) {
    this.ms = ms;
    this.caller = caller;
    if (caller?.aborted) this.#forward();
    caller?.addEventListener("abort", this.#forward, { once: true });
    this.touch();
  }

  get signal() {
    return this.#controller.signal;
  }

  touch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const message = `The service sent nothing for ${this.ms} ms`;
      this.#controller.abort(new NetworkError(message, { code: "TIMEOUT" }));
    }, this.ms);
  }

  end() {
    clearTimeout(this.timer);
    this.caller?.removeEventListener("abort", this.#forward);
  }

  /** The error to throw for a failure within this attempt. */
  failed(error, code = "CONNECTION_FAILED") {
    if (this.signal.aborted) return this.signal.reason;
    if (error instanceof PagecardError) return error;
    return new NetworkError("There is no whole answer of the service", { code, cause: error });
  }
}

async function* lines(response, attempt) {
  const decoder = new TextDecoder();
  let rest = "";
  const reader = response.body.getReader();
  try {
    for (let ended = false; !ended; ) {
      const { done, value } = await reader.read();
      attempt.touch();
      const parts = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split("\n");
      rest = done ? "" : parts.pop();
      for (const part of parts) if (part.trim()) yield JSON.parse(part);
      ended = done;
    }
  } finally {
    reader.cancel().catch(() => {}); // of no effect after the end
  }
}

async function* grouped(urls, size) {
  let group = [];
  for await (const url of urls) {
    group.push(url);
    if (group.length >= size()) yield group.splice(0);
  }
  if (group.length) yield group;
}

/** Client of one service and one key. */
export class Pagecard {
  #settings;
  #limit = MOST;

  constructor({ server, key, imageKey, timeout = 60_000, retries = 3, maxWait = 60_000, fetch = globalThis.fetch }) {
    if (!/^https?:\/\//.test(server ?? "")) throw new TypeError("server: must be the http(s) URL of a Pagecard service");
    const root = String(server).replace(/\/*$/, "/");
    this.#settings = { root, key, imageKey, timeout, retries, maxWait, fetch: (...request) => fetch(...request) };
    this.jobs = new Jobs((...request) => this.#json(...request), (...request) => this.#lines(...request));
  }

  /** The card of one URL. Throws ApiError where the URL has none. */
  async card(url, options = {}) {
    const { signal, ...asked } = options;
    return (await this.#json("GET", "v1/extract" + query({ url, ...asked }), { signal })).data;
  }

  /**
   * A result for each URL, as soon as it is there, in requests of as many URLs as the plan takes. `index` is the place
   * in `urls`. What a cut stream has not told is asked again.
   */
  async *cards(urls, options = {}) {
    const { signal, ignoreInvalidUrls = true, ...asked } = options;
    let first = 0;
    for await (const group of grouped(urls, () => this.#limit)) {
      yield* this.#group(group, first, named({ ignoreInvalidUrls, ...asked }), signal);
      first += group.length;
    }
  }

  async *#group(group, first, fields, signal) {
    let waiting = group.map((url, index) => ({ url, index: first + index }));
    for (let failures = 0; waiting.length; ) {
      const batch = waiting.slice(0, this.#limit);
      const open = new Set(batch);
      try {
        for await (const { index, ...result } of this.#stream(batch, fields, signal)) {
          open.delete(batch[index]);
          yield { ...result, index: batch[index].index };
        }
        open.clear();
      } catch (error) {
        if (error.code === "BATCH_TOO_LARGE" && error.details?.limit < batch.length) this.#limit = error.details.limit;
        else if (error.code === "ANSWER_CUT_OFF" && failures++ < this.#settings.retries) await this.#wait(error, failures, signal);
        else throw error;
      }
      waiting = waiting.filter((each, place) => place >= batch.length || open.has(each));
    }
  }

  async *#stream(batch, fields, signal) {
    const body = { urls: batch.map(({ url }) => url), ...fields };
    for await (const line of this.#lines("POST", "v1/extract/batch", { body, signal })) {
      if (line.summary) return;
      yield line;
    }
    throw new NetworkError("The stream ended before its last line", { code: "ANSWER_CUT_OFF" });
  }

  /** The text of a page as Markdown, with what is known of it. */
  async read(url, options = {}) {
    const { signal, ...asked } = options;
    return (await this.#json("GET", "v1/read" + query({ url, ...asked }), { signal })).data;
  }

  /** Plan, limits and usage of the key. */
  async usage({ signal } = {}) {
    return (await this.#json("GET", "v1/usage", { signal })).data;
  }

  /** Signed address of a picture, resized by the service. Needs `imageKey`, and so belongs on a server. */
  async imageUrl(url, { width, height, fit, format, quality, maxKilobytes } = {}) {
    const { imageKey, root } = this.#settings;
    if (!imageKey) throw new TypeError("imageKey: is required to sign addresses of pictures");
    const sizes = [width && `w${width}`, height && `h${height}`, fit, format, quality && `q${quality}`];
    const options = [...sizes, maxKilobytes && `max${maxKilobytes}k`].filter(Boolean).join(",") || "-";
    const path = `${options}/${base64url(new TextEncoder().encode(url))}`;
    return `${root}v1/image/${await signature(imageKey, path)}/${path}`;
  }

  async #json(method, path, options) {
    const { attempt, answer } = await this.#begin({ method, path, ...options }, (response) => response.json());
    attempt.end();
    return answer;
  }

  /** The lines of an answer. A client that stops reading hangs up, which ends the work. */
  async *#lines(method, path, options) {
    const request = { method, path, accept: "application/x-ndjson, application/json;q=0.1", ...options };
    const { attempt, answer } = await this.#begin(request, (response) => response);
    try {
      yield* lines(answer, attempt);
    } catch (problem) {
      throw attempt.failed(problem, "ANSWER_CUT_OFF");
    } finally {
      attempt.end();
    }
  }

  /** An answer that is no refusal, and the attempt that it belongs to. Repeats what fails until then. */
  async #begin(request, read) {
    for (let failures = 0; ; ) {
      const attempt = new Attempt(this.#settings.timeout, request.signal);
      try {
        const response = await this.#fetch(request, attempt.signal);
        if (!response.ok) throw new ApiError(response, await response.json().catch(() => null));
        return { attempt, answer: await read(response) };
      } catch (problem) {
        attempt.end();
        const error = attempt.failed(problem);
        if (!this.#repeats(error, failures++)) throw error;
        await this.#wait(error, failures, request.signal);
      }
    }
  }

  #fetch({ method, path, body, headers, accept = "application/json" }, signal) {
    const { root, key, fetch } = this.#settings;
    return fetch(root + path, {
      method,
      signal,
      credentials: "omit",
      headers: {
        Accept: accept,
        ...(key && { Authorization: `Bearer ${key}` }),
        ...(body && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
  }

  /** Whether to try again: a target's failure is an answer, and a long wait is the caller's to decide on. */
  #repeats(error, failures) {
    const { retries, maxWait } = this.#settings;
    if (!(error instanceof PagecardError) || failures >= retries || !error.retryable) return false;
    return !error.code.startsWith("TARGET_") && (error.retryAfter ?? 0) * 1_000 <= maxWait;
  }

  #wait(error, failures, signal) {
    const least = (error.retryAfter ?? 0) * 1_000;
    const more = least ? Math.max(BASE, least / 4) : Math.min(BASE * 2 ** (failures - 1), this.#settings.maxWait);
    return pause(least + Math.random() * more, signal);
  }
}

/** `/v1/batch`: up to 1,000 URLs as a job, whose results are fetched later. */
class Jobs {
  #json;
  #lines;

  constructor(json, lines) {
    this.#json = json;
    this.#lines = lines;
  }

  /** Submit a job. A repeated request makes no second one: each has an `Idempotency-Key`. */
  create(urls, { signal, idempotencyKey = crypto.randomUUID(), headers, webhook, proxy, waitConfig, ...asked } = {}) {
    const nested = { webhook, proxy, wait_config: waitConfig && named(waitConfig), headers };
    const body = { urls: [...urls], ...named({ ...asked, ...nested }) };
    return this.#json("POST", "v1/batch", { body, headers: { "Idempotency-Key": idempotencyKey }, signal });
  }

  /** State of a job, and a page of its results. */
  get(id, { signal, ...asked } = {}) {
    return this.#json("GET", `v1/batch/${encodeURIComponent(id)}` + query(asked), { signal });
  }

  /** A page of the key's jobs, newest first. */
  list({ signal, ...asked } = {}) {
    return this.#json("GET", "v1/batch/jobs" + query(asked), { signal });
  }

  /** Cancel a job. Items in flight end and count. */
  cancel(id, { signal } = {}) {
    return this.#json("DELETE", `v1/batch/${encodeURIComponent(id)}`, { signal });
  }

  /** State of a job each time that it changed; ends with the job. `interval`: milliseconds between two looks. */
  async *watch(id, { interval = 1_000, signal } = {}) {
    for (let before = ""; ; await pause(interval, signal)) {
      const { results, ...state } = await this.get(id, { pageSize: 1, signal });
      const now = JSON.stringify(state);
      if (now !== before) yield state;
      if (ENDED.has(state.status)) return;
      before = now;
    }
  }

  /** Every item that has ended so far, in input order, as a stream. */
  results(id, { signal } = {}) {
    return this.#lines("GET", `v1/batch/${encodeURIComponent(id)}/results?format=ndjson`, { signal });
  }
}

function base64url(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function signature(key, text) {
  const encoder = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", encoder.encode(key), hmac, false, ["sign"]);
  return base64url(await crypto.subtle.sign("HMAC", imported, encoder.encode(text))).slice(0, 22);
}

export default Pagecard;
