"""Listings that a page's script loads as JSON: bytes to links, by a dotted path from the site file."""

from __future__ import annotations

import orjson

from scraper.discovery.links import all_absolute


class UnreadableJson(ValueError):
    """The answer is no JSON, or holds nothing at the path."""


def read_json_listing(body: bytes, base_url: str, items: str) -> list[str]:
    """Absolute addresses found at *items*, such as ``data[].link`` (``[]`` steps into a list).

    Raises UnreadableJson when the answer is no JSON or has another shape than the path says.
    """
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableJson(f"no JSON: {error}") from error
    values = [value]
    for step in items.split("."):
        values = _step(values, step, items)
    links = (link for link in values if isinstance(link, str) and link.strip())
    return all_absolute(base_url, links)


def _step(values: list[object], step: str, items: str) -> list[object]:
    name, is_list = step.removesuffix("[]"), step.endswith("[]")
    reached: list[object] = []
    for value in values:
        if not isinstance(value, dict) or name not in value:
            raise UnreadableJson(f"no {name!r} on the path {items!r}")
        child = value[name]
        if is_list and not isinstance(child, list):
            raise UnreadableJson(f"{name!r} on the path {items!r} is no list")
        reached.extend(child if is_list else [child])
    return reached
