"""A real page: Voila in a process of its own, Debian's Chromium, and no address outside this machine.

dashboards ──► python -m workbench.panels on a free port, with a temporary WORKBENCH_HOME
page       ──► Chromium by Playwright; every request to another host is an error of the test
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
START_S = 40.0
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@dataclass(frozen=True)
class Served:
    """Dashboards that are being served, and the state folder behind them."""

    url: str
    home: Path

    def answers(self, path: str) -> int:
        """The HTTP status of a path; 0 where nothing listens."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0


@pytest.fixture
def dashboards(tmp_path: Path) -> Iterator[Served]:
    """The dashboards as `make dashboards` serves them, on an empty home; the proxy settings point nowhere."""
    served = Served(f"http://127.0.0.1:{free_port()}", tmp_path / "home")
    with (tmp_path / "voila.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench.panels", f"--port={urlsplit(served.url).port}", "--no-browser"],
            cwd=ROOT,
            env=environment(served.home),
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(lambda: served.answers("/voila/static/voila.js") == 200, START_S, tmp_path / "voila.log")
            yield served
        finally:
            process.terminate()
            process.wait(30)


def environment(home: Path) -> dict[str, str]:
    """Nothing of the tester's own settings; where an address outside is asked for, a closed port refuses it."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    dropped = ("WORKBENCH_", "OLLAMA_", *nowhere)
    given = {name: value for name, value in os.environ.items() if not name.upper().startswith(dropped)}
    settings = {"WORKBENCH_HOME": str(home), "WORKBENCH_MODEL_BACKEND": "embedded"}
    return {**given, **nowhere, "NO_PROXY": "127.0.0.1,localhost", **settings}


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Debian's Chromium; Playwright's own downloads are not used.

    Not longer than a module: as long as Playwright runs, its event loop holds the main thread, and a test that has a
    loop of its own cannot start.
    """
    chromium = os.environ.get("WORKBENCH_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed; run: apt-get install chromium, or set WORKBENCH_CHROMIUM")
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: object) -> Iterator[object]:
    """A fresh page; after the test, it must have asked no other host and raised no error."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    strangers: list[str] = []
    errors: list[str] = []
    opened.on("request", lambda request: strangers.append(request.url) if is_outside(request.url) else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    if not opened.is_closed():
        opened.close()
    assert strangers == []
    assert errors == []


@pytest.fixture
def screenshot(page: object) -> Callable[[str], None]:
    """Saves the page under a name in SCREENSHOTS, where that is set."""
    folder = os.environ.get("SCREENSHOTS")

    def save(name: str) -> None:
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}.png"))  # type: ignore[attr-defined]

    return save


def is_outside(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(true: Callable[[], bool], timeout_s: float, log: Path | None = None) -> None:
    """Wait until something holds, or fail with the end of the log."""
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            tail = log.read_text()[-2000:] if log else ""
            pytest.fail(f"It did not come true within {timeout_s:g} s.\n{tail}")
        time.sleep(0.1)
