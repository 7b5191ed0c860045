"""`pagecard check`: grades of a built site, for people and for a workflow."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Call, Run
from tests.site import Site
from tests.validation.test_pages import FULL, IMAGE, PAGES

POOR = PAGES["a title alone"][0]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built site of two good pages."""
    folder = tmp_path / "public"
    (folder / "blog").mkdir(parents=True)
    (folder / "index.html").write_text(FULL)
    (folder / "blog" / "a.html").write_text(FULL)
    return folder


def pages_of(output: str) -> list[dict[str, object]]:
    pages: list[dict[str, object]] = json.loads(output)["pages"]
    return pages


def test_a_good_site_passes(call: Call, built: Path) -> None:
    checked = call("check", str(built))
    assert (checked.exit_code, checked.output.splitlines()[-1]) == (0, "2 of 2 pages have grade B or better.")


def test_a_page_below_the_grade_fails_the_site_with_its_advice(call: Call, built: Path) -> None:
    (built / "poor.html").write_text(POOR)
    checked = call("check", str(built))
    assert checked.exit_code == 1
    assert "      Add og:image, 1200 x 630 pixels." in checked.output.splitlines()


@pytest.mark.parametrize(("grade", "status"), [("A", 1), ("B", 0), ("F", 0)])
def test_the_least_grade_decides(call: Call, built: Path, grade: str, status: int) -> None:
    (built / "relative.html").write_text(PAGES["a relative picture"][0])
    assert call("check", str(built), "--min-grade", grade).exit_code == status


def test_a_page_is_read_at_the_address_where_it_will_be(call: Call, built: Path) -> None:
    checked = call("check", str(built), "--url", "https://example.com/site/", "--format", "json")
    urls = [page["validation"]["url"] for page in pages_of(checked.output)]  # type: ignore[index]
    assert urls == ["https://example.com/site/blog/a.html", "https://example.com/site/"]


def test_a_file_is_checked_alone(call: Call, built: Path) -> None:
    [page] = pages_of(call("check", str(built / "index.html"), "--format", "json").output)
    assert (page["passed"], page["error"]) == (True, None)


@pytest.mark.parametrize("place", ["missing.html", "empty"])
def test_a_place_without_a_page_ends_with_2(call: Call, tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    assert call("check", str(tmp_path / place)).exit_code == 2


def test_faults_become_annotations_of_a_workflow(call: Call, built: Path) -> None:
    (built / "poor,1.html").write_text(POOR)
    lines = call("check", str(built), "--format", "github").output.splitlines()
    assert lines[-1].startswith(f"::error file={built}/poor%2C1.html,title=Link preview%3A grade F%2C 0 of 100::Add ")
    assert lines[0].startswith(f"::warning file={built}/blog/a.html,")


def test_the_weight_of_a_picture_in_the_folder_counts(call: Call, built: Path) -> None:
    (built / "cover.jpg").write_bytes(b"\xff" * 700_000)
    page = pages_of(call("check", str(built / "index.html"), "--format", "json").output)[0]
    assert page["validation"]["previews"]["whatsapp"]["reasons"][0]["code"] == "too_large"  # type: ignore[index]


def test_a_picture_outside_of_the_folder_is_not_looked_at(call: Call, built: Path) -> None:
    (built.parent / "cover.jpg").write_bytes(b"\xff" * 700_000)
    (built / "index.html").write_text(FULL.replace(IMAGE, IMAGE.replace("/cover", "/%2e%2e/cover")))
    page = pages_of(call("check", str(built / "index.html"), "--format", "json").output)[0]
    assert page["validation"]["previews"]["whatsapp"]["reasons"] == []  # type: ignore[index]


def test_robots_txt_of_the_folder_is_heeded(call: Call, built: Path) -> None:
    (built / "robots.txt").write_text("User-agent: *\nDisallow: /\n")
    page = pages_of(call("check", str(built / "index.html"), "--format", "json").output)[0]
    assert page["validation"]["previews"]["x"]["layout"] == "none"  # type: ignore[index]


def test_a_url_is_fetched(call: Call, web: Site) -> None:
    url = web.page("/", FULL)
    checked = call("check", url, "--format", "json")
    assert [(page["page"], page["passed"]) for page in pages_of(checked.output)] == [(url, True)]


def test_a_url_that_cannot_be_read_ends_with_2(call: Call) -> None:
    checked = call("check", "http://127.0.0.1:1/")
    assert checked.exit_code == 2
    assert "http://127.0.0.1:1/: Could not reach the target URL" in checked.output


@pytest.mark.slow
def test_200_pages_take_less_than_five_seconds(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number}.html").write_text(FULL + "<p>A sentence about boats.</p>" * 1_000)
    begun = time.perf_counter()
    checked = run("check", str(folder))
    assert (checked.returncode, time.perf_counter() - begun < 5) == (0, True)
