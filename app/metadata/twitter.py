"""Twitter card tags, as the page has them."""

from __future__ import annotations

from app.metadata.containment import contained
from app.metadata.document import Document
from app.metadata.model import TwitterCard


@contained("twitter", TwitterCard)
def read_twitter(document: Document) -> TwitterCard:
    """Read the `twitter:` tags of a page."""
    return TwitterCard(
        card=document.meta_as_written("twitter:card"),
        site=document.meta_as_written("twitter:site"),
        creator=document.meta_as_written("twitter:creator"),
        title=document.meta_as_written("twitter:title"),
        description=document.meta_as_written("twitter:description"),
        image=document.meta_url("twitter:image:src", "twitter:image", "twitter:image:url", "twitter:image0"),
        image_alt=document.meta_as_written("twitter:image:alt"),
        player=document.meta_url("twitter:player"),
        app_name=document.meta_as_written(
            "twitter:app:name:iphone", "twitter:app:name:ipad", "twitter:app:name:googleplay"
        ),
    )
