"""Debian's Chromium on the desk as `dqtv serve` serves it; whatever page it opens is watched."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import attrs
import pytest
from datasette.app import Datasette

from archive.accounts import Account, Accounts
from archive.desk import sessions
from archive.desk.serve import DATABASE
from archive.publish import publish
from archive.release.build import Wish, build_release
from archive.withdrawals import withdraw

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
#: The same with a cluster to look at: the sample of the desk's tests, whose folder comes last.
SERVE_CLUSTER = f"""
import sys
sys.path.append(sys.argv[3])
import cluster_sample
cluster_sample.show()
{SERVE}"""
#: Plain Datasette on the newest snapshot, as anyone starts it who has the plugin; tells its address
#: and the cookie of a reader who is logged in.
PLAIN = """
import contextlib, socket, sys
import uvicorn
from datasette.app import Datasette
listener = socket.create_server(("127.0.0.1", 0))
app = Datasette(files=[sys.argv[1]])
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        print(address, app.sign({"a": {"id": "độc giả"}}, "actor"), flush=True)
with contextlib.suppress(KeyboardInterrupt):
    Server(uvicorn.Config(app.app(), log_level="warning")).run(sockets=[listener])
"""
#: Signs the cookies of the desks served here, so that tests can log in without the form.
SECRET = "of the tests"
PASSWORD = "bốn từ chẳng liên quan"
DESKTOP = {"width": 1280, "height": 800}

#: As long as a page may take on a slow machine: it only ends what hangs.
PATIENCE_MS = 120_000

HOSTILE_TITLE = (
    "Dân quân <script>alert('x')</script><img src=x onerror=alert(1)>\"&amp; " + "Đ" * 120
)
LONG_WORD = "https://dan-quan.example/" + "khongcokhoangtrang" * 12
TEXT = tuple(
    f"Đoạn {n}: tiểu đội dân quân thứ {n * 7} trực đêm {n * 13} ở chốt {n} bên bờ sông."
    for n in range(9)
)

#: A demo story, and the headline it is given for an earlier version.
CHANGED, EARLIER = "bienxanh:55001", "Dân quân biển ra khơi"


def extra_stories(story):
    """What the demo press does not print: changed, hostile, undated, endless, empty texts, a reprint."""
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
        story(
            id="songmay:9007", site="songmay", province=None, title="Dân quân " + "xã bên sông giữ rừng, giữ làng và giữ nước, " * 12,
            published_at=None, precision=None, body=(), body_state="lead_only",
        ),
        story(
            id="songmay:9008", title="Dân quân trong bài bị mã hóa", sapo="Chỉ còn lời mở đầu.", body=(), body_state="encoded",
            figures=(("https://songmay.example/anh.jpg", "Tiểu đội dân quân " + "trên đường ra chốt " * 12, "Ảnh: Người Sông"), (None, None, None)),
        ),
        story(id="songmay:9010", title="Dân quân trong bài đã rút"),
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


def changed(stories):
    """The stories, one of them as if its paper had printed another text before."""
    return [
        attrs.evolve(s, older=((EARLIER, (*s.body[1:2], *s.body[3:])),)) if s.id == CHANGED else s
        for s in stories
    ]


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


@attrs.frozen
class Desk:
    """A running server."""

    address: str
    #: Name of the snapshot's database, ``TABLES`` in the addresses that tests open.
    database: str
    #: What a reader who is logged in sends, where the server knows any.
    cookie: str | None = None
    #: Of the account of who is logged in.
    password: str = PASSWORD


@attrs.define
class Reader:
    """One page of a browser, with addresses relative to the desk."""

    page: object
    desk: Desk
    #: Status of the answer that the page shows.
    status: int | None = None

    def open(self, path, **parameters):
        query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        path = path.lstrip("/").replace("TABLES", self.desk.database)
        self.status = self.page.goto(self.desk.address + path + query).status

    @contextmanager
    def leading_elsewhere(self):
        """What is done within leads to another page; the block ends when that page is loaded.

        Playwright's own click() and press() come back before, and count(), inner_text() and the like would read
        the page left behind, or half of the new one.
        """
        with self.page.expect_navigation(wait_until="load") as arriving:
            yield
        self.status = arriving.value.status

    def follow(self, way):
        """Click a link or button that leads to another page."""
        with self.leading_elsewhere():
            way.click()

    def enter(self):
        """Press Enter, in the field filled last or on what Tab reached, where that leads to another page."""
        with self.leading_elsewhere():
            self.page.keyboard.press("Enter")

    def search(self, text):
        self.page.locator("#q").fill(text)
        self.enter()

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
def serving(database, program, *arguments, cookie=None):
    """A desk whose snapshot is called *database*, in a process of its own."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    secret = {} if program == PLAIN else {"DATASETTE_SECRET": SECRET}
    if program == SERVE_CLUSTER:
        # what the sample stands for; nothing is asked there
        secret |= {"DQTV_CLUSTER_DATABASE": "host=db", "DQTV_CLUSTER_HUB": "s3://dqtv-hub"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | secret
    ) as server:
        try:
            told = server.stdout.readline().split()
            assert told, "the desk did not start"
            yield Desk(told[0], database, cookie or next(iter(told[1:]), None))
        finally:
            server.send_signal(signal.SIGINT)


def archivist_of(root):
    """Make an account of the archive at *root*; the cookie of who is logged in by it."""
    account = Account.new("lan", PASSWORD, datetime.now(UTC))
    Accounts(root).add(account)
    signer = Datasette(memory=True, secret=SECRET)
    try:
        return sessions.signed(signer, account)
    finally:
        signer.executor.shutdown()


@pytest.fixture(scope="package")
def browsed(shelf, tmp_path_factory):
    """A snapshot of the demo stories and the extra ones, one of them withdrawn, with a release."""
    root = tmp_path_factory.mktemp("browsed") / "archive"
    stories = [*shelf.demo_stories(), *extra_stories(shelf.Story)]
    shelf.build_snapshot(root, stories)
    withdraw(root, "songmay:9010", reason="Báo yêu cầu gỡ bài.")
    snapshot = publish(root, now=shelf.BUILT + timedelta(hours=1)).path
    build_release(root, root / "exports", Wish(date=date(2026, 11, 25)))
    shelf.put_to_work(root)
    return snapshot


@pytest.fixture(scope="package")
def served(browsed):
    """A desk over these, as ``dqtv serve`` serves it."""
    root = browsed.parents[1]
    with serving(DATABASE, SERVE, root, VIEWER, cookie=archivist_of(root)) as desk:
        yield desk


@pytest.fixture(scope="package")
def served_plain(browsed):
    """The same snapshot on plain Datasette."""
    with serving(browsed.stem, PLAIN, browsed) as desk:
        yield desk


@pytest.fixture(scope="package")
def served_demo(shelf, tmp_path_factory):
    """A desk over the demo stories, one of them changed since, and with a cluster, for pictures."""
    root = tmp_path_factory.mktemp("pictured") / "archive"
    shelf.build_snapshot(root, changed(shelf.demo_stories()))
    build_release(root, root / "exports", Wish(date=date(2026, 11, 25)))
    shelf.put_to_work(root)
    sample = Path(shelf.__file__).parent
    with serving(DATABASE, SERVE_CLUSTER, root, VIEWER, sample, cookie=archivist_of(root)) as desk:
        yield desk


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


@pytest.fixture(scope="package")
def expect(chromium):  # noqa: ARG001  Playwright is there when the browser is
    """Playwright's assertions, which wait for what a page shows without leading elsewhere."""
    from playwright.sync_api import expect  # noqa: PLC0415  tests are skipped where there is none

    expect.set_options(timeout=PATIENCE_MS)
    return expect


@contextmanager
def browsing(chromium, desk):
    """Open pages in new profiles; fails at the end if anything on them was amiss."""
    seen, contexts = Seen(), []

    def open_page(
        path="/", *, viewport=DESKTOP, locale="vi-VN", parameters=None, logged_in=False, **options
    ):
        context = chromium.new_context(viewport=viewport, locale=locale, **options)
        context.set_default_timeout(PATIENCE_MS)
        if logged_in:
            context.add_cookies([{"name": "ds_actor", "value": desk.cookie, "url": desk.address}])
        contexts.append(context)
        seen.watch(context)
        reader = Reader(context.new_page(), desk)
        reader.open(path, **(parameters or {}))
        return reader

    yield open_page
    for context in contexts:
        context.close()
    elsewhere = [url for url in seen.requests if not url.startswith(desk.address)]
    assert elsewhere == [], "the page asked another host"
    assert seen.complaints == [], "the browser complained"


@pytest.fixture
def browse(chromium, served):
    """Opens pages of the desk over all stories."""
    with browsing(chromium, served) as open_page:
        yield open_page


@pytest.fixture
def browse_plain(chromium, served_plain):
    """Opens pages of plain Datasette over all stories."""
    with browsing(chromium, served_plain) as open_page:
        yield open_page


@pytest.fixture
def browse_demo(chromium, served_demo):
    """Opens pages of the desk over the demo stories alone."""
    with browsing(chromium, served_demo) as open_page:
        yield open_page
