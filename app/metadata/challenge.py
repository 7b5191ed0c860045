"""Bot walls: challenge pages in place of the requested page.

Rule: the signs of a wall are a header of walls, or a title together with a status or with a mark of walls in the
markup; never a title alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.metadata.containment import contained, nothing
from app.metadata.document import Document

MAX_WALL = 300_000
"""Characters; challenge pages are small, articles about them need not be."""

_HEADERS = (
    ("cf-mitigated", "challenge", "cloudflare"),
    ("x-amzn-waf-action", "", "aws-waf"),
    ("x-datadome", "protected", "datadome"),
    ("x-sucuri-block", "", "sucuri"),
)


@dataclass(frozen=True, slots=True)
class Wall:
    """Signs of one wall: beginnings of its `titles` in lower case, and `marks`, any of which stands in its markup."""

    name: str
    titles: tuple[str, ...]
    marks: tuple[str, ...]


_WALLS = (
    Wall("cloudflare", ("just a moment", "attention required! | cloudflare", "please wait... | cloudflare",
                        "access denied | "),
         ("/cdn-cgi/challenge-platform/", "_cf_chl_opt", "cf-challenge", "cf-error-details", "cf_captcha_kind")),
    Wall("ddos-guard", ("ddos-guard",), ("/.well-known/ddos-guard/", "check.ddos-guard.net")),
    Wall("perimeterx", ("access to this page has been denied", "human verification", "robot check"),
         ("px-captcha", "_pxAppId", "window._pxUuid")),
    Wall("datadome", ("",), ("geo.captcha-delivery.com",)),
    Wall("imperva", ("",), ("_Incapsula_Resource?", "Incapsula incident ID")),
    Wall("akamai", ("access denied", "challenge validation"),
         ("errors.edgesuite.net", "sec-if-cpt-container", "Reference&#32;&#35;")),
    Wall("aws-waf", ("", "human verification"), ("window.gokuProps", "awsWafCookieDomainList")),
    Wall("sucuri", ("sucuri website firewall", "you are being redirected"),
         ("sucuri.net/privacy-policy", "sucuri_cloudproxy_js")),
    Wall("kasada", ("",), ("window.KPSDK",)),
    Wall("amazon", ("robot check", "amazon.com"), ("/errors/validateCaptcha",)),
    Wall("anubis", ("making sure you're not a bot!", "making sure you&#39;re not a bot!"), ("/.within.website/",)),
    Wall("google", ("sorry...", ), ("/sorry/index", "google.com/recaptcha")),
)  # fmt: skip

_WALL_TITLES = (
    "just a moment", "attention required", "access denied", "access to this page has been denied",
    "are you a robot", "are you a human", "robot check", "human verification", "security check",
    "please verify you are", "verify you are human", "pardon our interruption", "bot verification",
    "ddos protection", "checking your browser", "one moment, please", "client challenge",
    "you have been blocked", "request blocked", "captcha",
)  # fmt: skip
_ALL_TITLES = tuple(title for wall in _WALLS for title in wall.titles if title)
_WALL_STATUSES = (401, 403, 405, 406, 429, 503)


@contained("challenge", nothing)
def read_challenge(document: Document) -> str | None:
    """Name the wall that answered in place of the page; None if the page itself did."""
    return _wall_of_headers(document.page.headers) or _wall_of_page(document)


def _wall_of_headers(headers: Mapping[str, str]) -> str | None:
    for name, value, wall in _HEADERS:
        if name in headers and value in headers[name].lower():
            return wall
    return None


def _wall_of_page(document: Document) -> str | None:
    if len(document.page.body) > MAX_WALL:
        return None
    title = (document.title or "").lower()
    refused = document.page.status in _WALL_STATUSES
    if title and not refused and not title.startswith(_ALL_TITLES):  # as nearly all pages
        return None
    for wall in _WALLS:
        if _has_title(title, wall.titles, refused) and any(mark.encode() in document.markup for mark in wall.marks):
            return wall.name
    return "unknown" if refused and title.startswith(_WALL_TITLES) else None


def _has_title(title: str, titles: tuple[str, ...], refused: bool) -> bool:
    """Whether the title fits a wall: any with a refusing status, else its own, or none at all."""
    return refused or any(title.startswith(known) if known else not title for known in titles)
