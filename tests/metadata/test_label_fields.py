from __future__ import annotations

import pytest

from app.metadata import flat_fields, read_metadata
from tests.metadata.reading import document

PUBLISHED = '<meta property="article:published_time" content="2020-12-15T04:31:06Z"><h1>A walk in the woods</h1>'


@pytest.mark.parametrize(
    ("shown", "date"),
    [
        ("December 14, 2020 11:31 PM", "2020-12-14T23:31:06-05:00"),
        ("December 14, 2020", "2020-12-14"),
        ("December 14, 2020 11:40 PM", "2020-12-14"),
        ("December 15, 2020 5:31 AM", "2020-12-15T04:31:06Z"),
        ("December 1, 2020 11:31 PM", "2020-12-15T04:31:06Z"),
    ],
)
def test_a_moment_is_told_in_the_calendar_of_the_page(shown: str, date: str) -> None:
    page = document(f"{PUBLISHED}<p>{shown}</p>")
    assert flat_fields(page, read_metadata(page))["date"] == date


def test_a_page_that_names_no_day_but_of_its_change_has_that() -> None:
    page = document('<meta property="article:modified_time" content="2021-03-04T05:06:07Z"><h1>A changed page</h1>')
    metadata = read_metadata(page)
    assert metadata.article.published_time is None
    assert flat_fields(page, metadata)["date"] == "2021-03-04T05:06:07Z"
