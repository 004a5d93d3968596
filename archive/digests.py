"""Digests that WARC records state of themselves, checked piece by piece."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

_KNOWN: Final = frozenset({"sha256", "sha1", "md5"})


class StatedDigest:
    """A digest such as ``sha256:<hex>`` or ``sha1:<base32>``, and the bytes it should be of."""

    def __init__(self, stated: str | None) -> None:
        self.stated = stated
        algorithm, _, self._value = (stated or "").partition(":")
        known = algorithm in _KNOWN
        self._digest = hashlib.new(algorithm, usedforsecurity=False) if known else None

    def update(self, content: bytes) -> None:
        """Take in the next piece."""
        if self._digest is not None:
            self._digest.update(content)

    @property
    def fits(self) -> bool:
        """False when the bytes are others; True as well where the algorithm is none we know."""
        if self._digest is None:
            return True
        digest = self._digest.digest()
        return self._value == digest.hex() or self._value == base64.b32encode(digest).decode()
