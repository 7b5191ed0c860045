"""Twitter card tags: what the page itself says."""

from __future__ import annotations

from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.model import TwitterCard


@contained("twitter", TwitterCard)
def read_twitter(document: Document) -> TwitterCard:
    """The `twitter:` tags of a page."""
    return TwitterCard(
        card=document.meta("twitter:card"),
        site=document.meta("twitter:site"),
        creator=document.meta("twitter:creator"),
        title=document.meta("twitter:title"),
        description=document.meta("twitter:description"),
        image=document.meta_url("twitter:image:src", "twitter:image", "twitter:image:url", "twitter:image0"),
        image_alt=document.meta("twitter:image:alt"),
        player=document.meta_url("twitter:player"),
        app_name=document.meta("twitter:app:name:iphone", "twitter:app:name:ipad", "twitter:app:name:googleplay"),
    )
