"""Pages that scripts write, rendered in one job: how many a second, and what they cost.

    python tests/benchmarks/render.py --count 200

Prints pages per second, CPU and memory of the service with its browser, and what is left of both when the browser
has been idle for long enough to be ended. With --pages DIR real pages are rendered instead; they name hosts of the
real web, so run that where there is none: `unshare -rn sh -c 'ip link set lo up; python …'`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from jobs import Jobs
from origin import running_origin
from processes import cpu_seconds, family, memory
from servers import Server, service

COUNT = 200
RENDERED = {"render_js": True, "formats": ["markdown"], "include_metadata": True}
GONE_WITHIN = 120.0  # seconds after the last page

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>Loading</title></head><body><main></main><script>
const story = STORY;
document.title = story.title;
document.head.insertAdjacentHTML("beforeend", `<meta property="og:title" content="${story.title}">`);
document.querySelector("main").innerHTML = `<h1>${story.title}</h1>` + story.parts.map(
    part => `<section><h2>${part.title}</h2><p>${part.text}</p><img src="/${part.image}.jpg"></section>`).join("");
setTimeout(() => document.body.insertAdjacentHTML("beforeend", "<footer>written last</footer>"), 50);
</script></body></html>"""


def write_pages(folder: Path, count: int) -> Path:
    """Pages of about 60 KB that hold their story as data."""
    for number in range(count):
        part = {"title": f"Part of {number}", "text": "A sentence of an ordinary length. " * 10, "image": number}
        story = {"title": f"Story number {number}", "parts": [part] * 150}
        (folder / f"{number}.html").write_text(PAGE.replace("STORY", json.dumps(story)))
    return folder


def browsers(server: Server) -> int:
    """Processes that came with a browser, zombies included."""
    names = [(Path("/proc") / str(member) / "comm").read_text() for member in family(server.pid)]
    return sum(name.startswith(("chrom", "headless", "node")) for name in names)


def render(server: Server, urls: list[str]) -> None:
    jobs = Jobs(server)
    jobs.finish(jobs.submit(urls[:1]))
    rest = memory(server.pid).pss
    jobs.finish(jobs.submit(urls[:1], **RENDERED))
    one, cpu, begun, most = memory(server.pid).pss, cpu_seconds(server.pid), time.monotonic(), 0.0
    job = jobs.submit(urls[1:], **RENDERED)
    while (status := jobs.status(job))["status"] in ("queued", "processing"):
        most = max(most, memory(server.pid).pss)
        time.sleep(0.5)
    seconds, count = time.monotonic() - begun, len(urls) - 1
    print(f"{count} pages, {status['failed_urls']} failed: {count / seconds:.2f} a second")
    print(f"CPU: {1_000 * (cpu_seconds(server.pid) - cpu) / count:.0f} ms a page")
    print(
        f"memory: {rest:.0f} MiB at rest, {one:.0f} with a browser, {most:.0f} at most"
        f" ({(most - one) / 4:.0f} a page in flight)",
        flush=True,
    )
    give_up = time.monotonic() + GONE_WITHIN
    while browsers(server) and time.monotonic() < give_up:
        time.sleep(1)
    print(f"afterwards: {browsers(server)} processes of a browser, {memory(server.pid).pss:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--count", type=int, default=COUNT)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        pages = asked.pages or write_pages(Path(folder), asked.count)
        with running_origin(pages, asked.count) as origin, service(origin) as server:
            render(server, origin.urls(asked.count + 1))


if __name__ == "__main__":
    main()
