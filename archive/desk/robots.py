"""``/robots.txt``: what search engines may read of the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from datasette.utils.asgi import Response

from archive.desk.viewer import PLUGIN

if TYPE_CHECKING:
    from datasette.app import Datasette

#: Key of this plugin's configuration: True lets search engines read home and article pages.
KEY: Final = "public"
#: Searches, tables and comparisons have endless addresses; articles are what readers look for.
_OPEN: Final = ("/$", "/-/article/", "/-/downloads$", "/-/desk/")


async def robots(datasette: Datasette) -> Response:
    """Home, articles and the list of releases on a public desk; nothing on any other."""
    config = datasette.plugin_config(PLUGIN)
    is_public = isinstance(config, dict) and config.get(KEY) is True
    allowed = [f"Allow: {datasette.urls.path(path)}" for path in _OPEN] if is_public else []
    lines = ["User-agent: *", *allowed, "Disallow: /"]
    return Response.text("\n".join(lines) + "\n", headers={"Cache-Control": "max-age=3600"})


ROUTES: Final = ((r"^/robots\.txt$", robots),)
