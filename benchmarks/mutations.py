"""Thousands of damaged pages through process(): no exception, and none over the bound of CPU time.

Pages are those of the demo press (every paper) and of ``tests/captures``, damaged by chance, the same damage
for the same ``--seed``: cut, bits flipped, spliced, nested up to 100,000 deep, encoded otherwise, with
enormous attributes, repeated up to 5 MB ... Prints a table of the kinds of damage; exits with 1 when a page
raised an exception or took longer than the bound.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import html
import json
import random
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from archive.model import Capture
from scraper.demo.newsroom import Request, encode
from scraper.demo.press import DemoPress
from scraper.extract import second_opinion
from scraper.process import process
from scraper.sites.load import load_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.model import Accepted, Rejected
    from scraper.sites.load import Registry

CAPTURES = Path(__file__).parents[1] / "tests/captures"
#: Seconds of CPU time that one page may take.
BOUND = 0.3
#: Bytes of the largest page made here; the crawler refuses larger ones before they come here.
LARGEST = 5 << 20
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
#: The base port in the addresses of the captures; nothing listens there.
PORT = 8010
SENTENCE = "Dân quân xã Nà Phạc ra quân huấn luyện năm thứ nhất, với tinh thần quyết tâm cao, đạt kết quả tốt. "
TAGS = (
    "div", "span", "b", "font", "p", "p><b", "blockquote", "ul><li", "table><tr><td", "table><tbody><tr", "a href=/x-1.html",
    "em", "section", "article", "h2", "figure><img src=/x.png", "svg><g", "select><option", "form", "button", "dl><dd",
    "i><p", "div class=share", "div class=title", "font><div", "nobr", "template", "math><mi", "object", "ruby><rt",
)  # fmt: skip
TYPES = (
    "", "text/plain", "application/pdf", "image/jpeg", "text/html; charset=utf-16", "text/html; charset=iso-8859-1",
    "text/html; charset=khong-co", "application/xhtml+xml", "text/html; charset=utf-7", "text/html; charset=cp932",
    "application/octet-stream", "text/xml", "text/html; charset=base64", "text/html; charset=idna", "\x00",
)  # fmt: skip


@attrs.frozen(kw_only=True)
class Damaged:
    """One damaged page."""

    kind: str
    capture: Capture


@attrs.define
class Tally:
    """What became of the pages of one kind."""

    pages: int = 0
    accepted: int = 0
    unreadable: int = 0
    over: int = 0
    seconds: float = 0.0
    worst: float = 0.0
    worst_number: int = 0
    worst_reason: str = ""


# -- kinds of damage: a source of chance, the page and another page to bytes, or to bytes and a content type


def _place(luck: random.Random, page: bytes) -> int:
    """A place between tags, where there is one after a random place."""
    return max(page.find(b"<", luck.randrange(len(page))), 0)


def _inserted(luck: random.Random, page: bytes, piece: bytes) -> bytes:
    at = _place(luck, page)
    return page[:at] + piece + page[at:]


def _count(luck: random.Random, most: int) -> int:
    """A number from 1 to *most*, small and large ones as likely."""
    return int(most ** luck.random())


def cut(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """The page ends somewhere."""
    return page[: luck.randrange(1, len(page))]


def flipped(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Some bits are wrong."""
    damaged = bytearray(page)
    for _flip in range(_count(luck, 5_000)):
        damaged[luck.randrange(len(damaged))] ^= 1 << luck.randrange(8)
    return bytes(damaged)


def spliced(luck: random.Random, page: bytes, other: bytes) -> bytes:
    """The beginning of one page and the end of another."""
    return page[: luck.randrange(len(page))] + other[luck.randrange(len(other)) :]


def shuffled(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """The lines of the page in another order."""
    lines = page.split(b"\n")
    luck.shuffle(lines)
    return b"\n".join(lines)


def lost(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """All marks of one kind are missing."""
    return page.replace(luck.choice((b">", b"</", b'"', b"=", b"-->", b"</script>", b"<body")), b"")


def nested(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Elements opened over and over, closed again or not."""
    tag, count = luck.choice(TAGS), _count(luck, 100_000)
    closing = "".join(f"</{name.split()[0]}>" for name in reversed(tag.split("><")))
    text = luck.choice(("", "x", SENTENCE * 5))
    end = luck.choice(("", closing * count))
    return _inserted(luck, page, (f"<{tag}>" * count + text + end).encode())


def misnested(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Formatting opened in one block and closed in the next, which the parser has to repair."""
    one, two = luck.sample(("b", "i", "font", "a", "em", "div", "p", "li", "td", "span"), 2)
    return _inserted(
        luck, page, f"<{one}><{two}>a</{one}>b</{two}>".encode() * _count(luck, 50_000)
    )


def utf_16(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """UTF-16 with or without its mark."""
    return _text(page).encode(luck.choice(("utf-16", "utf-16-le", "utf-16-be")))


def eight_bits(luck: random.Random, page: bytes, _: bytes) -> tuple[bytes, str]:
    """An 8-bit encoding, declared rightly, wrongly or not at all."""
    codec = luck.choice(("cp1258", "latin-1", "cp1252", "koi8-r", "tis-620"))
    declared = luck.choice((codec, "utf-8", "cp1252"))
    if codec == "cp1258":
        return encode(_text(page), codec), f"text/html; charset={declared}"
    return _text(page).encode(
        codec, luck.choice(("replace", "ignore"))
    ), f"text/html; charset={declared}"


def mojibake(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """UTF-8 read as something else and written as UTF-8 again, once or twice."""
    for _round in range(luck.randrange(1, 3)):
        page = page.decode(luck.choice(("cp1252", "cp1258", "latin-1")), "replace").encode()
    return page


def tcvn3(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Text in an old encoding, as much as 2 MB of it."""
    line = luck.choice(
        (
            "Lùc l\u00adîng d©n qu©n tù vÖ ",
            "Löïc löôïng daân quaân töï veä ",
            "Lu+.c lu+o+.ng da^n qua^n tu+. ve^. ",
        )
    )
    return _inserted(luck, page, f"<p>{line * _count(luck, 60_000)}</p>".encode())


def entities(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Letters written as entities, once or twice."""
    text = "".join(c if c < "\x7f" else f"&#{ord(c)};" for c in _text(page))
    return (text if luck.randrange(2) else text.replace("&", "&amp;")).encode()


def attributes(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """One tag with very many attributes, or with enormous ones."""
    count = _count(luck, 100_000)
    inside = luck.choice(
        ("a{n}=1 ", "data-x{n}='" + "A1b" * 9 + "' ", "class=title ", "style='color:red;' ")
    )
    if luck.randrange(2):
        return _inserted(
            luck, page, f"<div {''.join(inside.format(n=n) for n in range(count))}>".encode()
        )
    name = luck.choice(("class", "style", "title", "content", "href", "data-src", "id"))
    return _inserted(
        luck,
        page,
        f"<div {name}='{luck.choice(('a ', 'x', '; ', 'text-align:', '/')) * count * 10}'>".encode(),
    )


def many_attributes(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Attributes on very many elements."""
    element = luck.choice(
        (
            "<i {x}></i>",
            "<p {x}>ab</p>",
            "<a {x}>Tin hay nhất trong ngày</a>",
            "<img {x}>",
            "<div {x}>a</div>",
        )
    )
    inside = luck.choice(
        (
            f"data-x='{'A1b' * 30}'",
            "class='title tua share'",
            "style='display:none'",
            "href=/x-1.html",
            "hidden",
        )
    )
    return _inserted(luck, page, element.format(x=inside).encode() * _count(luck, 20_000))


def repeated(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """A piece of the page over and over, up to 5 MB."""
    begin = _place(luck, page)
    piece = page[begin : _place(luck, page[begin:]) + begin] or page
    times = _count(luck, max(1, (LARGEST - len(page)) // len(piece)))
    return page[:begin] + piece * times + page[begin:]


def whole_again(luck: random.Random, page: bytes, other: bytes) -> bytes:
    """Whole pages one after the other, up to 5 MB."""
    return (page + other) * max(1, _count(luck, LARGEST // (len(page) + len(other))))


def paragraphs(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Very much text in the usual elements, up to 5 MB."""
    form = luck.choice(
        (
            "<p>{}</p>",
            "{}<br>",
            "<div><span>{}</span></div>",
            "<tr><td>{}</td></tr>",
            "<li><b>{}</b></li>",
            "{}",
            "<h2>{}</h2>",
        )
    )
    words = luck.choice(
        (
            SENTENCE,
            "Ảnh: Lan Anh",
            "ờ",
            "a?b ",
            "Ă¢ á»± ",
            "{{",
            "Tin khác",
            "&amp;#7921;",
            "01/02/2026 10:11 ",
            "A1b" * 30,
        )
    )
    piece = form.format(words).encode()
    return _inserted(luck, page, piece * _count(luck, LARGEST // len(piece)))


def nulls(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Null bytes and other controls in the page."""
    damaged = bytearray(page)
    for _drop in range(_count(luck, 2_000)):
        at = luck.randrange(len(damaged))
        damaged[at:at] = luck.choice(
            (b"\x00", b"\x00" * 50, b"\x1b", b"\x0c", b"\xff\xfe", b"\xef\xbb\xbf", b"\x80")
        )
    return bytes(damaged)


def wrong_type(luck: random.Random, page: bytes, _: bytes) -> tuple[bytes, str]:
    """A content type that is not the page's."""
    return page, luck.choice(TYPES)


def unclosed(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Something that is opened and swallows what follows."""
    piece = luck.choice(
        (
            b"<!--",
            b"<script>",
            b"<style>",
            b"<title>",
            b"<textarea>",
            b"<a href='",
            b"<![CDATA[",
            b"<plaintext>",
            b"<noscript>",
            b"<xmp>",
            b"<?",
            b"<iframe>",
            b"<frameset>",
            b"<select>",
            b"<template>",
        )
    )
    return _inserted(luck, page, piece * _count(luck, 3_000))


def linked_data(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """JSON-LD that is deep, enormous or no JSON."""
    count = _count(luck, 100_000)
    data = luck.choice((
        '{"@type":"NewsArticle","x":' + "[" * count,
        '{"a":' * count + "1" + "}" * count,
        json.dumps({"@type": "NewsArticle", "headline": SENTENCE * (count // 50)}),
        json.dumps([{"@type": "NewsArticle", "author": {"name": "Lan Anh"}}] * (count // 10)),
        '{"@type":"NewsArticle","datePublished":' + "9" * count + "}",
    ))  # fmt: skip
    return b'<script type="application/ld+json">' + data.encode() + b"</script>" + page


def packed(luck: random.Random, page: bytes, _: bytes) -> bytes:
    """Packed without saying so, whole, cut or with much in it."""
    body = gzip.compress(page + b"\n" * luck.choice((0, 1_000, LARGEST)), mtime=0)
    return body[: luck.choice((len(body), luck.randrange(2, len(body))))]


KINDS: tuple[Callable[[random.Random, bytes, bytes], bytes | tuple[bytes, str]], ...] = (
    cut, flipped, spliced, shuffled, lost, nested, misnested, utf_16, eight_bits, mojibake, tcvn3, entities, attributes,
    many_attributes, repeated, whole_again, paragraphs, nulls, wrong_type, unclosed, linked_data, packed,
)  # fmt: skip


def _text(page: bytes) -> str:
    return html.unescape(page.decode("utf-8", "replace"))


# -- pages ------------------------------------------------------------------------------------------


def whole_pages() -> list[tuple[str, str, bytes]]:
    """Site, address and bytes of the undamaged pages: the press's articles, and the stored captures."""
    press = DemoPress(port=PORT)
    pages = []
    for article in press.truth():
        target = article.url.removeprefix(press.origin(article.paper))
        answer = press.newsroom(article.paper).answer(Request(method="GET", target=target), NOW)
        if answer.status == 200 and answer.body:  # noqa: PLR2004 - HTTP status
            pages.append((article.paper, article.url, answer.body))
    for path in sorted(CAPTURES.glob("*/*/page.html")):
        told = json.loads(path.with_name("capture.json").read_text(encoding="utf-8"))
        pages.append((path.parents[1].name, told["url"], path.read_bytes()))
    return pages


def damaged_pages(count: int, seed: int) -> Iterator[Damaged]:
    """*count* damaged pages, each kind of damage in turn; the same for the same *seed*."""
    luck = random.Random(seed)  # noqa: S311  chance that repeats, nothing secret
    pages = whole_pages()
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        site, url, page = luck.choice(pages)
        made = kind(luck, page, luck.choice(pages)[2])
        body, content_type = made if isinstance(made, tuple) else (made, "text/html; charset=utf-8")
        yield Damaged(
            kind=kind.__name__,
            capture=Capture(
                id=f"{kind.__name__}-{number}", site=site, url=url, fetched_at=NOW, status=200,
                headers=(("Content-Type", content_type),) if content_type else (), body=body[:LARGEST],
            ),
        )  # fmt: skip


def run(capture: Capture, registry: Registry, *, ruled: bool) -> Accepted | Rejected:
    """process() with the rules of the page's site, or by the generic path alone."""
    site = registry.site(capture.site)
    if ruled:
        return process(capture, site, registry.family_of(site))
    return process(capture, attrs.evolve(site, family=None, layouts=()), None)


def measure(
    count: int, seed: int, registry: Registry, bound: float
) -> tuple[dict[str, Tally], list[str]]:
    """A tally for each kind, and what is wrong."""
    # an import is no page's; it takes 0.2 s once in a process
    second_opinion.load()
    tallies: dict[str, Tally] = collections.defaultdict(Tally)
    wrong: list[str] = []
    for number, page in enumerate(damaged_pages(count, seed)):
        tally = tallies[page.kind]
        begin = time.process_time()
        try:
            outcome = run(page.capture, registry, ruled=number % 3 > 0)
        except Exception:  # noqa: BLE001  whatever it is, it is what is looked for
            wrong.append(f"{page.capture.id}: {traceback.format_exc(limit=-3)}")
            continue
        taken = time.process_time() - begin
        reason = getattr(outcome, "reason", None)
        tally.pages += 1
        tally.accepted += reason is None
        tally.unreadable += reason == "unreadable"
        tally.seconds += taken
        if taken > tally.worst:
            tally.worst, tally.worst_number = taken, number
            tally.worst_reason = f"{len(page.capture.body):,} B, {reason or 'accepted'}"
        if taken > bound:
            tally.over += 1
            wrong.append(
                f"{page.capture.id}: {taken:.2f} s, {len(page.capture.body):,} bytes, {reason}"
            )
    return tallies, wrong


def main() -> int:
    """Damage, measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--pages", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=2026)
    options.add_argument("--bound", type=float, default=BOUND, help="seconds of CPU time a page")
    options.add_argument("--only", type=int, help="save the damaged page with this number, and end")
    chosen = options.parse_args()
    if chosen.only is not None:
        *_, page = damaged_pages(chosen.only + 1, chosen.seed)
        path = Path(f"{page.capture.id}.html")
        path.write_bytes(page.capture.body)
        print(f"{path}: a page of {page.capture.site}, {page.capture.url}")
        return 0
    tallies, wrong = measure(chosen.pages, chosen.seed, load_registry(demo_port=PORT), chosen.bound)
    print(
        f"{'':16} {'pages':>6} {'kept':>6} {'unread.':>8} {'over':>5} {'mean ms':>8} {'worst ms':>9}"
    )
    for kind, x in sorted(tallies.items(), key=lambda item: -item[1].worst):
        mean = 1000 * x.seconds / max(1, x.pages)
        print(
            f"{kind:16} {x.pages:6} {x.accepted:6} {x.unreadable:8} {x.over:5} {mean:8.1f} {1000 * x.worst:9.0f}"
            f"  {x.worst_number}: {x.worst_reason}"
        )
    print(
        f"{chosen.pages:,} damaged pages, {len(wrong)} wrong (bound {chosen.bound} s of CPU time)"
    )
    for line in wrong[:40]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
