"""Chromium: the browser process, its place, its start and its switches.

Rule 1: it is driven over a pipe, so there is no port by which a page or a neighbour could drive it.
Rule 2: it runs under `reaper.py`, and so ends with this process, however that ends.
Rule 3: it has no way out of its own: requests of a page go to the proxy of the page's context, requests of the
        browser itself (updates, lists, pings) to a proxy that does not exist.
Rule 4: it gets a new profile folder and none of this process' environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.fetch.browser import reaper
from app.fetch.browser.proxy import LOOPBACK

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

# The shells have no window, no tabs and no address bar behind the page, and cost little more than half.
NAMES = (
    *("chromium-headless-shell", "chrome-headless-shell"),
    *("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
)
START_TIMEOUT = 20.0  # seconds
STOP_TIMEOUT = 5.0  # seconds
SOCKET_ROOM = 60  # characters: unix(7) allows 107, and Chromium adds 46

FEATURES_OFF = (
    "AsyncDns",  # names are looked up by our resolver alone
    "DnsOverHttps",
    "AutofillServerCommunication",
    "CertificateTransparencyComponentUpdater",
    "DialMediaRouteProvider",  # multicasts
    "MediaRouter",
    "GlobalMediaControls",
    "HttpsUpgrades",  # http:// means http
    "HttpsFirstBalancedModeAutoEnable",
    "IsolateOrigins",  # one process a render: a context holds one stranger's page and is thrown away
    "site-per-process",
    "LensOverlay",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PreconnectToSearch",
    "PreloadTopChromeWebUI",
    "SpareRendererForSitePerProcess",
    "Translate",
    "WebUIOmniboxAimPopup",  # an address bar would be one more process for each page
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
)

# https://peter.sh/experiments/chromium-command-line-switches/
SWITCHES = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-startup-window",
    # No way out but the proxy of a context; Chromium would go around any proxy for loopback and link-local
    # addresses, and around an HTTP proxy for UDP.
    "--proxy-server=http://no-way-out.invalid:9",
    "--proxy-bypass-list=<-loopback>",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    # No calls home.
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-service-autorun",
    f"--disable-features={','.join(FEATURES_OFF)}",
    "--disable-site-isolation-trials",
    # Nothing of the desktop.
    "--disable-back-forward-cache",
    "--disable-gpu",
    "--disable-hang-monitor",
    "--disable-notifications",
    "--disable-prompt-on-repost",
    "--disable-remote-fonts",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    # A page in the background runs as fast as one in front.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # Containers have 64 MiB of /dev/shm.
    "--disable-dev-shm-usage",
)


def find_chromium(configured: str | None) -> str | None:
    """Find the path of the `configured` browser (a path, or a name on PATH), or of any installed one."""
    names = (configured,) if configured else NAMES
    return next((path for name in names if (path := shutil.which(name))), None)


def switches(profile: Path, user_agent: str, accept_language: str, *, images: bool) -> list[str]:
    """Build the command line after the browser's name."""
    return [
        *SWITCHES,
        f"--user-data-dir={profile}",
        # Should anything look for a way around the proxy, it finds no name and no address.
        f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {LOOPBACK}",
        f"--user-agent={user_agent}",
        f"--accept-lang={accept_language.replace(' ', '')}",
        f"--blink-settings=imagesEnabled={str(images).lower()}",
        # Chromium refuses to sandbox what root runs (https://crbug.com/638180), and runs unsandboxed only then.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]


def _environment(profile: Path) -> dict[str, str | float | bool]:
    """Build the browser's environment. Its temporary files go to the profile, unless the path of its socket would be
    too long there.
    """
    home = str(profile)
    temporary = {"TMPDIR": home} if len(home) <= SOCKET_ROOM else {}
    return {"HOME": home, "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **temporary}


@dataclass(frozen=True, slots=True)
class Guard:
    """Addresses between a browser and its proxies: `address` for their listeners, `peer` for the browser."""

    address: str
    peer: str

    @classmethod
    def facing(cls, cdp_url: str) -> Guard:
        """Find the addresses between this host and a remote browser. Raises OSError where its host is unknown."""
        parts = urlsplit(cdp_url)
        family, _, _, _, there = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(there)  # sends nothing: asks the routing table which of our addresses faces it
            return cls(probe.getsockname()[0], probe.getpeername()[0])

    def url(self, port: int) -> str:
        return f"http://[{self.address}]:{port}" if ":" in self.address else f"http://{self.address}:{port}"


@dataclass(slots=True)
class Chromium:
    """Running browser and its driver. `profile` is None for a remote browser."""

    driver: Playwright
    browser: Browser
    guard: Guard
    profile: Path | None = None
    killed: bool = False

    @classmethod
    async def launch(cls, executable: str, *, user_agent: str, accept_language: str, images: bool) -> Chromium:
        """Start a browser. Raises playwright's Error where it does not start."""
        profile = Path(tempfile.mkdtemp(prefix="pagecard-chromium-"))
        command = [executable, *switches(profile, user_agent, accept_language, images=images)]
        async with _new_driver() as driver:
            browser = await driver.chromium.launch(
                executable_path=sys.executable,
                ignore_default_args=True,
                args=["-I", "-S", reaper.__file__, str(os.getpid()), str(profile), *command],
                env=_environment(profile),
                timeout=START_TIMEOUT * 1_000,
            )
        return cls(driver, browser, Guard(LOOPBACK, LOOPBACK), profile)

    @classmethod
    async def connect(cls, cdp_url: str) -> Chromium:
        """Connect to a remote browser. Raises playwright's Error or OSError where it does not answer."""
        guard = await asyncio.to_thread(Guard.facing, cdp_url)
        async with _new_driver() as driver:
            browser = await driver.chromium.connect_over_cdp(cdp_url, timeout=START_TIMEOUT * 1_000)
        return cls(driver, browser, guard)

    @property
    def alive(self) -> bool:
        return self.browser.is_connected() and not self.killed

    def kill(self) -> None:
        """End the browser at once; its reaper ends all processes below it."""
        self.killed = True
        if self.profile is not None:
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((self.profile / reaper.PID_FILE).read_text()), signal.SIGTERM)

    async def close(self) -> None:
        """End the driver, and the browser unless it is remote; both are gone on return."""
        if self.alive:
            with contextlib.suppress(Exception):  # a browser that is gone raises errors of many kinds
                await asyncio.wait_for(self.browser.close(), STOP_TIMEOUT)
        self.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                while self.profile is not None and self.profile.exists():
                    await asyncio.sleep(0.02)
        await _stop(self.driver)


@contextlib.asynccontextmanager
async def _new_driver() -> AsyncIterator[Playwright]:
    """Start a driver, and end it if the block fails."""
    from playwright.async_api import async_playwright

    driver = await async_playwright().start()
    try:
        yield driver
    except BaseException:
        await _stop(driver)
        raise


async def _stop(driver: Playwright) -> None:
    with contextlib.suppress(Exception):  # as above
        await asyncio.wait_for(driver.stop(), STOP_TIMEOUT)
