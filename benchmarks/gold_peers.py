"""One peer reads pages and writes what it finds; run by ``gold.py`` with the Python of ``.venv-peers``.

Arguments: the peer's name, the folder with ``<number>.html``, the language of the pages (``en`` or ``vi``). Prints a JSON
object: ``texts`` and ``seconds`` (CPU) per page in order, ``errors`` and the peer's ``version``; exits with 3 when the
peer is not installed. Knows nothing of the project, which is not installed there.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Extract = Callable[[bytes], str]

NOT_INSTALLED = 3
_LANGUAGES = {"en": "English", "vi": "Vietnamese"}


def trafilatura_default(_: str, *, precision: bool = False) -> Extract:
    """Trafilatura, comments left out."""
    import trafilatura  # noqa: PLC0415  only one peer is loaded by a process

    return lambda html: (
        trafilatura.extract(html, include_comments=False, favor_precision=precision) or ""
    )


def trafilatura_precision(language: str) -> Extract:
    """Trafilatura as it is set for precision."""
    return trafilatura_default(language, precision=True)


def readability(_: str) -> Extract:
    """readability-lxml, its summary as text."""
    from lxml import html as lxml_html  # noqa: PLC0415
    from readability import Document  # noqa: PLC0415

    def extract(html: bytes) -> str:
        summary = lxml_html.fromstring(Document(_decoded(html)).summary())
        return "\n".join(part for part in summary.itertext() if part.strip())

    return extract


def newspaper4k(language: str) -> Extract:
    """newspaper4k."""
    from newspaper import Article  # noqa: PLC0415

    def extract(html: bytes) -> str:
        article = Article("https://paper.example/article", language=language, fetch_images=False)
        article.download(input_html=_decoded(html))
        article.parse()
        return str(article.text)

    return extract


def resiliparse(_: str) -> Extract:
    """Resiliparse's main content."""
    from resiliparse.extract.html2text import extract_plain_text  # noqa: PLC0415

    return lambda html: extract_plain_text(
        _decoded(html), main_content=True, alt_texts=False, links=False, form_fields=False
    )


def goose3(_: str) -> Extract:
    """goose3."""
    from goose3 import Goose  # noqa: PLC0415

    goose = Goose({"enable_image_fetching": False})
    return lambda html: goose.extract(raw_html=_decoded(html)).cleaned_text or ""


def justext(language: str) -> Extract:
    """JusText with the language's stop words."""
    import justext as library  # noqa: PLC0415

    words = library.get_stoplist(_LANGUAGES[language])
    return lambda html: "\n".join(
        x.text for x in library.justext(html, words) if not x.is_boilerplate
    )


#: Name in the table: distribution, and what makes the extractor.
PEERS: dict[str, tuple[str, Callable[[str], Extract]]] = {
    "trafilatura": ("trafilatura", trafilatura_default),
    "trafilatura precision": ("trafilatura", trafilatura_precision),
    "readability-lxml": ("readability-lxml", readability),
    "newspaper4k": ("newspaper4k", newspaper4k),
    "resiliparse": ("resiliparse", resiliparse),
    "goose3": ("goose3", goose3),
    "jusText": ("justext", justext),
}


def _decoded(html: bytes) -> str:
    return html.decode("utf-8", errors="replace")


def main() -> int:
    """Read every page with one peer."""
    name, folder, language = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    if name not in PEERS:
        sys.exit(f"no peer of this name: {name}")
    distribution, make = PEERS[name]
    try:
        extract = make(language)
        version = importlib.metadata.version(distribution)
    except ImportError:
        return NOT_INSTALLED
    texts: list[str] = []
    seconds: list[float] = []
    errors = 0
    for path in sorted(Path(folder).glob("*.html")):
        html = path.read_bytes()
        begin = time.process_time()
        try:
            text = extract(html)
        except Exception:  # noqa: BLE001  a peer that fails on a page has found nothing there
            text, errors = "", errors + 1
        seconds.append(time.process_time() - begin)
        texts.append(text)
    json.dump(
        {"version": version, "texts": texts, "seconds": seconds, "errors": errors}, sys.stdout
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
