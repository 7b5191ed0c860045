// Calls of the client that a test reads the outcome of: `calls.mjs CASE SERVER KEY URL…`.
import { ApiError, NetworkError, Pagecard } from "@pagecard/client";

const [name, server, key, ...urls] = process.argv.slice(2);
const pagecard = new Pagecard({ server, key, imageKey: "a secret", retries: 2, timeout: 3_000 });

const told = (error) => ({
  kind: error instanceof ApiError ? "api" : error instanceof NetworkError ? "network" : error.name,
  code: error.code, status: error.status, retryable: error.retryable, details: error.details,
  id: /^req_/.test(error.requestId ?? ""), after: error.retryAfter,
});

const gathered = async (items) => {
  const all = [];
  for await (const each of items) all.push(each);
  return all;
};

const cases = {
  card: async () => (await pagecard.card(urls[0], { include: ["sources"], maxAge: 60 })).title,
  included: async () => Object.keys(await pagecard.card(urls[0], { include: ["sources", "json_ld"] })).slice(-2),
  cards: () => gathered(pagecard.cards(urls)),
  refused: () => gathered(pagecard.cards(urls, { ignoreInvalidUrls: false })),
  read: () => pagecard.read(urls[0], { maxChars: 5, links: false }),
  usage: async () => (await pagecard.usage()).limits.batch_limit,
  image: () => pagecard.imageUrl(urls[0], { width: 600, height: 315, fit: "cover", format: "webp", quality: 80, maxKilobytes: 976 }),
  plainImage: () => pagecard.imageUrl(urls[0]),
  async left() {
    for await (const result of pagecard.cards(urls)) return result.data.title;
  },
  async aborted() {
    const [controller, begun] = [new AbortController(), Date.now()];
    setTimeout(() => controller.abort(), 200);
    const error = await pagecard.card(urls[0], { signal: controller.signal }).catch((error) => error);
    return [error.name, Date.now() - begun < 2_000];
  },
  async hasty() {
    const hasty = new Pagecard({ server, key, timeout: 150, retries: 0 });
    return await hasty.card(urls[0]);
  },
  async impatient() {
    await pagecard.card(urls[0]);
    return await new Pagecard({ server, key, maxWait: 0 }).card(urls[0]);
  },
  async patient() {
    return [await pagecard.card(urls[0]), await pagecard.card(urls[0])].map((card) => card.title);
  },
  async jobs() {
    const accepted = await pagecard.jobs.create(urls, { includeMetadata: true });
    const states = await gathered(pagecard.jobs.watch(accepted.job_id, { interval: 50 }));
    const results = await gathered(pagecard.jobs.results(accepted.job_id));
    const listed = await pagecard.jobs.list({ pageSize: 1 });
    const again = await pagecard.jobs.cancel(accepted.job_id).catch(told);
    const page = await pagecard.jobs.get(accepted.job_id, { page: 2, pageSize: 1 });
    return {
      accepted: accepted.accepted_urls, last: states.at(-1).status, listed: listed.jobs[0].job_id === accepted.job_id,
      results: results.map((each) => [each.input_index, each.status, each.data?.metadata?.title ?? each.error_code]),
      again: again.code, second: page.results[0].input_index,
    };
  },
};

const outcome = await cases[name]().catch((error) => ({ error: told(error) }));
console.log(JSON.stringify(outcome));
