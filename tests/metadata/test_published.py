"""Dates of publication: declared, or shown as such."""

from __future__ import annotations

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document

STORY = "<p>Kites fly when the wind is right and the string is long enough to let them go up into the sky above.</p>"


def published(html: str) -> str | None:
    return read_metadata(document(html)).article.published_time


@pytest.mark.parametrize(
    "tag",
    [
        '<meta name="pubdate" content="03/04/2024">',
        '<meta name="date" content="03/04/2024">',
        '<meta name="citation_publication_date" content="03/04/2024">',
        '<meta property="article:published_time" content="03/04/2024">',
        '<span itemprop="datePublished" content="03/04/2024"></span>',
        '<script type="application/ld+json">{"@type": "Article", "datePublished": "03/04/2024"}</script>',
    ],
)
@pytest.mark.parametrize(("language", "day"), [("en-US", "2024-03-04"), ("en-GB", "2024-04-03")])
def test_slashes_are_read_as_the_country_of_the_page_reads_them(tag: str, language: str, day: str) -> None:
    assert published(f"<html lang={language}>{tag}") == day


@pytest.mark.parametrize(
    "shown",
    [
        "Accepted: 16 December 2022",
        "Received 16 December 2022",
        "Submitted on 16 December 2022",
        "Event on 16 December 2022",
        "Copyright 16 December 2022",
        "Founded 16 December 2022",
        "Version of 16 December 2022",
        "Concert in the park, 16 December 2022",
    ],
)
@pytest.mark.parametrize("name", ["date", "dc.date"])
def test_another_day_beside_the_headline_is_not_that_of_publication(shown: str, name: str) -> None:
    page = f'<meta name="{name}" content="2023-01-02"><h1>A plain page about kites</h1><p>{shown}</p>'
    assert published(page) == "2023-01-02"


@pytest.mark.parametrize("shown", ["16 December 2022", "Published: 16 December 2022", "on Friday, 16 December 2022"])
def test_the_day_beside_the_headline_corrects_a_tag_of_the_last_change(shown: str) -> None:
    page = f'<meta name="date" content="2023-01-02"><h1>A plain page about kites</h1><p>{shown}</p>'
    assert published(page) == "2022-12-16"


@pytest.mark.parametrize(
    "html",
    [
        '<div class="comments"><div><cite>Loud Mouth</cite> <time datetime="2021-05-06">x</time></div></div>',
        '<li class="review"><time class="woocommerce-review__published-date" datetime="2021-05-06">6 May</time></li>',
        '<section class="related"><article><h3><a href="/o">Other</a></h3><time datetime="2021-05-06">6 May</time>'
        "</article></section>",
        '<script type="application/ld+json">{"@type": "Product", "review": {"@type": "Review",'
        ' "datePublished": "2021-05-06"}}</script>',
        '<template><time datetime="2021-05-06">6 May 2021</time></template>',
        "<a title='<time datetime=\"2021-05-06\">'>x</a>",
    ],
)
def test_the_day_of_something_else_is_none(html: str) -> None:
    assert published(f"<title>A plain page</title><h1>A plain page about kites</h1>{STORY}{html}") is None


def test_the_first_version_of_a_paper_dates_it() -> None:
    metas = '<meta name="citation_date" content="2017/06/12"><meta name="citation_online_date" content="2023/08/02">'
    assert published(metas) == "2017-06-12"


def test_day_and_month_may_stand_in_elements_of_their_own() -> None:
    date = '<div class="date"><b>6</b><i>May</i><span>2024</span></div>'
    assert published(f"<h1>A plain page about kites</h1>{date}") == "2024-05-06"
