"""Pictures: named by the page, or shown by it."""

from __future__ import annotations

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document


def image(html: str, url: str = "https://example.com/a/x") -> str | None:
    return read_metadata(document(f"<title>Kites</title>{html}", url)).image


@pytest.mark.parametrize(
    "html",
    [
        '<picture><source srcset="/k.jpg 800w, /k-1600.jpg 1600w"><img alt="a kite" width="800"></picture>',
        '<picture><source data-srcset="/k.jpg"><img src="data:image/gif;base64,R0lGOD"></picture>',
        '<img data-actualsrc="/k.jpg" width="800"><img src="/b.jpg">',
        '<img data-lazyload="/k.jpg">',
        '<img data-srv="/k.jpg">',
        '<img data-img-src="/k.jpg">',
        '<img src="data:image/gif;base64,R0lGOD" data-srcset="/k.jpg, /k-2x.jpg 2x" width="800">',
        '<img srcset="/k.jpg, /k-2x.jpg 2x">',
        '<img srcset="/k.jpg">',
        '<img data-src="/k.jpg 800w, /l.jpg 1600w">',
        '<img src="\\k.jpg">',
    ],
)
def test_where_pictures_have_their_source(html: str) -> None:
    assert image(f"<h1>Kites up north</h1>{html}") == "https://example.com/k.jpg"


def test_a_space_is_part_of_a_source() -> None:
    assert image('<img src="/a kite.jpg">') == "https://example.com/a%20kite.jpg"


def test_the_source_of_a_picture_is_that_of_its_img() -> None:
    html = '<picture><source srcset="/k.webp 2x"><img src="/k.jpg"></picture>'
    assert image(html) == "https://example.com/k.jpg"


def test_a_film_has_no_source_of_a_picture() -> None:
    assert image('<video><source src="/k.mp4"></video>') is None


@pytest.mark.parametrize(
    "html",
    [
        '<template><meta property="og:image" content="/g.jpg"><img src="/g.jpg"></template>',
        '<div class="comment"><img src="/g.jpg"></div>',
        '<section class="related"><h3>More</h3><img src="/g.jpg"></section>',
    ],
)
def test_pictures_of_something_else_are_passed_over(html: str) -> None:
    assert image(f"<h1>Kites up north</h1>{html}<img src=/k.jpg>") == "https://example.com/k.jpg"


def test_the_host_of_a_developer_is_passed_over() -> None:
    named = (
        '<meta property="og:image" content="http://localhost:3000/o.png"><meta name="twitter:image" content="/t.png">'
    )
    assert image(named) == "https://example.com/t.png"
    assert image(named, "http://localhost:3000/") == "http://localhost:3000/o.png"


@pytest.mark.parametrize(("size", "is_taken"), [((1, 1), False), ((1, 600), True)])
def test_a_pixel_is_no_picture(size: tuple[int, int], is_taken: bool) -> None:
    width, height = size
    html = (
        f'<meta property="og:image" content="/p.jpg"><meta property="og:image:width" content="{width}">'
        f'<meta property="og:image:height" content="{height}">'
    )
    assert (image(html) is not None) == is_taken
