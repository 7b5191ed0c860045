"""Descriptions: declared, or the first prose of the page's own."""

from __future__ import annotations

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document

STORY = "Kites fly when the wind is right and the string is long enough to let them go up into the sky above."
GHOST = "Your browser can not play this film, please fetch it and play it with a player of your own, or another."


def description(html: str) -> str | None:
    return read_metadata(document(html)).description


@pytest.mark.parametrize(
    "text",
    [
        "A <dialog> floats above the page, while Vec<T> stays in memory.",
        "A <details> and <summary> pair of elements",
        "HashMap<K, V> beats Vec<T>",
        "Usage: fly <name> [--high] <place>",
        "Contact <kites@example.com> today",
        "If a<b then the rest of the proof is easy to see.",
        "The <p> element holds a paragraph",
    ],
)
def test_angle_brackets_of_the_text_stay(text: str) -> None:
    escaped = text.replace("<", "&lt;").replace(">", "&gt;")
    assert description(f'<meta name="description" content="{escaped}">') == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<p>All <b>of</b> it</p>", "All of it"),
        ("One<br>two<br/>three", "One two three"),
        ('See <a href="/x">the kites</a> fly', "See the kites fly"),
        ('All of it <a href="https://example.com/', "All of it"),
        ("<em>All</em> of it", "All of it"),
    ],
)
def test_leaked_markup_is_removed(text: str, clean: str) -> None:
    escaped = text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert description(f'<meta name="description" content="{escaped}">') == clean


@pytest.mark.parametrize(
    "html",
    [
        "<template><p>{}</p></template>",
        '<video src="/k.mp4"><p>{}</p></video>',
        "<audio><p>{}</p></audio>",
        "<canvas><p>{}</p></canvas>",
        "<object><p>{}</p></object>",
        "<iframe><p>{}</p></iframe>",
        "<dialog><p>{}</p></dialog>",
        "<details><summary>More</summary><p>{}</p></details>",
        '<p class="sr-only">{}</p>',
        "<nav><p>{}</p></nav>",
        "<aside><p>{}</p></aside>",
        '<div id="cookie-banner" class="cookie-consent" role="dialog"><p>{}</p></div>',
        '<div id="onetrust-banner-sdk"><p>{}</p></div>',
        '<div id="CybotCookiebotDialog"><p>{}</p></div>',
        '<div hidden><div class="x"><p>{}</p></div></div>',
        '<div aria-hidden="true"><p>{}</p></div>',
        "<noscript><p>{}</p></noscript>",
        "<button data-clipboard-text='<meta name=description content=\"{}\">'>Copy</button>",
    ],
)
def test_text_that_is_not_the_prose_of_the_page_is_passed_over(html: str) -> None:
    page = f"<title>A plain page</title><h1>Kites</h1>{html.format(GHOST)}<main><h2>In storms</h2><p>{STORY}</p></main>"
    assert description(page) == STORY


@pytest.mark.parametrize("html", ["<details open><p>{}</p></details>", "<article><header><p>{}</p></header></article>"])
def test_text_that_readers_see_is_taken(html: str) -> None:
    assert description(f"<h1>Kites</h1>{html.format(STORY)}") == STORY


def test_a_formula_is_read_once() -> None:
    formula = (
        '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi></mrow>'
        '<annotation encoding="application/x-tex">E = m</annotation></semantics></math></span>'
        '<span class="katex-html" aria-hidden="true">E=m</span></span>'
    )
    text = "The pull {} of a kite grows with the square of the wind, as all who hold one of them soon learn."
    assert description(f"<h1>Kites</h1><p>{text.format(formula)}</p>") == text.format("E = m")


def test_a_page_within_noscript_is_read() -> None:
    page = "<noscript>" + "<p><i>x</i></p>" * 200 + f"<p>{STORY}</p></noscript>"
    assert description(f"<body>{page}") == STORY
