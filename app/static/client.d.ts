/** Types of Pagecard's client. Values have the names of the API; `/openapi.json` describes each field. */

export interface MediaFile { url: string; secure_url: string | null; type: string | null; width: number | null; height: number | null; alt: string | null }
export interface OpenGraph {
  title: string | null; description: string | null; image: string | null; url: string | null; type: string | null;
  site_name: string | null; locale: string | null;
  images: MediaFile[]; videos: MediaFile[]; audio: MediaFile[]; locale_alternate: string[];
}
export interface TwitterCard {
  card: string | null; site: string | null; creator: string | null; title: string | null; description: string | null;
  image: string | null; image_alt: string | null; player: string | null; app_name: string | null;
}
export interface PageMeta {
  author: string | null; keywords: string[]; theme_color: string | null; canonical_url: string | null; favicon: string | null;
  language: string | null; charset: string | null; robots: string | null; generator: string | null; application_name: string | null;
}
export interface Article { published_time: string | null; modified_time: string | null; author: string | null; section: string | null; tags: string[] }
export interface Icon { url: string; type: string | null; sizes: string | null }
export interface Feed { url: string; type: string | null; title: string | null }
export interface Content { type: string | null; length: number | null; http_status: number | null }
export interface Media { duration: number | null; width: number | null; height: number | null; url: string | null; type: string | null }
export interface Product {
  price: number | null; currency: string | null; availability: string | null; rating: number | null; review_count: number | null; brand: string | null;
}
export interface Source { from: string | null; value: string | null; others: { from: string; value: string }[] }
export type Kind = "article" | "video" | "audio" | "image" | "product" | "profile" | "document" | "website";

/** What a page says of itself. Unknown is null or an empty list. */
export interface Card {
  url: string; resolved_url: string; title: string | null; description: string | null; image: string | null;
  site_name: string | null; type: string | null; kind: Kind;
  open_graph: OpenGraph; twitter: TwitterCard; meta: PageMeta; article: Article; icons: Icon[]; feeds: Feed[]; content: Content;
  media: Media | null; product: Product | null;
  /** Only with `include`. */
  json_ld?: unknown[]; microdata?: unknown[]; oembed?: { [name: string]: unknown } | null; sources?: { [field: string]: Source } | null;
  markdown?: string | null;
}

/** Code of a failure or refusal. More may come: compare, and have a branch for others. */
export type ErrorCode =
  | "MISSING_API_KEY" | "INVALID_API_KEY" | "API_KEY_REVOKED" | "API_KEY_EXPIRED" | "ORIGIN_NOT_ALLOWED" | "INVALID_BODY"
  | "MISSING_URL" | "INVALID_URL" | "BATCH_TOO_LARGE" | "RATE_LIMIT_EXCEEDED" | "QUOTA_EXCEEDED" | "OVERLOADED" | "INTERNAL_ERROR"
  | "NOT_FOUND" | "JOB_NOT_FOUND" | "JOB_FINISHED" | "IDEMPOTENCY_CONFLICT" | "RENDERING_UNAVAILABLE" | "PROXY_UNAVAILABLE"
  | "TARGET_NOT_ALLOWED" | "TARGET_UNREACHABLE" | "TARGET_TIMEOUT" | "TARGET_HTTP_ERROR" | "TARGET_BLOCKED" | "TOO_MANY_REDIRECTS"
  | "UNSUPPORTED_CONTENT" | "RESPONSE_TOO_LARGE" | "CONNECTION_FAILED" | "TIMEOUT" | "ANSWER_CUT_OFF" | (string & {});

export interface TargetError {
  code: ErrorCode; message: string; retryable: boolean;
  details?: { http_status?: number; reason?: string; retry_after?: number };
}
export interface Success { index: number; url: string; success: true; data: Card; error?: undefined; cache_hit: boolean; stale?: true | boolean }
export interface Failure { index: number; url: string; success: false; data?: undefined; error: TargetError }
/** Outcome of one URL, told apart by `success`. `index`: its place in the URLs that were given. */
export type Result = Success | Failure;

export interface Limits { batch_limit: number; per_minute: number | null; burst: number | null; per_month: number | null }
export interface Usage { plan: string; limits: Limits; used: { month: string; urls: number } }

export type JobStatus = "queued" | "processing" | "completed" | "failed" | "cancelled";
export interface JobAccepted { job_id: string; status: JobStatus; status_url: string; accepted_urls: number; invalid_urls: string[] }
export interface JobCancelled { job_id: string; status: JobStatus; status_url: string; in_flight_urls: number }
export interface JobConfig {
  render_js: boolean; formats: ("markdown" | "html")[]; include_metadata: boolean; headers: { [name: string]: string } | null;
  proxy: { country: string | null; type: string | null };
  wait_config: { wait_until: string | null; wait_for: string | null; wait_timeout: number | null } | null;
}
export interface JobState {
  job_id: string; status: JobStatus; batch_config: JobConfig;
  token_summary: { tokens_charged_total: number; tokens_reserved: number };
  total_urls: number; completed_urls: number; failed_urls: number; cancelled_urls: number; pending_urls: number;
  invalid_urls: string[]; created_at: string; completed_at: string | null;
}
export interface JobResult {
  input_index: number; url: string; status: "completed" | "failed" | "cancelled"; error_code: string | null; error_message: string | null;
  data: { markdown: string | null; html: string | null; metadata: Card | null } | null;
  metadata: { http_status: number | null; duration_ms: number | null; tokens_charged: number };
}
export interface Job extends JobState { results: JobResult[] }
export interface JobList {
  page: number; page_size: number; page_count: number;
  jobs: {
    job_id: string; status: JobStatus; accepted_urls: number; completed_urls: number; failed_urls: number; config: JobConfig;
    created_at: string; completed_at: string | null;
  }[];
}

/** The text of a page. */
export interface Document { url?: string; title?: string | null; markdown: string; [field: string]: unknown }

export interface Cancellable { signal?: AbortSignal }
export interface CardOptions extends Cancellable {
  /** `false`: fetch afresh. */
  cache?: boolean;
  /** Seconds; an older card is fetched again. */
  maxAge?: number;
  /** Extra blocks of the card. */
  include?: ("json_ld" | "microdata" | "oembed" | "sources" | (string & {}))[];
}
export interface CardsOptions extends CardOptions {
  /** `false`: one invalid URL fails the request. */
  ignoreInvalidUrls?: boolean;
  /** Milliseconds for each request; URLs that are not done by then fail with `TARGET_TIMEOUT`. */
  timeoutMs?: number;
}
export interface ReadOptions extends Cancellable { maxChars?: number; start?: number; links?: boolean; images?: boolean }
export interface ImageOptions {
  /** Pixels. */
  width?: number;
  /** Pixels. */
  height?: number;
  fit?: "cover" | "contain"; format?: "webp" | "jpeg" | "png"; quality?: number; maxKilobytes?: number;
}
export interface JobOptions extends Cancellable {
  formats?: ("markdown" | "html")[]; includeMetadata?: boolean; ignoreInvalidUrls?: boolean; renderJs?: boolean;
  waitConfig?: { waitUntil?: "commit" | "domcontentloaded" | "load" | "networkidle"; waitFor?: string; waitTimeout?: number };
  proxy?: { country?: string; type?: "residential" | "datacenter" | "mix" };
  headers?: { [name: string]: string }; webhook?: { url: string; secret?: string }; idempotencyKey?: string;
}

/** Base of every error of this client, except for those of `signal`. */
export class PagecardError extends Error {
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** HTTP status; null without an answer. */
  readonly status: number | null;
  readonly details: { [name: string]: any } | null;
  /** Id of the request in the service's log. */
  readonly requestId: string | null;
  /** Seconds that the service asks to wait. */
  readonly retryAfter: number | null;
}
/** The service refused a request. */
export class ApiError extends PagecardError {}
/** No whole answer came: `CONNECTION_FAILED`, `TIMEOUT` or `ANSWER_CUT_OFF`. */
export class NetworkError extends PagecardError {}

export interface Settings {
  /** URL of the service, its path included. */
  server: string;
  /** Secret on a server, publishable in a browser. Left out where `server` is a proxy that adds it. */
  key?: string;
  /** The service's `IMAGE_KEY`, for `imageUrl`. Secret. */
  imageKey?: string;
  /** Milliseconds without a byte after which an attempt ends: 60,000. */
  timeout?: number;
  /** Further attempts after a failure that may pass: 3. */
  retries?: number;
  /** Milliseconds: a longer `Retry-After` is thrown instead of waited for: 60,000. */
  maxWait?: number;
  fetch?: typeof fetch;
}

/** Client of one service and one key. */
export class Pagecard {
  constructor(settings: Settings);
  readonly jobs: Jobs;
  /** The card of one URL. Throws ApiError where the URL has none. */
  card(url: string, options?: CardOptions): Promise<Card>;
  /** A result for each URL, as soon as it is there, in requests of as many URLs as the plan takes. */
  cards(urls: Iterable<string> | AsyncIterable<string>, options?: CardsOptions): AsyncGenerator<Result, void, void>;
  /** The text of a page as Markdown. */
  read(url: string, options?: ReadOptions): Promise<Document>;
  /** Plan, limits and usage of the key. */
  usage(options?: Cancellable): Promise<Usage>;
  /** Signed address of a picture, resized by the service. */
  imageUrl(url: string, options?: ImageOptions): Promise<string>;
}

/** Up to 1,000 URLs as a job, whose results are fetched later. */
export interface Jobs {
  create(urls: Iterable<string>, options?: JobOptions): Promise<JobAccepted>;
  get(id: string, options?: Cancellable & { page?: number; pageSize?: number }): Promise<Job>;
  list(
    options?: Cancellable & { status?: JobStatus; startDate?: string; endDate?: string; page?: number; pageSize?: number },
  ): Promise<JobList>;
  cancel(id: string, options?: Cancellable): Promise<JobCancelled>;
  /** State of a job each time that it changed; ends with the job. `interval`: milliseconds between two looks. */
  watch(id: string, options?: Cancellable & { interval?: number }): AsyncGenerator<JobState, void, void>;
  /** Every item that has ended so far, in input order. */
  results(id: string, options?: Cancellable): AsyncGenerator<JobResult, void, void>;
}

export default Pagecard;
