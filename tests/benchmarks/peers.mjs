// Reads URLs on standard input with one of the peers, ten at a time, and prints what that cost this process.
// No name is ever looked up, so nothing that a page points to is fetched.
import dns from "node:dns";
import { createRequire } from "node:module";
import path from "node:path";
import { text } from "node:stream/consumers";

dns.lookup = (name, options, done) => (done ?? options)(new Error(`${name} is not looked up`));

const CONCURRENCY = 10;
const RULES = ["author", "date", "description", "feed", "image", "lang", "logo", "publisher", "title", "url"];
const [folder, peer, warmUp] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(folder), "index.js"));

const PEERS = {
  "unfurl.js"() {
    const { unfurl } = require("unfurl.js");
    return (url) => unfurl(url, { oembed: false });
  },
  "open-graph-scraper"() {
    const scrape = require("open-graph-scraper");
    return (url) => scrape({ url, timeout: 60 });
  },
  metascraper() {
    const rules = RULES.map((name) => require(`metascraper-${name}`)());
    const read = require("metascraper")(rules);
    return async (url) => read({ url, html: await (await fetch(url)).text() });
  },
};

async function readAll(read, urls) {
  const failures = [];
  const waiting = urls.values();
  const one = async () => {
    for (const url of waiting) await read(url).catch((error) => failures.push(error?.result?.error ?? String(error)));
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, one));
  return failures;
}

const urls = (await text(process.stdin)).split("\n").filter(Boolean);
const read = PEERS[peer]();
await readAll(read, urls.splice(0, Number(warmUp)));
const before = process.cpuUsage();
const failures = await readAll(read, urls);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ cpu_ms: (user + system) / 1000 / urls.length, failed: failures.length, first: failures[0] }));
process.exit();
