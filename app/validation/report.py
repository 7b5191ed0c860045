"""Validation of a page: checks, score and grade, warnings, recommendations, previews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import asdict, fields

from app.metadata import Document, Metadata
from app.validation.checks import read_checks
from app.validation.model import GRADES, Check, Checks, Validation
from app.validation.previews import Subject, read_previews

POINTS: Mapping[str, int] = {
    "og_image": 25,
    "og_title": 20,
    "og_description": 15,
    "og_url": 10,
    "twitter_card": 10,
    "favicon": 10,
    "canonical": 10,
}
"""Points for a valid tag, the most valuable first; one that is present but invalid has half."""

NEEDED = ("og_title", "og_description", "og_image")


def validate_page(
    document: Document, metadata: Metadata, *, robots: str = "", image_bytes: int | None = None
) -> Validation:
    """Validate an HTML page.

    `robots` is the text of the site's robots.txt, `image_bytes` the size of the main picture's file, if known.
    """
    checks = read_checks(document, metadata)
    by_name: dict[str, Check] = asdict(checks)
    score = sum(_points(by_name[name], most) for name, most in POINTS.items())
    advice = (by_name[name].recommendation for name in POINTS)
    return Validation(
        url=metadata.url,
        valid=all(by_name[name].valid for name in NEEDED),
        score=score,
        grade=_grade(score),
        checks=checks,
        warnings=tuple(_warnings(checks, metadata)),
        recommendations=tuple(filter(None, advice)),
        previews=read_previews(Subject(document, metadata, robots, image_bytes)),
    )


def _points(check: Check, most: int) -> int:
    return most if check.valid else most // 2 if check.present else 0


def _grade(score: int) -> Any:
    return next(grade for grade, least in GRADES.items() if score >= least)


def _warnings(checks: Checks, metadata: Metadata) -> Iterator[str]:
    yield from (
        f"{field.encode_name} is not as platforms need it."
        for field in fields(Checks)
        if (check := getattr(checks, field.name)).present and not check.valid
    )
    if "noindex" in (metadata.meta.robots or "").lower():
        yield "The page asks search engines not to index it."
    if _disagree(checks):
        yield "og:url and the canonical address differ: likes and shares count for og:url."


def _disagree(checks: Checks) -> bool:
    url, canonical = checks.og_url, checks.canonical
    return url.valid and canonical.valid and url.value != canonical.value
