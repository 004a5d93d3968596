"""Odd addresses: whatever is asked, no failure, and no text of the reader's becomes markup.

``DQTV_FUZZ=10000 pytest tests/archive/desk/test_fuzz.py`` asks that many.
"""

import os
import random
from html.parser import HTMLParser
from urllib.parse import quote, quote_from_bytes

import pytest

ASKED = int(os.environ.get("DQTV_FUZZ", "300"))
SEED = 20261125
PIECES = [
    "dân quân", "tự vệ", "quan khu", "Đắk Lắk", "NEAR(", "NEAR(dân quân, tự vệ, 5)", ")", "((", '"', '""',
    "“", "OR", "AND", "NOT", "-", "-quân", "*", "quâ*", "qu*", "part:", "title:", "sapo:dân", "tiêuđề:quân", ":",
    "\x00", "\x1b[0m", "🎖️", "👩‍👩‍👧", "\u202e", "\u200f", "\ufeff", "\ue0f0", "\ue0f1", "da\u0302n", "\ud7ff",
    "' OR 1=1 --", "; DROP TABLE articles", "%", "%00", "%zz", "\\", "{{7*7}}", "{% raw %}", "a\r\nb",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)",
    "javascript:alert(1)", "</title><svg onload=alert(1)>", "&lt;b&gt;", "x" * 600, "quân " * 2_000,
]  # fmt: skip
NAMES = [
    "q", "sort", "page", "paper", "province", "province_today", "year", "month", "section", "level",
    "from", "to", "exact", "expand", "hit", "terms", "lang", "all", "phrase", "any", "none", "near", "x<y",
    "order", "width", "start",
]  # fmt: skip
PATHS = [
    "/-/search", "/-/search", "/-/search.json", "/-/search/advanced", "ARTICLE", "/-/concordance", "/-/concordance.json",
    "/-/concordance.csv",
]  # fmt: skip
#: What the desk's own templates never print; event handlers are found by their names.
FORBIDDEN = {"script", "svg", "iframe", "object", "embed", "base", "style"}


class Page(HTMLParser):
    """Collects what must not be there."""

    def __init__(self):
        super().__init__()
        self.wrong = []

    def handle_starttag(self, tag, attributes):
        if tag in FORBIDDEN or (tag == "img" and dict(attributes).get("src") == "x"):
            self.wrong.append(tag)
        for name, value in attributes:
            is_address = name in {"href", "src", "action", "formaction"}
            if name.startswith("on") or name == "style":
                self.wrong.append(f"{tag} {name}")
            if is_address and (value or "").strip().lower().startswith("javascript:"):
                self.wrong.append(f"{tag} {name}={value}")


def written(chance):
    text = " ".join(chance.choices(PIECES, k=chance.randint(1, 4)))
    kind = chance.random()
    if kind < 0.1:
        return quote_from_bytes(chance.randbytes(chance.randint(1, 30)))
    if kind < 0.15:
        return text.replace("#", "").replace(" ", "+").encode("ascii", "ignore").decode().strip()
    return quote(text)


def address(chance, article):
    path = chance.choice(PATHS).replace("ARTICLE", article)
    names = ["q", *chance.choices(NAMES, k=chance.randint(0, 3))]
    pairs = [f"{quote(name)}={written(chance)}" for name in names]
    pairs.append(f"lang={chance.choice(('vi', 'en'))}")
    return f"{path}?{'&'.join(pairs)}"


# a slow machine answers ten a second
@pytest.mark.timeout(60 + ASKED // 10 * 3)
def test_odd_queries_are_answered_and_print_no_markup(demo):
    article = demo.get("/-/search.json?q=quân").json()["results"][0]["id"]
    chance = random.Random(SEED)
    for _ in range(ASKED):
        asked = address(chance, f"/-/article/{article}")
        asked = "".join(x if "!" <= x <= "~" else quote(x) for x in asked)
        # longer ones the test client refuses to send
        asked = asked[:60_000]
        response = demo.get(asked)
        assert response.status_code in {200, 302, 400}, (response.status_code, asked[:2_000])
        if "html" in response.headers.get("content-type", ""):
            page = Page()
            page.feed(response.text)
            assert not page.wrong, (page.wrong, asked[:2_000])
