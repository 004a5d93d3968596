"""Debian's Chromium on the desk as `dqtv serve` serves it; whatever page it opens is watched."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import attrs
import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
#: Nothing that Chromium asks for on its own account, no codec or card that servers lack.
FLAGS = (
    "--disable-background-networking", "--disable-component-update", "--disable-gpu",
    "--disable-quic", "--disable-sync", "--no-first-run",
)  # fmt: skip
VIEWER = "https://luu-tru.example/dqtv"
SERVE = """
import pathlib, sys
from archive.desk.serve import serve
serve(
    pathlib.Path(sys.argv[1]), host="127.0.0.1", port=0, viewer_url=sys.argv[2],
    on_ready=lambda url: print(url, flush=True),
)
"""
DESKTOP = {"width": 1280, "height": 800}

HOSTILE_TITLE = (
    "Dân quân <script>alert('x')</script><img src=x onerror=alert(1)>\"&amp; " + "Đ" * 120
)
LONG_WORD = "https://dan-quan.example/" + "khongcokhoangtrang" * 12
TEXT = tuple(
    f"Đoạn {n}: tiểu đội dân quân thứ {n * 7} trực đêm {n * 13} ở chốt {n} bên bờ sông."
    for n in range(9)
)


def extra_stories(story):
    """What the demo press does not print: a changed text, a hostile one, an undated one, a reprint."""
    return [
        story(
            id="songmay:9001", title="Dân quân xã Bãi Ngang giữ đê suốt ba đêm", section="Quốc phòng - An ninh",
            sapo="Nước lên, dân quân lên đê.", body=("Đêm thứ ba, 45 dân quân còn trên đê.", *TEXT[:3]),
            evidence=(("title", "dân quân", 1, 6.0), ("body", "dân quân", 4, 3.5)),
            older=(("Dân quân xã Bãi Ngang giữ đê hai đêm", ("Đêm thứ hai, 30 dân quân còn trên đê.", *TEXT[:3])),),
        ),
        story(
            id="songmay:9002", title=HOSTILE_TITLE, body=(f"</p><style>*{{color:red}}</style> {LONG_WORD}",),
            byline="<b>Người viết</b>", section="<i>Mục</i>", tags=("<u>thẻ</u>",), url="javascript:alert(2)",
            figures=(("javascript:alert(3)", "<em>Dân quân</em>", None),),
        ),
        story(id="culao:9003", site="culao", province=None, title="Dân quân không ngày tháng", published_at=None, precision=None),
        story(id="songmay:9004", title="Trực đêm ở chốt dân quân", body=TEXT, published_at="2024-03-01T08:00:00+07:00"),
        story(
            id="culao:9005", site="culao", province="Cù Lao", title="Chốt dân quân không ngủ", body=TEXT[1:],
            byline="Theo Báo Sông Mây", published_at="2024-03-02T08:00:00+07:00",
        ),
        story(id="nuingan:9006", site="nuingan", province="Núi Ngàn", title="Dẫn quân sang bờ bắc"),
        *(
            story(
                id=f"nuingan:{9100 + n}", site="nuingan", province="Núi Ngàn", title=f"Dân quân thôn {n} ra quân",
                published_at=f"2023-{n % 12 + 1:02}-05T07:00:00+07:00",
            )
            for n in range(24)
        ),
    ]  # fmt: skip


@attrs.define(slots=False)  # Playwright puts an attribute of its own on who handles its events
class Seen:
    """What a browser asked for and complained about while it was watched."""

    requests: list[str] = attrs.Factory(list)
    complaints: list[str] = attrs.Factory(list)

    def watch(self, context):
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", self._note)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _note(self, message):
        # a page with status 400 or 404 is itself reported as a resource that failed
        failed = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not (
            failed and "desk/" not in message.location["url"]
        ):
            self.complaints.append(message.text)


@attrs.define
class Reader:
    """One page of a browser, with addresses relative to the desk."""

    page: object
    address: str
    #: Status of the answer to the address opened last.
    status: int | None = None

    def open(self, path, **parameters):
        query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        self.status = self.page.goto(self.address + path.lstrip("/") + query).status

    def search(self, text):
        self.page.locator("#q").fill(text)
        self.page.locator("#q").press("Enter")

    @property
    def path(self):
        return urlsplit(self.page.url).path

    def titles(self):
        return self.page.locator(".hits h3 a").all_inner_texts()


@pytest.fixture(scope="session")
def shelf():
    """The stories and snapshots of the desk's other tests."""
    path = Path(__file__).parents[1] / "archive" / "desk" / "conftest.py"
    spec = importlib.util.spec_from_file_location("desk_shelf", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def serving(root):
    """A desk over the newest snapshot of *root*, in a process of its own; gives its address."""
    command = [sys.executable, "-c", SERVE, str(root), VIEWER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().strip()
            assert address, "the desk did not start"
            yield address
        finally:
            server.send_signal(signal.SIGINT)


@pytest.fixture(scope="package")
def served(shelf, tmp_path_factory):
    """Address of a desk over the demo stories and the extra ones."""
    root = tmp_path_factory.mktemp("browsed") / "archive"
    shelf.build_snapshot(root, [*shelf.demo_stories(), *extra_stories(shelf.Story)])
    with serving(root) as address:
        yield address


@pytest.fixture(scope="package")
def served_demo(shelf, tmp_path_factory):
    """Address of a desk over the demo stories alone, for pictures."""
    root = tmp_path_factory.mktemp("pictured") / "archive"
    shelf.build_snapshot(root, shelf.demo_stories())
    with serving(root) as address:
        yield address


@pytest.fixture(scope="package")
def chromium():
    """One browser process for all tests of this folder."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt install chromium, or see CONTRIBUTING.md")
    reason = "Playwright is not installed: run `make browser-install`"
    driver = pytest.importorskip("playwright.sync_api", reason=reason)
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS), chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


@contextmanager
def browsing(chromium, address):
    """Open pages in new profiles; fails at the end if anything on them was amiss."""
    seen, contexts = Seen(), []

    def open_page(path="/", *, viewport=DESKTOP, locale="vi-VN", parameters=None, **options):
        context = chromium.new_context(viewport=viewport, locale=locale, **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        seen.watch(context)
        reader = Reader(context.new_page(), address)
        reader.open(path, **(parameters or {}))
        return reader

    yield open_page
    for context in contexts:
        context.close()
    elsewhere = [url for url in seen.requests if not url.startswith(address)]
    assert elsewhere == [], "the page asked another host"
    assert seen.complaints == [], "the browser complained"


@pytest.fixture
def browse(chromium, served):
    """Opens pages of the desk over all stories."""
    with browsing(chromium, served) as open_page:
        yield open_page


@pytest.fixture
def browse_demo(chromium, served_demo):
    """Opens pages of the desk over the demo stories alone."""
    with browsing(chromium, served_demo) as open_page:
        yield open_page
