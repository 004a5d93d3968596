"""What an article's page is built of: a digest of the elements around its text, to notice another design.

Pages of one template share it; a selector that is renamed, or a box put around the text, changes it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

#: Numbers in names are the article's, its section's or the day's.
_NUMBERS: Final = re.compile(r"\d+")
#: These carry the names of sections, tags and articles in many systems (WordPress' ``body_class``).
_NAMELESS: Final = frozenset({"html", "body"})


def skeleton(container: LexborNode) -> str:
    """16 hexadecimal digits of the path from the page's root to *container*: elements, ids and classes."""
    path = ">".join(_steps(container))
    return hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _steps(container: LexborNode) -> Iterator[str]:
    node: LexborNode | None = container
    while node is not None and node.is_element_node:
        tag = str(node.tag)
        if tag in _NAMELESS:
            yield tag
        else:
            attributes = node.attributes
            classes = sorted((attributes.get("class") or "").split())
            yield _NUMBERS.sub("", f"{tag}#{attributes.get('id') or ''}.{'.'.join(classes)}")
        node = node.parent
