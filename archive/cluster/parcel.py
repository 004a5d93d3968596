"""Parcels of a replay: stored pages of one paper, cut out of their WARC files, that one worker reads at a time.

At the hub a parcel is ``replay/<name>/``: the records in one file, as they lie in the archive, and the order, which
says what they are and by what they are to be read. A large WARC file becomes several parcels, small ones share one.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, Final

import attrs
import orjson

from archive.errors import ArchiveError
from archive.model import RecordLocation
from archive.readings import StoredCapture
from archive.template import LayoutTemplate
from archive.warc_files import OPEN_SUFFIX, refusals

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from archive.cluster.hub import Hub
    from archive.template import Template

#: Folder at the hub, and the files in a parcel's own.
FOLDER: Final = "replay"
RECORDS: Final = "records.warc.gz"
ORDER: Final = "order.json"
VERSION: Final = 1
#: Longest order: a page is some 300 bytes, a template some megabytes at most.
_LONGEST: Final = 64 << 20


@attrs.frozen(kw_only=True)
class ParcelPage:
    """A capture, and where its payload lies when that is another record."""

    capture: StoredCapture
    payload: RecordLocation | None = None


@attrs.frozen(kw_only=True)
class Order:
    """What a worker is asked to read."""

    name: str
    site: str
    #: Hex, of the records.
    sha256: str
    #: What the pages are read by: files and programs -> digest or version.
    rules: dict[str, str]
    template: Template
    #: Their places are those in the file of records.
    pages: tuple[ParcelPage, ...]

    def to_bytes(self) -> bytes:
        """As it lies at the hub."""
        values = {
            "version": VERSION,
            "name": self.name,
            "site": self.site,
            "sha256": self.sha256,
            "rules": self.rules,
            "template": template_values(self.template),
            "pages": [_page_values(page) for page in self.pages],
        }
        return orjson.dumps(values)


def read_order(content: bytes) -> Order:
    """Read an order. Raises ArchiveError for one of another version, and for none."""
    try:
        values = orjson.loads(content)
        if values["version"] != VERSION:
            raise ArchiveError(
                f"the replay's order has version {values['version']}, and {VERSION} is known here; let all"
                " machines run the same version of this program"
            )
        site = values["site"]
        return Order(
            name=values["name"],
            site=site,
            sha256=values["sha256"],
            rules=values["rules"],
            template=read_template(values["template"]),
            pages=tuple(_read_page(site, page) for page in values["pages"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ArchiveError(f"the replay's order cannot be read ({error!r})") from error


def template_values(template: Template) -> dict[str, Any]:
    """A template as JSON holds it."""
    return {
        name: {"voters": sorted(layout.voters), "counts": dict(layout.counts)}
        for name, layout in template.items()
    }


def read_template(values: dict[str, Any]) -> Template:
    """The template that `template_values` gave."""
    return {
        name: LayoutTemplate(voters=frozenset(layout["voters"]), counts=layout["counts"])
        for name, layout in values.items()
    }


def _page_values(page: ParcelPage) -> list[Any]:
    capture, payload = page.capture, page.payload
    place = [capture.location.offset, capture.location.length]
    elsewhere = None if payload is None else [payload.offset, payload.length]
    return [capture.id, capture.url, *place, capture.payload_elsewhere, elsewhere]


def _read_page(site: str, values: list[Any]) -> ParcelPage:
    capture_id, url, offset, length, digest, elsewhere = values
    return ParcelPage(
        capture=StoredCapture(
            id=capture_id, site=site, url=url, location=_in_records(offset, length), payload_elsewhere=digest
        ),
        payload=None if elsewhere is None else _in_records(*elsewhere),
    )  # fmt: skip


def _in_records(offset: int, length: int) -> RecordLocation:
    return RecordLocation(warc_file=RECORDS, offset=int(offset), length=int(length))


# -- the hub's side ---------------------------------------------------------------------------------


def cut(
    warc_folder: Path, pages: Iterable[ParcelPage], path: Path
) -> tuple[str, tuple[ParcelPage, ...]]:
    """Copy the records of *pages* into the file *path*: its hex SHA-256, and the pages with their new places.

    Pages whose records are not there are left out: who has the archive says what is wrong with them. Each record
    is copied once and as it is, every one being a gzip member of its own. Raises ArchiveUnwritable.
    """
    found: list[ParcelPage] = []
    with refusals(path), path.open("wb") as file:
        cutter = _Cutter(warc_folder)
        for page in pages:
            own = cutter.copy(page.capture.location, file.write)
            payload = None if page.payload is None else cutter.copy(page.payload, file.write)
            is_missing = own is None or (page.payload is not None and payload is None)
            if own is not None and not is_missing:
                capture = attrs.evolve(page.capture, location=own)
                found.append(ParcelPage(capture=capture, payload=payload))
        file.flush()
        os.fsync(file.fileno())
    return cutter.sha256.hexdigest(), tuple(found)


class _Cutter:
    """Copies records one after another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copied: dict[RecordLocation, RecordLocation] = {}
        self._end = 0
        self.sha256 = hashlib.sha256()

    def copy(self, place: RecordLocation, write: Any) -> RecordLocation | None:  # noqa: ANN401 - the method of a file
        """Where the record lies in the new file; None where its bytes are not there."""
        if place in self._copied:
            return self._copied[place]
        packed = self._read(place)
        if packed is None or len(packed) != place.length:
            return None
        write(packed)
        self.sha256.update(packed)
        copied = _in_records(self._end, place.length)
        self._copied[place] = copied
        self._end += place.length
        return copied

    def _read(self, place: RecordLocation) -> bytes | None:
        path = self._folder / place.warc_file
        try:
            with (path if path.exists() else path.with_name(path.name + OPEN_SUFFIX)).open(
                "rb"
            ) as file:
                file.seek(place.offset)
                return file.read(place.length)
        except OSError:
            return None


def put(hub: Hub, order: Order, records: Path, order_copy: Path) -> None:
    """Lay a parcel ready, its order last. Raises HubUnreachable, ArchiveUnwritable."""
    with refusals(order_copy):
        order_copy.write_bytes(order.to_bytes())
    hub.place.put(records, f"{FOLDER}/{order.name}/{RECORDS}")
    hub.place.put(order_copy, f"{FOLDER}/{order.name}/{ORDER}")


def remove(hub: Hub, name: str) -> None:
    """Take a parcel away, its order first. Raises HubUnreachable."""
    for file in (ORDER, RECORDS):
        hub.place.remove(f"{FOLDER}/{name}/{file}")
    hub.place.tidy(f"{FOLDER}/{name}")


def names(hub: Hub) -> set[str]:
    """Names of the parcels of which something lies at the hub. Raises HubUnreachable."""
    return {name.split("/")[1] for name in hub.place.files(FOLDER)}


# -- a worker's side --------------------------------------------------------------------------------


def fetch(hub: Hub, name: str, folder: Path) -> Order | None:
    """Copy a parcel into *folder*; None where it is there no more. Raises HubUnreachable, ArchiveError."""
    try:
        order = read_order(hub.place.read(f"{FOLDER}/{name}/{ORDER}", _LONGEST))
        sha256 = hub.place.fetch(f"{FOLDER}/{name}/{RECORDS}", folder / RECORDS)
    except FileNotFoundError:
        return None
    if sha256 != order.sha256:
        raise ArchiveError(
            f"the records of the parcel {name} do not fit their checksum; they are fetched again"
        )
    return order
