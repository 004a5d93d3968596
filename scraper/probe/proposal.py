"""From a first look to a site file: family or selectors, seeds, names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import NotExplored
from scraper.extract.page import read_page
from scraper.probe.addresses import path_of
from scraper.probe.layout import propose_layout
from scraper.probe.naming import paper_names, plain_name, proposed_id, province_in
from scraper.probe.recognise import Recognition, recognise
from scraper.probe.site_file import read_site, toml_text
from scraper.process import process
from scraper.sites.build import DEFAULT_DELAY_S, SHORTEST_DELAY_S
from scraper.sites.seeds import term_slug

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.model import Accepted, Capture, Rejected
    from scraper.probe.look import Look
    from scraper.probe.sections import Section
    from scraper.sites.spec import Family, SiteSpec

_EXAMPLES: Final = 3
#: Of the articles looked at, so many must have a text and a date: shops and offices have neither.
_NEWS: Final = 0.5
_FEWEST_PARAGRAPHS: Final = 2


@attrs.frozen(kw_only=True)
class Proposal:
    """A site file that could be written."""

    site: SiteSpec
    text: str
    recognition: Recognition | None
    #: What the pages looked at give when read by it.
    outcomes: tuple[Accepted | Rejected, ...]
    requests: int


def propose(
    look: Look,
    families: Mapping[str, Family],
    *,
    site_id: str | None,
    delay_s: float,
    requests: int,
    on_day: str,
) -> Proposal:
    """A site file for the paper that was looked at; *on_day* is printed in it.

    Raises NotExplored when its pages are no articles.
    """
    names = paper_names(look.home, look.articles)
    recognition = recognise([read_page(x) for x in look.articles], families)
    draft = _Draft(
        look=look, families=families, names=names, recognition=recognition, delay_s=delay_s,
        site_id=site_id or proposed_id(look.domains[0], plain_name(names[0]) if names else None),
        on_day=on_day, requests=requests,
    )  # fmt: skip
    site, text = draft.finished()
    captures = [attrs.evolve(x, site=site.id) for x in look.articles]
    family = families.get(site.family or "")
    outcomes = tuple(process(x, site, family) for x in captures)
    _check_news(look, outcomes)
    return Proposal(
        site=site, text=text, recognition=recognition, outcomes=outcomes, requests=requests
    )


def _check_news(look: Look, outcomes: Sequence[Accepted | Rejected]) -> None:
    articles = [x.article for x in outcomes if x.article is not None]
    texts = sum(len(x.body) >= _FEWEST_PARAGRAPHS for x in articles)
    dated = sum(x.published_at is not None for x in articles)
    if min(texts, dated) >= _NEWS * len(outcomes):
        return
    lacking = "running text" if texts < dated else "a date of publication"
    raise NotExplored(
        f"{look.home.url} is no newspaper: of {len(outcomes)} pages that its links name only"
        f" {min(texts, dated)} have {lacking}"
    )


@attrs.frozen(kw_only=True)
class _Draft:
    look: Look
    families: Mapping[str, Family]
    names: Sequence[str]
    recognition: Recognition | None
    delay_s: float
    site_id: str
    on_day: str
    requests: int

    def finished(self) -> tuple[SiteSpec, str]:
        """The site and its file, with a layout where the CMS is unknown and one is worth having."""
        layout: dict[str, object] | None = None
        if self.recognition is None:
            captures = [attrs.evolve(x, site=self.site_id) for x in self.look.articles]
            layout = propose_layout(
                captures, self.names, self.look.address.headline_of, self._site_with
            )
        text = self._text(layout)
        return read_site(text, self.site_id, self.families), text

    def _site_with(self, layout: dict[str, object] | None) -> SiteSpec:
        return read_site(self._text(layout), self.site_id, self.families)

    def _text(self, layout: dict[str, object] | None) -> str:
        look = self.look
        family = self.recognition.family if self.recognition else None
        address = look.address.pattern
        if family is not None and _covers(family, look.articles):
            address = ""  # the family's own
        name = plain_name(self.names[0]) if self.names else self.site_id
        is_fast = self.delay_s < SHORTEST_DELAY_S
        return toml_text(
            self._comments(layout),
            {
                "id": self.site_id, "name": name, "province": province_in(self.names), "homepage": look.home.url,
                "domains": list(look.domains), "family": family.id if family else None,
                "delay_s": self.delay_s if self.delay_s != DEFAULT_DELAY_S else None,
                "note": "delay_s is below one second: a server of our own." if is_fast else None,
                "own_names": list(dict.fromkeys([name, *self.names])),
                "article_url": address,
                "examples": [x.url for x in look.articles[:_EXAMPLES]],
                "seeds": list(_seeds(look)), "layouts": [layout] if layout else [],
            },
        )  # fmt: skip

    def _comments(self, layout: dict[str, object] | None) -> list[str]:
        count = len(self.look.articles)
        lines = [
            f"Proposed by `dqtv sites new` on {self.on_day} from {count} articles of {self.look.home.url}.",
            "Not checked by a person yet. Is the province right? Are the sections too many or too few?",
        ]
        if self.recognition is not None:
            seen = self.recognition
            lines.append(
                f"Family {seen.family.id} by {', '.join(seen.marks)} on {seen.pages} of {seen.looked_at} pages."
            )
        elif layout is None:
            lines.append(
                "CMS unknown; no selectors were sure enough, so the generic path reads it."
            )
        else:
            lines.append("CMS unknown; article_url and selectors are what these pages share.")
        return lines


def _covers(family: Family, articles: Sequence[Capture]) -> bool:
    hits = sum(any(x.search(path_of(y.url)) for x in family.article_url) for y in articles)
    return hits == len(articles)


def _seeds(look: Look) -> list[dict[str, object]]:
    seeds: list[dict[str, object]] = [
        {"id": _numbered(kind, at), "kind": kind, "url": url, "scope": "everything"}
        for kind, urls in (("feed", look.feeds), ("sitemap", look.sitemaps))
        for at, url in enumerate(urls)
    ]
    taken = {str(seed["id"]) for seed in seeds} | {"home"}
    for section in look.sections:
        seed = _section_seed(section)
        if seed["id"] not in taken:
            taken.add(str(seed["id"]))
            seeds.append(seed)
    return [*seeds, {"id": "home", "kind": "home", "url": look.home.url}]


def _numbered(kind: str, at: int) -> str:
    return kind if at == 0 else f"{kind}-{at + 1}"


def _section_seed(section: Section) -> dict[str, object]:
    seed: dict[str, object] = {
        "id": term_slug(section.name),
        "kind": "listing",
        "url": section.paging.url(section.url) if section.paging else section.url,
        "first_url": section.url if section.paging else None,
        "max_pages": None if section.paging else 1,
        "scope": None if section.is_defence else "everything",
        "section": section.name,
    }
    return seed
