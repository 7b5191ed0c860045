from __future__ import annotations

import pytest

from app.metadata.dates import date_in_url, find_dates, parse_date


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2024-05-06", "2024-05-06"),
        ("2024-5-6", "2024-05-06"),
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z"),
        ("2024-05-06T07:08:09.123+0000", "2024-05-06T07:08:09Z"),
        ("2024-05-06 07:08 -0530", "2024-05-06T07:08-05:30"),
        ("2024-05-06T07:08:09+02", "2024-05-06T07:08:09+02:00"),
        ("20240506", "2024-05-06"),
        ("2024/05/06", "2024-05-06"),
        ("2024.05.06", "2024-05-06"),
        ("Mon, 06 May 2024 07:08:09 GMT", "2024-05-06T07:08:09Z"),
        ("Mon May 06 07:08:09 +0000 2024", "2024-05-06"),
        ("20240506070809", "2024-05-06"),
        ("2024. 5. 6.", "2024-05-06"),
        ("May 6,2024 at 7:08 PM", "2024-05-06T19:08"),
        ("06/May/2024", "2024-05-06"),
        ("6 mai 2024 à 7h08", "2024-05-06T07:08"),
        ("Mon May 06 2024 07:08:09 GMT+0200", "2024-05-06T07:08:09+02:00"),
        ("May 6th, 2024", "2024-05-06"),
        ("May 6, 2024, 7:08 p.m.", "2024-05-06T19:08"),
        ("6 May 2024", "2024-05-06"),
        ("6. Mai 2024", "2024-05-06"),
        ("06.05.2024", "2024-05-06"),
        ("6.5.24", "2024-05-06"),
        ("6 de mayo de 2024", "2024-05-06"),
        ("le 6 août 2024", "2024-08-06"),
        ("6 мая 2024", "2024-05-06"),
        ("2024年5月6日", "2024-05-06"),
        ("2024年5月6日 (07/08/2020)", "2024-05-06"),
        ("2024. május 6.", "2024-05-06"),
        ("2024 m. gegužės 6 d.", "2024-05-06"),
        ("6 tháng 5, 2024", "2024-05-06"),
        ("6 d'agost de 2024", "2024-08-06"),
        ("6 Μαΐου 2024", "2024-05-06"),
        ("6 أيار / مايو 2024", "2024-05-06"),
        ("6 במאי 2024", "2024-05-06"),
        ("1714979289", "2024-05-06T07:08:09Z"),
        ("1714979289000", "2024-05-06T07:08:09Z"),
        ("Published: 2024-05-06 (updated)", "2024-05-06"),
    ],
)
def test_how_dates_are_written(written: str, iso: str) -> None:
    assert parse_date(written) == iso


@pytest.mark.parametrize(
    "written",
    ["", "soon", "2024", "2024-13-01", "2024-02-30", "0000-00-00", "1066-10-14", "3000-01-01", "31.02.2024", "v1.2.3",
     "99999999999999", "14 มีนาคม 2567"],
)  # fmt: skip
def test_what_is_no_date(written: str) -> None:
    assert parse_date(written) is None


def test_an_impossible_zone_leaves_the_time() -> None:
    assert parse_date("2024-05-06T07:08:09+99:00") == "2024-05-06T07:08:09"


def test_an_impossible_time_leaves_the_day() -> None:
    assert parse_date("2024-05-06T25:61") == "2024-05-06"


@pytest.mark.parametrize(("month_first", "iso"), [(True, "2024-03-04"), (False, "2024-04-03")])
def test_slashes_are_read_as_the_country_reads_them(month_first: bool, iso: str) -> None:
    assert parse_date("03/04/2024", month_first=month_first) == iso


def test_a_thirteenth_month_is_a_day() -> None:
    assert parse_date("03/24/2024") == "2024-03-24"


def test_dates_in_text_come_in_its_order() -> None:
    found = find_dates("From 1 May 2024 to 2024-05-06, and again on June 7, 2024.")
    assert [date.iso for date in found] == ["2024-05-01", "2024-05-06", "2024-06-07"]


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/2024/05/06/story", "2024-05-06"),
        ("/news/2024-05-06-story", "2024-05-06"),
        ("/news/20240506-story", "2024-05-06"),
        ("/news/06-05-2024", "2024-05-06"),
        ("/2024/05/", None),
        ("/12345678", None),
        ("/2024/15/06/", None),
    ],
)
def test_days_in_paths(path: str, day: str | None) -> None:
    assert date_in_url(path) == day
