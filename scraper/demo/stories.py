"""The fictional articles of the demo press: read from ``stories/*.toml`` into values.

A story is what an editor typed; how a CMS prints it is the job of ``cms/``.
"""

from __future__ import annotations

import enum
import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from archive.instants import VIETNAM
from archive.vietnamese import fold, normalise_tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

_STORIES = Path(__file__).with_name("stories")
_SUBHEAD_MARK = "## "


class BlockKind(enum.StrEnum):
    """What one printed block of a story is."""

    PARAGRAPH = "paragraph"
    SUBHEAD = "subhead"
    FIGURE = "figure"
    #: A caption printed a second time as if it were a paragraph.
    REPEATED_CAPTION = "repeated_caption"


@attrs.frozen(kw_only=True)
class StoryFigure:
    """A picture of a story; there is no image behind it."""

    #: Printed after this many entries of the body; 0 = before the first.
    after: int
    caption: str
    credit: str | None = None
    #: The editor pasted the caption into the text as well.
    repeat: bool = False

    @property
    def printed(self) -> str:
        """Caption and credit in one line, as papers print them."""
        return self.caption if self.credit is None else f"{self.caption} {self.credit}"


@attrs.frozen(kw_only=True)
class Block:
    """One block of a story in the order of printing."""

    kind: BlockKind
    text: str
    figure: StoryFigure | None = None


@attrs.frozen(kw_only=True, slots=False)
class Story:
    """One article before any CMS has touched it; all text is plain NFC."""

    #: The CMS's own number, unique within the paper.
    number: int
    #: The paper's key: ``songmay``, ``culao`` ...
    paper: str
    #: Why it is here: ``militia``, ``mention``, ``foreign``, ``police`` ...
    kind: str
    #: What a careful reader would say: 2 about Vietnam's militia, 1 mentions it, 0 neither.
    level: int
    section: str
    title: str
    sapo: str | None = None
    #: Aware, +07:00.
    published: datetime
    byline: str | None = None
    tags: tuple[str, ...] = ()
    #: Paragraphs; sub-headings start with ``## ``.
    body: tuple[str, ...] = ()
    figures: tuple[StoryFigure, ...] = ()
    #: Paper and number of the story this one repeats: ``songmay-3162001``; its body is that one's.
    reprint_of: str | None = None

    @cached_property
    def slug(self) -> str:
        """The title as CMSs put it into an address: ``nha-ba-doi-ao-dan-quan``."""
        return slug(self.title)

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The body as an archive should keep it: sub-headings without their mark, no captions."""
        return tuple(entry.removeprefix(_SUBHEAD_MARK) for entry in self.body)

    @property
    def lead(self) -> str:
        """What cards and feeds show under the headline."""
        return self.sapo or self.body[0]

    def blocks(self) -> Iterator[Block]:
        """Everything the body container prints, in order, byline apart."""
        yield from self._figures_after(0)
        for position, entry in enumerate(self.body, start=1):
            kind = BlockKind.SUBHEAD if entry.startswith(_SUBHEAD_MARK) else BlockKind.PARAGRAPH
            yield Block(kind=kind, text=entry.removeprefix(_SUBHEAD_MARK))
            yield from self._figures_after(position)

    def _figures_after(self, position: int) -> Iterator[Block]:
        for figure in self.figures:
            if figure.after == position:
                yield Block(kind=BlockKind.FIGURE, text=figure.printed, figure=figure)
                if figure.repeat:
                    yield Block(kind=BlockKind.REPEATED_CAPTION, text=figure.printed)


def load_stories(folder: Path = _STORIES) -> tuple[Story, ...]:
    """All stories of *folder*, by paper and number; raises ValueError naming the file at fault."""
    tables = {path.stem: _read(path) for path in folder.glob("*.toml")}
    stories = []
    for name, table in tables.items():
        try:
            stories.append(_story(dict(table), tables))
        except (TypeError, KeyError) as error:
            raise ValueError(f"{name}.toml: {error}") from error
    return tuple(sorted(stories, key=lambda story: (story.paper, story.number)))


def slug(text: str) -> str:
    """*text* without marks, lower case, words joined by hyphens."""
    return "-".join("".join(c if c.isalnum() else " " for c in fold(text)).split())


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _story(table: dict[str, Any], tables: Mapping[str, dict[str, Any]]) -> Story:
    original = table.get("reprint_of")
    body = table.pop("body") if original is None else _reprinted(table, tables[original]["body"])
    return Story(
        number=table.pop("id"),
        published=table.pop("published").replace(tzinfo=VIETNAM),
        tags=tuple(table.pop("tags", ())),
        body=tuple(body),
        figures=tuple(StoryFigure(**figure) for figure in table.pop("figures", ())),
        **table,
    )


def _reprinted(table: dict[str, Any], body: Sequence[str]) -> list[str]:
    """The body of another paper's story as a second desk prints it.

    ``without`` counts the entries left out, from 1; ``opening`` is put before the first one left;
    ``tones = "first"`` writes hòa for hoà.
    """
    left_out = table.pop("without", ())
    kept = [text for place, text in enumerate(body, start=1) if place not in left_out]
    kept[0] = table.pop("opening", "") + kept[0]
    if table.pop("tones", None) == "first":
        kept = [normalise_tone(text) for text in kept]
    return kept
