"""Marks that a template engine or Word left in the text and that nobody was meant to read."""

from __future__ import annotations

import re
from typing import Final

#: ``{{ article.title }}``, ``{{{raw}}}``, ``{% if x %}``; also one that is never closed.
_TEMPLATE: Final = re.compile(r"\{{2,3}[^{}]{0,300}(?:\}{2,3}|$)|\{%[^{}]{0,300}(?:%\}|$)")
#: ``<_o3a_p>`` is ``<o:p>`` after a file name's rules; both are text to a parser when escaped.
_WORD_TAG: Final = re.compile(
    r"</?(?:_?(?:[ovwm]|st1)(?:_3a_|3a_|:)\w{1,40}|\?xml(?::namespace)?)\b[^<>]{0,300}>",
    re.IGNORECASE,
)
_WORD_COMMENT: Final = re.compile(
    r"<!--\s*\[if\b(?:(?!<!--).){0,20000}?<!\s*\[endif\]\s*-->|<!(?:--)?\s*\[(?:if\b[^\]<>]{0,80}|endif)\]\s*(?:--)?>"
    r"|(?:<!--\s*)?/\*\s*(?:Style|Font) Definitions\s*\*/(?:[^{}]{0,200}\{[^{}]{0,2000}\})+\s*(?:-->)?",
    re.DOTALL | re.IGNORECASE,
)
#: What Word writes about a document, without its tags: "Normal 0 false false false EN-US X-NONE X-NONE".
_WORD_SETTINGS: Final = re.compile(
    r"^\s*(?:Normal\s+)?0\s+(?:[\d.]+\s+(?:pt\s+)?){0,4}(?:(?:false|true)\s+){2,4}(?:[A-Z]{2}-[A-Z]{2}\s*|X-NONE\s*){0,4}"
    r"(?:MicrosoftInternetExplorer\d\s*)?",
)


def without_debris(text: str) -> str:
    """*text* without unfilled template marks and without what Word adds to a document."""
    if "{{" in text or "{%" in text:
        text = _TEMPLATE.sub(" ", text)
    if "<" in text:
        text = _WORD_TAG.sub("", _WORD_COMMENT.sub(" ", text))
    if "Definitions */" in text:
        text = _WORD_COMMENT.sub(" ", text)
    if "false " in text:
        text = _WORD_SETTINGS.sub("", text)
    return text


def may_hold_debris(text: str) -> bool:
    """A quick look: False for text that ``without_debris`` would not change."""
    return "{" in text or "<" in text or "false " in text
