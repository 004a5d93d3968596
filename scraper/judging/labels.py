"""The file of a sample: one JSON object a line, first the items, then the labels as they are given.

A label is one line, written and synced at once; nothing that is in the file is ever changed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

LABELS: Final = (0, 1, 2)


@attrs.frozen(kw_only=True)
class Item:
    """One article to be labelled."""

    id: str
    site: str
    url: str
    published_at: str | None
    title: str
    lead: str | None
    #: Before, term and after of the places that name the militia.
    snippets: tuple[tuple[str, str, str], ...]
    score: float
    level: int
    stratum: str
    #: Articles in the stratum.
    population: int


@attrs.frozen(kw_only=True)
class Label:
    """What one reader says of one item: 0 none or foreign, 1 mentions the militia, 2 is about it."""

    item: str
    reader: str
    label: int


@attrs.frozen(kw_only=True)
class Sample:
    """A sample file as read."""

    items: tuple[Item, ...]
    #: reader -> item id -> label; a label given again takes the place of the first.
    labels: dict[str, dict[str, int]]

    def open_items(self, reader: str) -> list[Item]:
        """Items this reader has not labelled yet."""
        done = self.labels.get(reader, {})
        return [item for item in self.items if item.id not in done]


def write_sample(path: Path, items: Iterable[Item]) -> None:
    """Write a new file. Raises UsageError when the file exists or cannot be written."""
    try:
        with path.open("xb") as file:
            for item in items:
                file.write(_line("item", item))
    except FileExistsError as error:
        raise UsageError(
            f"{path} exists, and may hold labels; give another name with --out"
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def append_label(path: Path, label: Label) -> None:
    """Add one label at the end of the file, in one write. Raises UsageError when it cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, _line("label", label))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def read_sample(path: Path) -> Sample:
    """The items and labels of a file. Raises UsageError naming the first line that is neither."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; make a sample with `dqtv judge sample`"
        ) from error
    items: dict[str, Item] = {}
    labels: dict[str, dict[str, int]] = {}
    for number, line in enumerate(lines, 1):
        try:
            read = _read(orjson.loads(line), items.keys())
            if isinstance(read, Item):
                items[read.id] = read
            else:
                labels.setdefault(read.reader, {})[read.item] = read.label
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                f"{path}, line {number} is no item and no label ({error}); mend or remove that line"
            ) from error
    if not items:
        raise UsageError(f"{path} holds no items; make a sample with `dqtv judge sample`")
    return Sample(items=tuple(items.values()), labels=labels)


def _line(kind: str, value: attrs.AttrsInstance) -> bytes:
    return orjson.dumps({"kind": kind, **attrs.asdict(value)}) + b"\n"


def _read(values: Any, known: Container[str]) -> Item | Label:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(values, dict):
        raise TypeError("it is no object")
    kind = values.pop("kind", None)
    if kind == "label":
        label = Label(**values)
        if label.label not in LABELS or isinstance(label.label, bool):
            raise ValueError(f"{label.label!r} is none of 0, 1, 2")
        if not isinstance(label.reader, str) or not label.reader.strip():
            raise ValueError("it names no reader")
        if label.item not in known:
            raise ValueError(f"no item {label.item} stands above it")
        return label
    if kind == "item":
        snippets = tuple(
            (str(before), str(term), str(after)) for before, term, after in values.pop("snippets")
        )
        item = Item(snippets=snippets, **values)
        float(item.score), int(item.level), int(item.population)
        return item
    raise ValueError(f"kind {kind!r}")
