// The answers of the API, as its OpenAPI document has them, are assignable to the types of the client.
import type * as client from "@pagecard/client";
import { ApiError, Pagecard } from "@pagecard/client";
import type { components } from "./schema.js";

type Api = components["schemas"];

export const fits = (
  card: Api["Card"], success: Api["StreamedSuccess"], failure: Api["StreamedFailure"], usage: Api["Usage"],
  accepted: Api["JobAccepted"], cancelled: Api["JobCancelled"], job: Api["Job"], list: Api["JobList"], item: Api["JobResult"],
): [client.Card, client.Result, client.Result, client.Usage, client.JobAccepted, client.JobCancelled, client.Job, client.JobList, client.JobResult] =>
  [card, success, failure, usage, accepted, cancelled, job, list, item];

export async function titles(pagecard: Pagecard, urls: string[]): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  for await (const result of pagecard.cards(urls)) found.push(result.success ? result.data.title : result.error.message);
  return found;
}

export const limit = (error: unknown): number | undefined =>
  error instanceof ApiError && error.code === "BATCH_TOO_LARGE" ? error.details?.["limit"] : undefined;
