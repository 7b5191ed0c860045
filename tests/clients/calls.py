"""Calls of the Python client that a test reads the outcome of: `calls.py sync|async CASE SERVER KEY URL…`.

The cases, and what they print, are those of calls.mjs.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from typing import Any

from pagecard_client import ApiError, AsyncPagecard, NetworkError, Pagecard, PagecardError, Result

how, case, server, key, *urls = sys.argv[1:]


def client(**settings: Any) -> Any:
    kind = Pagecard if how == "sync" else AsyncPagecard
    return kind(server, key, image_key="a secret", **{"retries": 2, "timeout": 3.0, **settings})


async def done(value: Any) -> Any:
    """The outcome of a call of either client."""
    return await value if inspect.isawaitable(value) else value


async def gathered(items: Any) -> list[Any]:
    return [each async for each in items] if hasattr(items, "__aiter__") else list(items)


def told(error: PagecardError) -> dict[str, Any]:
    kind = "api" if isinstance(error, ApiError) else "network" if isinstance(error, NetworkError) else "other"
    return {
        "kind": kind,
        "code": error.code,
        "status": error.status,
        "retryable": error.retryable,
        "details": error.details,
        "id": (error.request_id or "").startswith("req_"),
        "after": error.retry_after,
    }


def shown(result: Result) -> dict[str, Any]:
    data = result.card and {"title": result.card.title}
    error = result.error and {"code": result.error.code, "retryable": result.error.retryable}
    return {"index": result.index, "url": result.url, "success": result.success, "data": data, "error": error}


class Cases:
    async def card(self) -> Any:
        return (await done(client().card(urls[0], include=["sources"], max_age=60))).title

    async def included(self) -> Any:
        card = await done(client().card(urls[0], include=["sources", "json_ld"]))
        assert card.sources["title"].from_ == "title", card.sources
        return [name for name in card.raw if name in ("sources", "json_ld")]

    async def cards(self) -> Any:
        return [shown(each) for each in await gathered(client().cards(urls))]

    async def refused(self) -> Any:
        return await gathered(client().cards(urls, ignore_invalid_urls=False))

    async def read(self) -> Any:
        return (await done(client().read(urls[0], max_chars=5, links=False))).raw

    async def usage(self) -> Any:
        return (await done(client().usage())).limits.batch_limit

    async def image(self) -> Any:
        sizes = {"width": 600, "height": 315, "quality": 80, "max_kilobytes": 976}
        return await done(client().image_url(urls[0], fit="cover", format="webp", **sizes))

    async def plainImage(self) -> Any:
        return await done(client().image_url(urls[0]))

    async def left(self) -> Any:
        results = client().cards(urls)
        first = await anext(results) if how == "async" else next(results)
        await done(results.aclose() if how == "async" else results.close())
        return first.card.title

    async def hasty(self) -> Any:
        return await done(client(timeout=0.15, retries=0).card(urls[0]))

    async def impatient(self) -> Any:
        await done(client().card(urls[0]))
        return await done(client(max_wait=0).card(urls[0]))

    async def patient(self) -> Any:
        return [(await done(client().card(urls[0]))).title for _ in range(2)]

    async def jobs(self) -> Any:
        jobs = client().jobs
        accepted = await done(jobs.create(urls, include_metadata=True))
        states = await gathered(jobs.watch(accepted.job_id, interval=0.05))
        results = await gathered(jobs.results(accepted.job_id))
        listed = await done(jobs.list(page_size=1))
        page = await done(jobs.get(accepted.job_id, page=2, page_size=1))
        try:
            again = await done(jobs.cancel(accepted.job_id))
        except ApiError as error:
            again = error
        return {
            "accepted": accepted.accepted_urls,
            "last": states[-1].status,
            "listed": listed.jobs[0].job_id == accepted.job_id,
            "results": [
                [each.input_index, each.status, each.data.metadata.title if each.data else each.error_code]
                for each in results
            ],
            "again": again.code,
            "second": page.results[0].input_index,
        }


async def main() -> Any:
    try:
        return await getattr(Cases(), case)()
    except PagecardError as error:
        return {"error": told(error)}


print(json.dumps(asyncio.run(main())))
