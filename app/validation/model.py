"""Validation of a page, as frozen values. Names and descriptions are those of the API's `data`."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Struct, field

from app.metadata.model import doc

GRADES = {"A": 90, "B": 80, "C": 70, "D": 60, "F": 0}
"""Least score of each grade, best first."""

Layout = Literal["large", "small", "text", "none"]
Part = Literal["page", "title", "description", "image", "card"]
Code = Literal[
    "missing", "too_long", "too_late", "relative", "too_small", "too_large", "too_wide", "format", "not_shown", "robots"
]
CODES: tuple[str, ...] = get_args(Code)


class Dimensions(Struct, frozen=True, kw_only=True):
    """Size of a picture."""

    width: Annotated[int | None, doc("Pixels as declared.", 1200)]
    height: Annotated[int | None, doc("Pixels as declared.", 630)]


class Check(Struct, frozen=True, kw_only=True):
    """Check of one tag."""

    present: Annotated[bool, doc("Whether the page has the tag, with a content.")]
    valid: Annotated[bool, doc("Whether its content is as platforms need it.")]
    value: Annotated[str | None, doc("Content as the page has it.", "An article")]
    length: Annotated[int | None, doc("Characters of a text; null for an address.", 10)] = None
    dimensions: Annotated[Dimensions | None, doc("Declared size of a picture.")] = None
    recommendation: Annotated[
        str | None, doc("Advice in one sentence; null if there is none.", "Add og:image, 1200 x 630 pixels.")
    ] = None


class Checks(Struct, frozen=True, kw_only=True):
    """Check of each tag."""

    og_title: Annotated[Check, doc("`og:title`")] = field(name="og:title")
    og_description: Annotated[Check, doc("`og:description`")] = field(name="og:description")
    og_image: Annotated[Check, doc("First `og:image`")] = field(name="og:image")
    og_url: Annotated[Check, doc("`og:url`")] = field(name="og:url")
    twitter_card: Annotated[Check, doc("`twitter:card`")] = field(name="twitter:card")
    favicon: Annotated[Check, doc("Icon that the page links to.")]
    canonical: Annotated[Check, doc("`<link rel=canonical>`, or the header `Link`.")]


class Reason(Struct, frozen=True, kw_only=True):
    """Reason for a part that is missing, cut or smaller than it could be."""

    part: Annotated[Part, doc("Part of the preview.", "image")]
    code: Annotated[Code, doc("Machine-readable reason.", "too_small")]
    message: Annotated[
        str, doc("The reason as a sentence.", "The picture is 100 x 100 pixels; at least 200 x 200 are shown.")
    ]


class Preview(Struct, frozen=True, kw_only=True):
    """Preview of the page on one platform."""

    layout: Annotated[
        Layout, doc("`large` picture, `small` picture, `text` alone, or `none`: the bare address.", "large")
    ]
    title: Annotated[str | None, doc("Title as shown.", "An article")]
    description: Annotated[str | None, doc("Description as shown.", "A sentence about it.")]
    image: Annotated[str | None, doc("Absolute URL of the picture shown.", "https://example.com/cover.jpg")]
    site: Annotated[str | None, doc("Name or host shown beside it.", "example.com")]
    reasons: Annotated[tuple[Reason, ...], doc("Reasons for missing, cut or smaller parts.")]


class Previews(Struct, frozen=True, kw_only=True):
    """Preview on each platform."""

    x: Annotated[Preview, doc("X, formerly Twitter.")]
    facebook: Annotated[Preview, doc("Facebook.")]
    linkedin: Annotated[Preview, doc("LinkedIn.")]
    slack: Annotated[Preview, doc("Slack.")]
    discord: Annotated[Preview, doc("Discord.")]
    bluesky: Annotated[Preview, doc("Bluesky.")]
    mastodon: Annotated[Preview, doc("Mastodon.")]
    whatsapp: Annotated[Preview, doc("WhatsApp.")]
    imessage: Annotated[Preview, doc("Messages on Apple's devices.")]


class Validation(Struct, frozen=True, kw_only=True):
    """Checks, grade and previews of a page."""

    url: Annotated[str, doc("The URL that was asked.", "https://example.com/article")]
    valid: Annotated[bool, doc("Whether `og:title`, `og:description` and `og:image` are valid.")]
    score: Annotated[int, doc("Points, 0 to 100.", 100, minimum=0, maximum=100)]
    grade: Annotated[Literal["A", "B", "C", "D", "F"], doc("A from 90 points, B from 80, C from 70, D from 60.", "A")]
    checks: Annotated[Checks, doc("Check of each tag.")]
    warnings: Annotated[tuple[str, ...], doc("Facts that spoil a preview.", ["og:image is a relative address."])]
    recommendations: Annotated[tuple[str, ...], doc("Advice, the most valuable first.", ["Add og:url."])]
    previews: Annotated[Previews, doc("Preview on each platform.")]
