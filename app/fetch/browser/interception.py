"""Interception: requests of a page that are refused, or given the caller's headers.

Rule 1: favicons and media are refused here; the browser itself leaves images and fonts out, which costs nothing
        (answering for 300 images took longer than the rest of their page).
Rule 2: a caller's headers go to the origin of the URL that the caller named, whatever redirects say.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError

if TYPE_CHECKING:
    from playwright.async_api import CDPSession

# Requests to refuse, as the protocol writes patterns.
UNWANTED: tuple[Mapping[str, str], ...] = (
    {"resourceType": "Other", "urlPattern": "*favicon*"},
    {"resourceType": "Media", "urlPattern": "*"},
)


class Interception:
    """Interception: pauses only the requests to change or refuse, since each pause costs a round trip."""

    def __init__(self, session: CDPSession, origin: str, headers: Mapping[str, str], *, media: bool) -> None:
        self._session = session
        self._origin = origin + "/"
        self._headers = dict(headers)
        self._names = {name.lower() for name in headers}
        self._unwanted = UNWANTED[:1] if media else UNWANTED

    async def start(self) -> None:
        every = [{"urlPattern": "*"}] if self._headers else []
        self._session.on("Fetch.requestPaused", self._on_paused)
        await self._session.send("Fetch.enable", {"patterns": every or [*self._unwanted]})

    async def _on_paused(self, event: dict[str, Any]) -> None:
        with contextlib.suppress(PlaywrightError):  # the page went on without it
            await self._session.send(*self._reply(event))

    def _reply(self, event: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        reply = {"requestId": event["requestId"]}
        if any(_matches(event, pattern) for pattern in self._unwanted):
            return "Fetch.failRequest", reply | {"errorReason": "BlockedByClient"}
        if event["request"]["url"].startswith(self._origin):
            return "Fetch.continueRequest", reply | {"headers": _fields(self._others(event) | self._headers)}
        if "redirectedRequestId" in event:  # a redirect that left the origin takes along what was added there
            return "Fetch.continueRequest", reply | {"headers": _fields(self._others(event))}
        return "Fetch.continueRequest", reply

    def _others(self, event: Mapping[str, Any]) -> dict[str, str]:
        """List the request's own headers, without those that the caller names."""
        fields = event["request"]["headers"].items()
        return {name: value for name, value in fields if name.lower() not in self._names}


def _matches(event: Mapping[str, Any], pattern: Mapping[str, str]) -> bool:
    return event["resourceType"] == pattern["resourceType"] and fnmatch(event["request"]["url"], pattern["urlPattern"])


def _fields(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]
