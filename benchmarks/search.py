"""Speed of the search desk: pages with facets as four readers at once see them, and publishing.

An archive of invented articles (``search_corpus.py``) is filled and published; ``dqtv serve`` runs as
a process of its own, and four clients ask it for pages of results, whole and as a browser gets them.
Each order has a server of its own, so that every page is asked for the first time once; so have the
timelines. Then 50 clients flood it with the costliest searches while another one looks for phrases.
Beside it, in the same run and on the same texts, tantivy answers the phrase queries in this process,
where it is installed (``pip install -r benchmarks/search_peers.txt``); without it that is said.

    python benchmarks/search.py                       100,000 articles of 600 syllables
    python benchmarks/search.py --articles 1000000 --length 150 --unsigned
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from search_corpus import fill, queries, report

from archive.desk.search import Query, search
from archive.publish import newest_snapshot, publish
from archive.vietnamese import exact_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLIENTS = 4
#: Clients of the flood, and how many pages another client asks for meanwhile.
FLOOD = 50
BESIDE = 20
#: What the flood asks for in turn, the costliest that was found (docs/search.md#limits): syllables common
#: by themselves, seldom in this order, until the server stops it; and the beginnings of many words.
WORST = (
    " OR ".join(
        f'"quân dân quân {word} quân dân"'
        for word in ["dân", "xã", "đội", "huyện", "và", "tự", "vệ", "các", "chiến"]
    ),
    "thu* OR chi* OR ngh* OR tru* OR thư* OR nhâ* OR quâ* OR huy* OR đội* OR các* OR tro* OR tha*",
)
#: As browsers ask.
HEADERS = {"Accept-Encoding": "gzip"}


@contextlib.contextmanager
def serving(root: Path) -> Iterator[tuple[int, int]]:
    """``dqtv serve`` on a free port: its port and process number."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        chosen = str(free.getsockname()[1])
    command = [sys.executable, "-m", "scraper", "serve", "--archive", str(root), "--port", chosen]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        line = process.stdout.readline()
        port = int(re.search(r":(\d+)/", line)[1])  # type: ignore[index]  # the line names the address
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def asked(port: int, paths: Sequence[str]) -> list[tuple[float, bool]]:
    """Seconds each page took one client, and whether it was a page: not refused, not cut short."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    taken = []
    for path in paths:
        started = time.perf_counter()
        connection.request("GET", path, headers=HEADERS)
        answer = connection.getresponse()
        answer.read()
        taken.append((time.perf_counter() - started, answer.status == http.client.OK))
    connection.close()
    return taken


def at_once(port: int, paths: Sequence[str], clients: int = CLIENTS) -> tuple[list[float], int]:
    """The same with several clients, each asking for its share: times in order, pages not given."""
    shares = [paths[number::clients] for number in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        taken = [x for some in pool.map(lambda share: asked(port, share), shares) for x in some]
    return sorted(seconds for seconds, _ in taken), sum(not given for _, given in taken)


def processor_seconds(pid: int) -> float:
    """Processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(port: int, pid: int, paths: Sequence[str], clients: int = CLIENTS) -> dict[str, float]:
    """Wall time of pages asked for by several clients, and the server's processor time for each."""
    before = processor_seconds(pid)
    taken, refused = at_once(port, paths, clients)
    used = processor_seconds(pid) - before
    return {
        "pages": len(taken),
        "p50_ms": round(statistics.median(taken) * 1e3),
        "p95_ms": round(taken[int(len(taken) * 0.95)] * 1e3),
        "worst_ms": round(taken[-1] * 1e3),
        "cpu_ms": round(used / len(taken) * 1e3, 1),
        "not_given": refused,
    }


def peak_memory(pid: int) -> float:
    """Most memory a process has held, MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]  # always there


def beside_tantivy(snapshot: Path, texts: Sequence[str]) -> tuple[float, float] | None:
    """Median processor seconds of a phrase query, ours and tantivy's: 20 newest or best hits and their number."""
    try:
        import tantivy  # noqa: PLC0415  only here, and only where it is installed
    except ImportError:
        return None
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("docid", stored=True)
    builder.add_text_field("text", stored=False)
    index = tantivy.Index(builder.build())
    connection = sqlite3.connect(f"file:{snapshot}?mode=ro&immutable=1", uri=True)
    writer = index.writer(200_000_000)
    rows = connection.execute("SELECT docid, title, sapo, body FROM articles")
    for docid, *parts in rows:
        writer.add_document(
            tantivy.Document(docid=docid, text=exact_key("\n".join(part or "" for part in parts)))
        )
    writer.commit()
    index.reload()
    searcher = index.searcher()
    ours, theirs = [], []
    for text in texts:
        started = time.process_time()
        search(connection, Query(text=text, exact_only=True, expand=False))
        ours.append(time.process_time() - started)
        wanted = index.parse_query(f'"{exact_key(text)}"', ["text"])
        started = time.process_time()
        searcher.search(wanted, 20, count=True)
        theirs.append(time.process_time() - started)
    connection.close()
    return statistics.median(ours), statistics.median(theirs)


def measure(root: Path, articles: int, length: int, pages: int, *, sign: bool) -> dict[str, object]:
    """Fill, publish, serve and ask."""
    result: dict[str, object] = {"articles": articles, "syllables": length}
    if not (root / "archive.db").exists():
        result |= made(root, articles, length, sign=sign)
    snapshot = newest_snapshot(root).path
    result["snapshot_mb"] = snapshot.stat().st_size >> 20
    phrases = list(dict.fromkeys(queries(pages)))
    memory = []
    for sort in ("newest", "best"):
        report(f"asking, {sort} first")
        with serving(root) as (port, pid):
            at_once(port, ["/-/search"] * CLIENTS)
            paths = [f"/-/search?q={quote_plus(text)}&sort={sort}" for text in phrases]
            common = f"/-/search?q={quote_plus('dân quân')}&sort={sort}"
            result[f"phrases, {sort}, first time"] = timed(port, pid, paths)
            result[f"phrases, {sort}, again"] = timed(port, pid, paths)
            result[f"dân quân, {sort}, first time"] = timed(port, pid, [common] * CLIENTS)
            result[f"dân quân, {sort}, again"] = timed(port, pid, [common] * (pages // 4))
            memory.append(peak_memory(pid))
    report("timelines")
    with serving(root) as (port, pid):
        at_once(port, ["/-/search"] * CLIENTS)
        result |= {name: timed(port, pid, paths) for name, paths in timelines(phrases)}
        # costly, so they wait in a queue that gives four clients at one address three places
        result["timelines of five queries"] = timed(port, pid, of_five(phrases), clients=1)
        memory.append(peak_memory(pid))
    report("words in context")
    with serving(root) as (port, pid):
        at_once(port, ["/-/concordance"] * CLIENTS)
        result |= {name: timed(port, pid, paths) for name, paths in concordances(phrases, pages)}
        result |= {name: timed(port, pid, paths) for name, paths in coverage(snapshot)}
        memory.append(peak_memory(pid))
    report("the flood")
    with serving(root) as (port, pid):
        result["beside a flood, newest"] = flooded(port, phrases[:BESIDE])
        memory.append(peak_memory(pid))
    result["server_mb"] = round(max(memory))
    report("tantivy")
    single = [text for text in phrases if '"' not in text]
    if (both := beside_tantivy(snapshot, single)) is None:
        result["beside_tantivy"] = "not installed: pip install -r benchmarks/search_peers.txt"
    else:
        ours, theirs = both
        result["beside_tantivy"] = {
            "ours_ms": round(ours * 1e3, 1), "tantivy_ms": round(theirs * 1e3, 1),
            "ratio": round(ours / theirs, 1),
        }  # fmt: skip
    return result


def timelines(phrases: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Pages of hits over time, each asked for the first time: one query, papers, provinces."""
    share = len(phrases) // 4
    for place, way in enumerate(("term", "paper", "province")):
        own = phrases[place * share : (place + 1) * share]
        yield f"timelines by {way}", [f"/-/timeline?q={quote_plus(text)}&by={way}" for text in own]
    again = [f"/-/timeline?q={quote_plus(text)}&by=term" for text in phrases[:share]]
    yield "timelines by term, again", again


def of_five(phrases: Sequence[str]) -> list[str]:
    """Timelines of those that ``timelines`` leaves, five on each."""
    rest = [quote_plus(text) for text in phrases[len(phrases) // 4 * 3 :]]
    five = ["&q=".join(rest[start : start + 5]) for start in range(0, len(rest), 5)]
    return [f"/-/timeline?q={texts}" for texts in five]


def concordances(phrases: Sequence[str], pages: int) -> Iterator[tuple[str, list[str]]]:
    """Pages of words in context: phrases, first and again, and the commonest one."""
    paths = [f"/-/concordance?q={quote_plus(text)}&order=left1" for text in phrases]
    yield "concordance, first time", paths
    yield "concordance, again", paths
    common = f"/-/concordance?q={quote_plus('dân quân')}&order=left1"
    yield "dân quân, concordance", [common] * (pages // 4)


def coverage(snapshot: Path) -> Iterator[tuple[str, list[str]]]:
    """Pages of what each paper has, for all papers and paper by paper."""
    with contextlib.closing(
        sqlite3.connect(f"file:{snapshot}?mode=ro&immutable=1", uri=True)
    ) as db:
        papers = [site for (site,) in db.execute("SELECT id FROM sites ORDER BY id")]
    yield "coverage", ["/-/coverage"] * 40
    yield "coverage of a paper", [f"/-/coverage?paper={quote_plus(site)}" for site in papers]


def made(root: Path, articles: int, length: int, *, sign: bool) -> dict[str, object]:
    """Fill and publish an archive; how long that took."""
    load, signing = fill(root, articles, length=length, sign=sign)
    started = time.perf_counter()
    publish(root, progress=lambda step, done, total: report(f"publish {done}/{total}: {step}"))
    published = time.perf_counter() - started
    return {
        # making the texts up is part of loading them
        "load_s": round(load, 1), "sign_s": round(signing, 1) if sign else None,
        "publish_s": round(published, 1), "publish_of_load": round(published / load, 2),
    }  # fmt: skip


def flooded(port: int, phrases: Sequence[str]) -> dict[str, object]:
    """One client's pages while many others ask for nothing but the worst searches."""
    over = threading.Event()

    def flood() -> list[tuple[float, bool]]:
        taken = []
        while not over.is_set():
            taken += asked(port, [f"/-/search?q={quote_plus(text)}&sort=best" for text in WORST])
        return taken

    with ThreadPoolExecutor(FLOOD) as clients:
        others = [clients.submit(flood) for _ in range(FLOOD)]
        try:
            asked(port, ["/-/search"])
            taken = asked(port, [f"/-/search?q={quote_plus(text)}" for text in phrases])
        finally:
            over.set()
        answers = [given for other in others for _, given in other.result()]
    seconds = sorted(each for each, _ in taken)
    return {
        "pages": len(taken),
        "p50_ms": round(statistics.median(seconds) * 1e3),
        "worst_ms": round(seconds[-1] * 1e3),
        "not_given": sum(not given for _, given in taken),
        "flood_given": sum(answers),
        "flood_sent_away": len(answers) - sum(answers),
    }


def show(result: dict[str, object]) -> None:
    """Print the figures as a table."""
    for name, value in result.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{key} {number}" for key, number in value.items())
        print(f"{name:32} {shown}")


def main() -> None:
    """Measure and print; ``--json FILE`` keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--length", type=int, default=600, help="syllables of an article")
    parser.add_argument("--pages", type=int, default=240, help="pages of phrase queries asked for")
    parser.add_argument(
        "--unsigned",
        action="store_true",
        help="do not sign the texts for comparing: for a million of them that takes longer than all the rest",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the archive is made and kept; one that is there is used again. Default: a temporary one",
    )
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    with contextlib.ExitStack() as ending:
        folder = options.folder or Path(ending.enter_context(tempfile.TemporaryDirectory()))
        result = measure(
            folder / "archive",
            options.articles,
            options.length,
            options.pages,
            sign=not options.unsigned,
        )
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
