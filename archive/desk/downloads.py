"""``/-/downloads``: the releases with sizes, checksums, citation and code, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from archive.desk import answers, failures, releases, served
from archive.desk.file_answer import answer_file
from archive.desk.visit import Visit
from archive.release.snippets import loading

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response

    from archive.desk.releases import FoundRelease


async def downloads_page(datasette: Datasette, request: Request) -> Response:
    """Every release, the newest first."""
    visit = Visit.of(datasette, request)
    found = releases.find_all(datasette)
    return await answers.page(
        visit,
        "downloads",
        await served.find(datasette),
        releases=[(release, _code(visit, release)) for release in found],
        address=lambda release, file: _address(visit, release, file.path),
    )


async def download(request: Request, datasette: Datasette) -> Response:
    """One file of a release, or a part of it; only what the release's checksums name."""
    if request.method not in {"GET", "HEAD"}:
        return await failures.missing(datasette, request)
    release = releases.find(datasette, request.url_vars["release"])
    file = release.file(request.url_vars["path"]) if release is not None else None
    if release is None or file is None:
        return await failures.missing(datasette, request)
    path = release.folder / file.path
    return answer_file(request, path, sha256=file.sha256, snapshot=release.snapshot)


def _address(visit: Visit, release: FoundRelease, path: str) -> str:
    return visit.absolute(f"/-/downloads/{quote(release.name)}/{quote(path)}")


def _code(visit: Visit, release: FoundRelease) -> list[tuple[str, str]]:
    paths = [file.path for file in release.files if _is_of_articles(file.path)]
    addresses = [_address(visit, release, path) for path in paths]
    return [(program, code) for program, _, code in loading(addresses)]


def _is_of_articles(path: str) -> bool:
    return path.startswith("data/articles.") or path == "data/dqtv.db"


ROUTES: Final = (
    (r"^/-/downloads$", downloads_page),
    (r"^/-/downloads/(?P<release>[^/]+)/(?P<path>.+)$", download),
)
