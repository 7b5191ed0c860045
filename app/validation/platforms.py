"""Rules of the platforms that show previews of links, as data.

Rule 1: each entry names its source; a limit that no source states is left out.
Rule 2: sources of a field are read in their order, but for `page_order`, where the first on the page counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KIB, MB = 1_024, 1_000_000

# Names of tags; "title" is the element, "description" the plain meta tag.
_OG_TITLE = ("og:title", "title")
_OG_DESCRIPTION = ("og:description", "description")
_OG_IMAGE = ("og:image", "og:image:url", "og:image:secure_url")
_TWITTER_IMAGE = ("twitter:image", "twitter:image:src")


@dataclass(frozen=True, slots=True)
class Platform:
    """Rules of one platform.

    `least` and `most`: pixels (width, height) of a picture; smaller or larger ones are not shown. `large`: pixels from
    which it is shown large. `widest`: most width by height. `image_bytes`: most bytes of its file. `window`: bytes
    of the markup in which tags are looked for. `agent`: the crawler's name in robots.txt, for crawlers that obey it.
    `by_card`: `twitter:card` decides between large and small. `needs_card`: without `twitter:card` there is a card only
    for a page with `og:type`, `og:title` and `og:description`. `joins`: a relative picture is shown.
    """

    name: str
    title: tuple[str, ...] = _OG_TITLE
    description: tuple[str, ...] = _OG_DESCRIPTION
    image: tuple[str, ...] = _OG_IMAGE
    title_length: int | None = None
    description_length: int | None = None
    least: tuple[int, int] = (0, 0)
    large: tuple[int, int] = (0, 0)
    most: int | None = None
    widest: float | None = None
    image_bytes: int | None = None
    window: int | None = None
    agent: str | None = None
    by_card: bool = False
    needs_card: bool = False
    landscape: bool = False
    joins: bool = False
    page_order: bool = False


PLATFORMS: Mapping[str, Platform] = {
    # developer.x.com, "Cards: Getting started" (order of tags, og:type) and "Cards Markup" (70 and 200 characters);
    # "Summary Card" (144 x 144) and "Summary Card with Large Image" (300 x 157, 4096 x 4096, 5 MB, no SVG);
    # "Troubleshooting": Twitterbot obeys robots.txt.
    "x": Platform(
        name="X",
        title=("twitter:title", *_OG_TITLE),
        description=("twitter:description", *_OG_DESCRIPTION),
        image=(*_TWITTER_IMAGE, *_OG_IMAGE),
        title_length=70,
        description_length=200,
        least=(144, 144),
        large=(300, 157),
        most=4_096,
        image_bytes=5 * MB,
        agent="Twitterbot",
        by_card=True,
        needs_card=True,
    ),
    # developers.facebook.com/docs/sharing/webmasters/images: 200 x 200 at least, 600 x 315 for a large one, 8 MB.
    "facebook": Platform(
        name="Facebook", least=(200, 200), large=(600, 315), image_bytes=8 * MB, agent="facebookexternalhit"
    ),
    # linkedin.com/help, "Make your website shareable": 1.91:1, pictures under 401 pixels wide are thumbnails, 5 MB;
    # LinkedInBot obeys robots.txt.
    "linkedin": Platform(name="LinkedIn", large=(401, 0), image_bytes=5 * MB, agent="LinkedInBot"),
    # api.slack.com/robots: the first 32 KB by a Range request. Slack's "Everything you ever wanted to know about
    # unfurling": oEmbed, then Twitter Card and Open Graph, whichever comes first, then other tags.
    "slack": Platform(
        name="Slack",
        title=("og:title", "twitter:title", "title"),
        description=("og:description", "twitter:description", "description"),
        image=(*_OG_IMAGE, *_TWITTER_IMAGE),
        window=32 * KIB,
        by_card=True,
        page_order=True,
    ),
    # opengraphplus.com/consumers/discord (order, large by twitter:card, 8 MB); the cut after 70 and 350
    # characters has been measured by users.
    "discord": Platform(
        name="Discord",
        title=("og:title", "twitter:title", "title"),
        description=("og:description", "twitter:description", "description"),
        image=(*_OG_IMAGE, *_TWITTER_IMAGE),
        title_length=70,
        description_length=350,
        image_bytes=8 * MB,
        by_card=True,
    ),
    # docs.bsky.app, "Website card embeds": og:title, og:description and og:image, a relative one joined to the URL.
    "bluesky": Platform(name="Bluesky", joins=True),
    # github.com/mastodon/mastodon, app/lib/link_details_extractor.rb (order; URLs are joined to the page's) and
    # app/models/preview_card.rb (2 MB).
    "mastodon": Platform(name="Mastodon", image_bytes=2 * KIB * KIB, landscape=True, joins=True),
    # developers.facebook.com, "WhatsApp: Link Previews": the head within the first 300 KB; pictures under 600 KB,
    # 300 pixels wide or more, at most 4:1.
    "whatsapp": Platform(name="WhatsApp", large=(300, 0), widest=4.0, image_bytes=600 * KIB, window=300 * KIB),
    # developer.apple.com, TN3156 and TN2444: og:title, og:image, else an apple-touch-icon or icon; no description.
    "imessage": Platform(name="iMessage", description=()),
}
"""Rules by the key in `previews`."""
