"""A package of `dqtv wacz` in ReplayWeb.page: its pages play in Chromium, a revisit and missing pictures too.

The viewer is the package of npm's registry without what it depends on, as it is built already.
"""

from __future__ import annotations

import http.server
import re
import shutil
import threading
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import attrs
import pytest

from archive.captures import read_capture
from archive.store import Store
from archive.wacz import write_wacz
from archive.warc import Exchange, WarcWriter
from scraper.demo.press import DemoPress

VIEWER = Path(__file__).parents[2] / ".replayweb" / "package"
DAY = datetime(2026, 3, 1, 5, 0, 0, tzinfo=UTC)
PAPER = "demo-songmay"
PICTURE = "http://bao.example/anh/ra-quan.jpg"
PAGES = {
    "http://bao.example/dan-quan-ra-quan-1.html": ("Dân quân xã Bến Sông ra quân", ""),
    "http://bao.example/dan-quan-giu-de-2.html": (
        "Dân quân thôn Đồi giữ đê",
        f'<img src="{PICTURE}" alt="Dân quân đắp đê"><link rel="stylesheet" href="/giao-dien.css">',
    ),
}
HTML = (
    "<!doctype html><html lang='vi'><head><meta charset='utf-8'><title>{title}</title></head><body>"
    "<h1>{title}</h1>{extra}<p>Sáng nay, Ban CHQS xã mở lớp huấn luyện cho lực lượng dân quân tự vệ.</p></body></html>"
)

#: Of a picture, once it came or failed.
WIDTH = """async picture => {
  if (!picture.complete) await new Promise(over => { picture.onload = picture.onerror = over });
  return picture.naturalWidth;
}"""


@pytest.fixture
def viewer(tmp_path):
    """A folder that holds the viewer."""
    if not (VIEWER / "ui.js").exists():
        pytest.skip(
            "ReplayWeb.page is not here; set it up with `make replayweb-install` (needs npm)"
        )
    return shutil.copytree(VIEWER, tmp_path / "viewer")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A package of two pages, each captured once and unchanged a week later; no picture was fetched."""
    folder = tmp_path_factory.mktemp("packed")
    with Store.open(folder / "archive") as store:
        for week in range(2):
            capture_all(store, DAY + timedelta(days=7 * week), run=f"r-{week}")
        kinds = store.connection.execute("SELECT kind, count(*) FROM captures GROUP BY kind").fetchall()  # fmt: skip
        assert kinds == [("response", 2), ("revisit", 2)]
        return write_wacz(store, "bao", out=folder).path


def capture_all(store, at, *, run):
    writer = WarcWriter(
        store.warc_folder, site="bao", run_id=run, operator="x", software="x", robots_policy="x",
        known_payload=store.known_payload, clock=lambda: at,
    )  # fmt: skip
    for url, (title, extra) in PAGES.items():
        exchange = Exchange(
            id=str(uuid.uuid4()), url=url, fetched_at=at, status=200, reason="OK",
            response_headers=(("Content-Type", "text/html; charset=utf-8"),),
            payload=HTML.format(title=title, extra=extra).encode(),
        )  # fmt: skip
        written = writer.write_exchange(exchange)
        writer.flush(durable=False)
        capture = read_capture(
            store.warc_folder, written.location, site="bao", find_payload=store.payload_location
        )
        with store.transaction():
            store.add_capture(attrs.evolve(capture, kind=written.kind))
    with store.transaction():
        for closed in writer.close():
            store.register_closed_file(closed)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files with parts of them, as the viewer reads packages, and says nothing."""

    def log_message(self, *_):
        pass

    def send_head(self):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if wanted is None or not path.is_file():
            return super().send_head()
        size, first = path.stat().st_size, int(wanted[1])
        last = min(int(wanted[2] or size - 1), size - 1)
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with path.open("rb") as file:
            file.seek(first)
            self.wfile.write(file.read(last - first + 1))
        return None


@contextmanager
def serving(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, new_command):
    """A package of one paper of the demo press as it was crawled, and its articles' texts by title."""
    folder = tmp_path_factory.mktemp("crawled")
    dqtv = new_command(folder)
    with DemoPress(port=dqtv.port):
        dqtv("crawl", PAPER)
    [package] = dqtv("wacz", PAPER, "--out", str(folder), "--json").json()["packages"]
    with Store.open(dqtv.archive, create=False) as store:
        texts = dict(store.connection.execute("SELECT title, body FROM articles").fetchall())
    return Path(package["path"]), texts


@pytest.fixture
def address(viewer, package, crawled):
    shutil.copy(package, viewer / "two-weeks.wacz")
    shutil.copy(crawled[0], viewer / "crawled.wacz")
    with serving(viewer) as address:
        yield address


@pytest.fixture
def page(chromium, address):
    """A page of a new profile that reaches nothing but the viewer."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="vi-VN")
    context.set_default_timeout(120_000)
    context.route(lambda url: not url.startswith(address), lambda route: route.abort())
    yield context.new_page()
    context.close()


def opened(page, address, package, **view):
    """The frame in which the viewer plays what is asked for."""
    page.goto(f"{address}?source=/{package}.wacz#{urlencode(view)}")
    return page.frame_locator("wr-coll-replay iframe")


@pytest.mark.parametrize("week", [0, 1])
@pytest.mark.parametrize("url", PAGES)
def test_each_capture_of_a_package_plays_at_its_time(page, address, expect, url, week):
    title, extra = PAGES[url]
    at = f"{DAY + timedelta(days=7 * week):%Y%m%d%H%M%S}"
    frame = opened(page, address, "two-weeks", view="pages", url=url, ts=at)
    expect(frame.locator("h1")).to_have_text(title)
    expect(frame.locator("p")).to_contain_text("dân quân tự vệ")
    assert any(x.url.endswith(f"/{at}mp_/{url}") for x in page.frames), "the other capture plays"
    if extra:
        picture = frame.locator("img")
        assert picture.get_attribute("alt") == "Dân quân đắp đê"
        assert picture.evaluate(WIDTH) == 0, "nobody fetched it"


def test_the_list_of_pages_names_every_article_and_a_click_plays_it(page, address, expect, crawled):
    titles = crawled[1].keys()
    assert len(titles) > 5
    opened(page, address, "crawled", view="pages")
    listed = page.locator("wr-page-entry")
    expect(listed).to_have_count(len(titles))
    for title in titles:
        expect(listed.filter(has_text=title)).to_have_count(1)
    title, body = max(crawled[1].items())
    listed.filter(has_text=title).locator("a").first.click()
    frame = page.frame_locator("wr-coll-replay iframe")
    # an empty page stands there until the viewer has found the capture
    expect(frame.locator("h1", has_text=title).first).to_be_visible()
    expect(frame.locator("body")).to_contain_text(body.partition("\n\n")[0], use_inner_text=True)
