"""When two addresses are the same page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.addresses import url_key

SAME = [
    ("http://baoviDu.example/A-1.html", "https://www.baovidu.example/A-1.html"),
    ("https://baovidu.example/tin/", "https://baovidu.example/tin"),
    ("https://baovidu.example/tin#binh-luan", "https://baovidu.example/tin"),
    ("https://baovidu.example/a?utm_source=zalo&id=3&fbclid=x", "https://baovidu.example/a?id=3"),
    ("https://baovidu.example:443/a", "https://baovidu.example/a"),
]
DIFFERENT = [
    ("https://baovidu.example/tin?p=1", "https://baovidu.example/tin?p=2"),
    ("https://baovidu.example/A", "https://baovidu.example/a"),
    ("http://127.0.0.1:8011/", "http://127.0.0.1:8012/"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_address_share_a_key(one, other):
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_pages_keep_different_keys(one, other):
    assert url_key(one) != url_key(other)


@given(
    st.from_regex(
        r"https?://[a-z]{1,8}\.vn(/[a-z0-9-]{0,6}){0,4}(\?[a-z]=[0-9]{1,2}(&[a-z]=[0-9]{1,2}){0,2})?",
        fullmatch=True,
    )
)
def test_a_key_with_a_scheme_has_itself_as_key(url):
    assert url_key("https://" + url_key(url)) == url_key(url)
