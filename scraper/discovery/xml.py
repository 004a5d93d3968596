"""Safe, forgiving parsing of the XML that newspapers send: no entities, no network, broken tags mended."""

from __future__ import annotations

import gzip
import zlib
from typing import Final

from lxml import etree

#: Sitemaps may hold 50 MB (sitemaps.org); more is refused.
MAX_BYTES: Final = 52_428_800


class UnreadableXml(ValueError):
    """The bytes hold no XML element."""


def parse_xml(body: bytes) -> etree._Element:
    """Root element of *body*, which may be gzip-compressed.

    Raises UnreadableXml when nothing can be read, or the document is larger than `MAX_BYTES`.
    """
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    root = etree.fromstring(_unzip(body).strip(), parser=parser) if body.strip() else None
    if root is None:
        raise UnreadableXml("no XML element found")
    return root


def _unzip(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        unpacked = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(body, MAX_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableXml(f"broken gzip data: {error}") from error
    if len(unpacked) > MAX_BYTES:
        raise UnreadableXml(f"more than {MAX_BYTES} bytes after unpacking")
    return unpacked


def local_name(element: etree._Element) -> str:
    """Tag name without its namespace; empty for comments and processing instructions."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
