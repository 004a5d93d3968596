"""The desk as a plugin among others: Datasette's own error pages, and pages of plugins that people add."""

import asyncio

import pytest
from bs4 import BeautifulSoup
from datasette import handle_exception
from datasette.plugins import pm

from archive.desk.language import say

OWN_HANDLER = "datasette.handle_exception"


@pytest.fixture
def as_started(demo_snapshot, plain, browse):
    """Plain Datasette on the demo stories as ``datasette serve`` starts it: with its own handler of errors."""
    # desks built before in this process have taken it out
    taken_out = not pm.has_plugin(OWN_HANDLER)
    if taken_out:
        pm.register(handle_exception, OWN_HANDLER)
    yield browse(plain(demo_snapshot))
    if taken_out:
        pm.unregister(name=OWN_HANDLER)


@pytest.mark.parametrize("path", ["/nope", "/-/article/songmay:0", "/nope/articles/1"])
def test_a_missing_page_is_missing_on_plain_datasette(as_started, path):
    answer = as_started.get(f"{path}?lang=en")
    assert answer.status_code == 404
    assert BeautifulSoup(answer.text, "lxml").html["lang"] == "en"


def test_a_page_that_a_plugin_renders_for_no_request_stands_in_the_desks_frame(as_started):
    async def render():
        await as_started.app.invoke_startup()
        return await as_started.app.render_template(["base.html"], {})

    page = BeautifulSoup(asyncio.run(render()), "lxml")
    assert page.select_one("header a[href='/-/coverage']") is not None


#: Module of a plugin -> a page of its own, with what stands in it.
PLUGINS = {
    "datasette_atom": ("/DATABASE.atom?sql=select+1", say("vi", "error.forbidden")),
    "datasette_block_robots": ("/robots.txt", "Disallow: /"),
    "datasette_dashboards": ("/-/dashboards", "Dashboards"),
    "datasette_export_notebook": ("/DATABASE/articles.Notebook", "pandas"),
    "datasette_template_sql": ("/", "DQTV"),
}


@pytest.mark.parametrize("module", PLUGINS)
def test_the_desk_works_beside_a_plugin_that_people_add(as_started, demo_snapshot, module):
    pytest.importorskip(module, reason=f"{module} is not installed")
    for own in ("/", "/-/search?q=dan+quan", "/-/coverage", "/-/timeline?q=dan+quan"):
        assert as_started.get(own).status_code == 200
    path, words = PLUGINS[module]
    assert words in as_started.get(path.replace("DATABASE", demo_snapshot.stem)).text
