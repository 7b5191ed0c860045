// Calls with the types that openapi-typescript generates: `batch.ts SERVER KEY URL`, under `strict`.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const [server = "", key = "", url = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: server, headers: { Authorization: `Bearer ${key}` } });

type Result = components["schemas"]["Result"];

const told = (result: Result): string | number | null | undefined =>
  result.success ? result.data.title : result.error.details?.http_status;

async function extract(): Promise<unknown[]> {
  const { data, error } = await client.POST("/v1/extract/batch", { body: { urls: [url, `${url}/gone`] } });
  if (error) throw new Error(error.error.message);
  const card = await client.GET("/v1/extract", { params: { query: { url } } });
  return [...data.data.results.map(told), card.data?.data.title];
}

async function limit(): Promise<number | undefined> {
  const { error } = await client.POST("/v1/extract/batch", { body: { urls: Array<string>(101).fill(url) } });
  return error?.error.code === "BATCH_TOO_LARGE" ? error.error.details.limit : undefined;
}

async function jobs(): Promise<string[]> {
  const submitted = await client.POST("/v1/batch", { body: { urls: [url] } });
  if (!submitted.data) throw new Error(submitted.error.error.message);
  const { job_id } = submitted.data;
  const shown = await client.GET("/v1/batch/{job_id}", { params: { path: { job_id } } });
  const listed = await client.GET("/v1/batch/jobs", { params: { query: { page_size: 1 } } });
  return [shown.data?.batch_config.formats[0] ?? "", listed.data?.jobs[0]?.status === undefined ? "" : "listed"];
}

async function usage(): Promise<string | undefined> {
  return (await client.GET("/v1/usage")).data?.data.plan;
}

console.log(JSON.stringify([...(await extract()), await limit(), ...(await jobs()), await usage()]));
