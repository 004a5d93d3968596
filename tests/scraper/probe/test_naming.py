"""Id and province of a paper, from its host and its name."""

from __future__ import annotations

import pytest

from archive.errors import NotExplored
from scraper.probe.naming import plain_name, proposed_id, province_in


@pytest.mark.parametrize(
    ("host", "name", "expected"),
    [
        ("baocaobang.vn", None, "baocaobang"),
        ("www.baocantho.com.vn", None, "baocantho"),
        ("phuyen.baodaklak.vn", None, "phuyen-baodaklak"),
        ("baovidu.vn:8080", None, "baovidu"),
        ("127.0.0.1:9014", "Báo Biển Xanh", "baobienxanh"),
    ],
)
def test_the_id_comes_from_the_host_or_for_a_bare_address_from_the_name(host, name, expected):
    assert proposed_id(host, name) == expected


def test_without_host_name_and_name_there_is_no_id():
    with pytest.raises(NotExplored, match="--id"):
        proposed_id("127.0.0.1:80", None)


def test_the_province_is_named_only_where_the_papers_name_holds_one():
    assert province_in(["Báo Cao Bằng điện tử"]) == "Cao Bằng"
    assert province_in(["Cổng thông tin", "Báo Hà Giang"]) == "Tuyên Quang"
    assert province_in(["Báo Biển Xanh", "Sài Gòn Giải Phóng"]) is None


def test_the_edition_is_no_part_of_the_name():
    assert plain_name("Báo Cần Thơ Online") == "Báo Cần Thơ"
    assert plain_name("Báo Cần Thơ") == "Báo Cần Thơ"
