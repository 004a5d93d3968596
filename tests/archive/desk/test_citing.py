"""Citation files and withdrawn articles on the desk."""

import rispy

from archive.desk.changeover import close_app
from archive.desk.serve import build_app
from archive.publish import publish
from archive.withdrawals import withdraw


def test_an_article_is_cited_in_three_formats(desk, story):
    browser = desk(story(id="songmay:1", title="Dân quân & tự vệ", authors=("Lê Ân",)))
    answer = browser.get("/-/article/songmay:1.ris")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="songmay_1.ris"'
    assert rispy.loads(answer.text)[0]["title"] == "Dân quân & tự vệ"
    assert browser.get("/-/article/songmay:1.bib").text.startswith("@article{songmay_1,")
    assert browser.get("/-/article/songmay:1.csl.json").json()[0]["id"] == "songmay:1"
    page = browser.get("/-/article/songmay:1").text
    assert "/-/article/songmay:1.ris" in page


def test_no_citation_of_an_article_that_is_not_there(desk, story):
    assert desk(story(id="songmay:1")).get("/-/article/songmay:2.ris").status_code == 404


def test_a_withdrawn_article_is_gone_with_its_reason(build, browse, story, tmp_path):
    build(story(id="songmay:1"), story(id="songmay:2"))
    withdraw(tmp_path / "archive", "songmay:1", reason="Sai tên người <b>.")
    app = build_app(publish(tmp_path / "archive").path)
    try:
        browser = browse(app)
        for language, said in (("en", "was withdrawn"), ("vi", "đã được rút")):
            page = browser.get(f"/-/article/songmay:1?lang={language}")
            assert page.status_code == 410
            assert said in page.text
            assert "Sai tên người &lt;b&gt;." in page.text
        assert browser.get("/-/article/songmay:1.json").status_code == 410
        assert browser.get("/-/article/songmay:1.bib").status_code == 410
    finally:
        close_app(app)
