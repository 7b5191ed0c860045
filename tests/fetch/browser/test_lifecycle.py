"""What becomes of the browser: it is there when it is wanted, and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.deadline import Deadline
from app.errors import TargetError
from app.fetch import parse_url
from app.fetch.browser.chromium import find_chromium, switches
from app.fetch.browser.renderer import Renderer
from app.settings import Settings
from tests.fetch.browser.rendering import CHROMIUM, NEEDS_BROWSER, new_renderer
from tests.fetch.conftest import CANARY
from tests.site import Site, Wire

pytestmark = NEEDS_BROWSER


def below(process: int) -> list[int]:
    """The ids of all that descend from a process, zombies included."""
    found: list[int] = []
    with suppress(OSError):  # it has just ended
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *below(child)]
    return found


def command(process: int) -> list[str]:
    with suppress(OSError):  # it has just ended
        return Path(f"/proc/{process}/cmdline").read_text().split("\0")
    return []


def browser_of(owner: int) -> int:
    """The browser's own process, of all that it consists of: the last before those of its parts."""
    return [process for process in below(owner) if "--remote-debugging-pipe" in command(process)][-1]


def profile_of(browser: int) -> Path:
    return next(Path(part.partition("=")[2]) for part in command(browser) if part.startswith("--user-data-dir="))


def is_gone(process: int) -> bool:
    """Whether a process is no more, or is no more than a zombie that its new parent has yet to notice."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(happened: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def own() -> Iterator[Renderer]:
    """A renderer that no other test uses."""
    renderer = new_renderer()
    yield renderer
    renderer.close()


def test_nothing_is_started_before_it_is_wanted(own: Renderer) -> None:
    before = below(os.getpid())
    own.close()
    assert below(os.getpid()) == before


def test_closing_leaves_no_process_thread_or_file(web: Site, own: Renderer, tmp_path: Path) -> None:
    processes, threads = below(os.getpid()), threading.active_count()
    own.fetch(parse_url(web.page("/")), Deadline.after(30))
    started = set(below(os.getpid())) - set(processes)
    profile = profile_of(browser_of(os.getpid()))
    assert profile.exists()
    own.close()
    assert started
    assert set(below(os.getpid())) <= set(processes)
    wait_until(lambda: threading.active_count() <= threads)
    assert not profile.exists()


def test_an_idle_browser_is_ended_and_started_again(web: Site) -> None:
    renderer = new_renderer(idle_timeout=0.2)
    before = below(os.getpid())
    url = parse_url(web.page("/"))
    renderer.fetch(url, Deadline.after(30))
    wait_until(lambda: set(below(os.getpid())) <= set(before))
    assert renderer.fetch(url, Deadline.after(30)).status == 200
    renderer.close()


def test_a_crashed_browser_is_replaced_and_its_urls_tried_again(web: Site, own: Renderer) -> None:
    own.fetch(parse_url(web.page("/warm")), Deadline.after(30))
    arrived = threading.Event()

    def crash_the_first_time(wire: Wire, request: Any) -> None:
        if not arrived.is_set():
            arrived.set()
            wire.silence()
        wire.answer(b"<title>Second try</title>")

    url = parse_url(web.route("/", crash_the_first_time))
    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(own.fetch, url, Deadline.after(60))
        assert arrived.wait(20.0)
        os.kill(browser_of(os.getpid()), signal.SIGKILL)
        assert b"Second try" in page.result().body


def test_a_url_that_crashes_every_browser_fails_alone(web: Site, own: Renderer) -> None:
    def crash(wire: Wire, request: Any) -> None:
        os.kill(browser_of(os.getpid()), signal.SIGKILL)
        wire.silence()

    with pytest.raises(TargetError) as caught:
        own.fetch(parse_url(web.route("/crash", crash)), Deadline.after(60))
    assert (caught.value.code, caught.value.reason) == ("TARGET_UNREACHABLE", "browser_lost")
    assert own.fetch(parse_url(web.page("/")), Deadline.after(30)).status == 200


OWNER = """
import sys
from app.deadline import Deadline
from app.fetch import parse_url
from tests.fetch.browser.rendering import new_renderer

new_renderer().fetch(parse_url(sys.argv[1]), Deadline.after(60))
"""


def test_killing_the_owner_leaves_no_process_and_no_file(web: Site) -> None:
    arrived = threading.Event()

    def keep(wire: Wire, request: Any) -> None:
        arrived.set()
        wire.silence()

    owner = subprocess.Popen([sys.executable, "-c", OWNER, web.route("/", keep)])
    assert arrived.wait(60.0)
    started = below(owner.pid)
    profile = profile_of(browser_of(owner.pid))
    owner.kill()
    owner.wait()
    wait_until(lambda: all(is_gone(process) for process in started))
    assert len(started) > 4
    wait_until(lambda: not profile.exists())


def test_killing_the_driver_ends_its_browser(web: Site, own: Renderer) -> None:
    url = parse_url(web.page("/"))
    own.fetch(url, Deadline.after(30))
    started = below(os.getpid())
    driver = next(process for process in started if any("playwright" in part for part in command(process)))
    browser = browser_of(os.getpid())
    os.kill(driver, signal.SIGKILL)
    wait_until(lambda: is_gone(browser))
    assert own.fetch(url, Deadline.after(30)).status == 200


def test_a_browser_that_does_not_start_is_no_mystery(web: Site, tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    renderer = new_renderer(chromium=str(broken))
    with pytest.raises(TargetError) as caught:
        renderer.fetch(parse_url(web.page("/")), Deadline.after(30))
    assert (caught.value.code, caught.value.reason) == ("TARGET_UNREACHABLE", "browser_not_started")
    renderer.close()


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[str]:
    """A browser that somebody else runs: its CDP address."""
    arguments = [
        argument for argument in switches(tmp_path, "Remote", "en", images=False) if "debugging" not in argument
    ]
    executable = find_chromium(CHROMIUM)
    assert executable is not None
    browser = subprocess.Popen(
        [executable, *arguments, "--remote-debugging-port=0"],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until((tmp_path / "DevToolsActivePort").exists)
    yield f"http://127.0.0.1:{(tmp_path / 'DevToolsActivePort').read_text().split()[0]}"
    os.killpg(browser.pid, signal.SIGTERM)
    browser.wait()


def test_a_remote_browser_is_guarded_as_well_and_left_alone(web: Site, remote: str) -> None:
    renderer = new_renderer(cdp_url=remote)
    page = renderer.fetch(parse_url(web.page("/", "<script>document.title = 1 + 1</script>")), Deadline.after(30))
    assert b"<title>2</title>" in page.body
    refused = web.route("/to", lambda wire, request: wire.redirect(f"http://{CANARY}:{web.port}/"))
    with pytest.raises(TargetError) as caught:
        renderer.fetch(parse_url(refused), Deadline.after(30))
    assert (caught.value.code, caught.value.reason) == ("TARGET_NOT_ALLOWED", "address")
    renderer.close()
    again = new_renderer(cdp_url=remote)
    assert again.fetch(parse_url(web.url("/")), Deadline.after(30)).status == 200
    again.close()


def test_a_page_that_takes_all_memory_fails_alone(web: Site, own: Renderer) -> None:
    bomb = web.page("/bomb", "<script>const a = []; for (;;) a.push(new Array(1e6).fill(Math.random()))</script>")
    with pytest.raises(TargetError) as caught:
        own.fetch(parse_url(bomb), Deadline.after(60))
    assert caught.value.code in ("TARGET_UNREACHABLE", "TARGET_TIMEOUT")
    assert own.fetch(parse_url(web.page("/")), Deadline.after(30)).status == 200


def test_it_says_what_to_install() -> None:
    assert "PAGECARD_CHROMIUM" in (Renderer.unavailable_reason(Settings(chromium="/nonexistent")) or "")
    assert Renderer.unavailable_reason(Settings(cdp_url="http://127.0.0.1:9222")) is None
