"""Flags of tokens: where an element stands and which part of the page it belongs to.

Flags of an element hold for all in it.
"""

from __future__ import annotations

IN_HEAD = 1 << 0
HIDDEN = 1 << 1
ARIA_HIDDEN = 1 << 2
INERT = 1 << 3
NOSCRIPT = 1 << 4
FOREIGN = 1 << 5
NAV = 1 << 6
ASIDE = 1 << 7
HEADER = 1 << 8
FOOTER = 1 << 9
DIALOG = 1 << 10
COOKIE = 1 << 11
COMMENT = 1 << 12
REVIEW = 1 << 13
RELATED = 1 << 14
ARTICLE_BODY = 1 << 15

AFTER_BLOCK = 1 << 30
"""Of text alone: a block boundary lies before it."""

UNSEEN = HIDDEN | INERT | NOSCRIPT | FOREIGN
"""Parts that a browser with scripts does not show as text."""

NOT_OWN = NAV | ASIDE | FOOTER | DIALOG | COOKIE | COMMENT | REVIEW | RELATED
"""Parts that are not the page's own content."""

BY_WORD = COOKIE | COMMENT | REVIEW | RELATED
"""Flags that words in attributes set; an element around the headline or the article's body has none of them."""

OF_ELEMENT = {
    "template": INERT,
    "noscript": NOSCRIPT,
    "svg": FOREIGN,
    "math": FOREIGN,
    "datalist": HIDDEN,
    "nav": NAV,
    "aside": ASIDE,
    "dialog": DIALOG,
}
"""Flags of elements by name. `header` and `footer` depend on where they stand."""

OF_PAGE = {"header": HEADER, "footer": FOOTER}
"""Flags of elements that stand outside every `SECTIONS`."""

SECTIONS = ("article", "aside", "main", "nav", "section")

STREAMED = b"S:"
"""Beginning of the `id` of hidden content that React streams after the page and moves into it."""

OF_ROLE = {
    b"alertdialog": DIALOG,
    b"banner": HEADER,
    b"complementary": ASIDE,
    b"contentinfo": FOOTER,
    b"dialog": DIALOG,
    b"navigation": NAV,
}
"""Flags by the attribute `role`."""

OF_ITEMPROP = {b"articlebody": ARTICLE_BODY, b"comment": COMMENT, b"review": REVIEW, b"reviews": REVIEW}
"""Flags by the attribute `itemprop`."""

_COOKIE = (
    "consent-banner consent-bar consent-modal consent-popup cookie-banner cookie-bar cookie-box cookie-consent "
    "cookie-control cookie-dialog cookie-disclaimer cookie-info cookie-law cookie-layer cookie-message cookie-modal "
    "cookie-notice cookie-notification cookie-overlay cookie-policy cookie-popup cookie-prompt cookie-settings "
    "cookie-wall cookie-warning cookieyes cybot-cookie didomi gdpr iubenda onetrust usercentrics"
)
_COMMENT = "comment disqus replies reply respond"
_REVIEW = "review testimonial"
_RELATED = (
    "latest-news latest-posts more-from more-stories most-popular most-read outbrain popular-posts read-next "
    "recent-posts recirc recommend related taboola teaser trending up-next you-may-also you-might-also"
)
_NEITHER = "comment-on commentary commentator related-by reviewed"

OF_WORD = {
    word.encode(): flag
    for words, flag in (
        (_NEITHER, 0),
        (_COOKIE, COOKIE),
        (_COMMENT, COMMENT),
        (_REVIEW, REVIEW),
        (_RELATED, RELATED),
    )
    for word in words.split()
}
"""Flags by the beginning of a word in `class` or `id`, the first that fits; `-` stands for up to three dashes."""

UNMARKED = (
    b"cat",
    b"category",
    b"has",
    b"hide",
    b"is",
    b"js",
    b"no",
    b"not",
    b"page",
    b"single",
    b"tag",
    b"with",
    b"without",
)
"""First words of a class that describes an article or a state, such as `category-reviews` or `has-comments`."""
