"""Provinces through time: what a unit was called on a day, and what became of it."""

from __future__ import annotations

import tomllib
import unicodedata
from datetime import date

import pytest

from archive.provinces import (
    Unit,
    all_units,
    is_province,
    known_names,
    nearest_name,
    predecessors,
    province_of,
    province_on,
    province_today,
    units_on,
)

LAST_DAY_OF_63 = date(2025, 6, 30)
FIRST_DAY_OF_34 = date(2025, 7, 1)
TODAY = date(2026, 11, 24)
NOW_34 = {
    "Hà Nội", "Huế", "Hải Phòng", "Đà Nẵng", "Cần Thơ", "TP. Hồ Chí Minh", "Đồng Nai", "Lai Châu",
    "Điện Biên", "Sơn La", "Lạng Sơn", "Quảng Ninh", "Thanh Hóa", "Nghệ An", "Hà Tĩnh", "Cao Bằng",
    "Tuyên Quang", "Lào Cai", "Thái Nguyên", "Phú Thọ", "Bắc Ninh", "Hưng Yên", "Ninh Bình",
    "Quảng Trị", "Quảng Ngãi", "Gia Lai", "Khánh Hòa", "Lâm Đồng", "Đắk Lắk", "Tây Ninh",
    "Vĩnh Long", "Đồng Tháp", "Cà Mau", "An Giang",
}  # fmt: skip


def names_on(day):
    return [unit.name for unit in units_on(day)]


@pytest.mark.parametrize(
    ("day", "count"),
    [
        (date(2008, 7, 31), 64),
        (date(2008, 8, 1), 63),
        (date(2016, 3, 19), 63),
        (date(2025, 1, 1), 63),
        (LAST_DAY_OF_63, 63),
        (FIRST_DAY_OF_34, 34),
        (date(2026, 4, 30), 34),
        (TODAY, 34),
    ],
)
def test_every_day_has_its_number_of_units_each_name_once(day, count):
    names = names_on(day)

    assert len(names) == len(set(names)) == count


def test_the_34_of_today_are_these():
    assert set(names_on(TODAY)) == set(names_on(FIRST_DAY_OF_34)) == NOW_34


@pytest.mark.parametrize("name", names_on(LAST_DAY_OF_63))
def test_every_one_of_the_63_became_one_of_the_34(name):
    assert province_on(name, LAST_DAY_OF_63) == name
    assert province_on(name, FIRST_DAY_OF_34) == province_today(name)
    assert province_today(name) in NOW_34


@pytest.mark.parametrize("name", known_names())
def test_a_name_leads_back_to_itself_on_the_days_it_held(name):
    for unit in all_units():
        if unit.name == name:
            first = unit.valid_from or date(2008, 7, 31)
            last = date.fromordinal(unit.valid_to.toordinal() - 1) if unit.valid_to else TODAY
            assert province_on(name, first) == province_on(name, last) == name


@pytest.mark.parametrize("unit", all_units(), ids=lambda x: f"{x.name} {x.valid_from}")
def test_spans_follow_each_other_without_gap(unit):
    assert (unit.valid_to is None) == (unit.successor is None)
    if unit.valid_to is not None:
        followed = [
            x for x in all_units() if x.name == unit.successor and x.holds_on(unit.valid_to)
        ]
        assert [x.valid_from for x in followed] == [unit.valid_to]
    if unit.valid_from is not None:
        before = predecessors(unit)
        assert before
        assert len(before) == 1 or unit.name in [x.name for x in before]


def unit_on(name, day) -> Unit:
    [unit] = [x for x in units_on(day) if x.name == name]
    return unit


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("Phú Thọ", {"Phú Thọ", "Vĩnh Phúc", "Hòa Bình"}),
        ("TP. Hồ Chí Minh", {"TP. Hồ Chí Minh", "Bình Dương", "Bà Rịa - Vũng Tàu"}),
        ("Lâm Đồng", {"Lâm Đồng", "Đắk Nông", "Bình Thuận"}),
        ("Cà Mau", {"Cà Mau", "Bạc Liêu"}),
    ],
)
def test_a_merged_unit_has_its_predecessors(name, before):
    assert {x.name for x in predecessors(unit_on(name, FIRST_DAY_OF_34))} == before


@pytest.mark.parametrize(
    ("name", "day", "kind"),
    [
        ("Thừa Thiên Huế", date(2024, 12, 31), "tỉnh"),
        ("Huế", date(2025, 1, 1), "thành phố trực thuộc trung ương"),
        ("Đồng Nai", date(2026, 4, 29), "tỉnh"),
        ("Đồng Nai", date(2026, 4, 30), "thành phố trực thuộc trung ương"),
        ("Hà Nội", date(2008, 8, 1), "thành phố trực thuộc trung ương"),
        ("Cần Thơ", TODAY, "thành phố trực thuộc trung ương"),
        ("Cao Bằng", TODAY, "tỉnh"),
    ],
)
def test_a_unit_is_a_province_or_a_city_by_its_day(name, day, kind):
    assert unit_on(name, day).kind == kind


@pytest.mark.parametrize(
    ("day", "cities"), [(date(2020, 1, 1), 5), (LAST_DAY_OF_63, 6), (TODAY, 7)]
)
def test_so_many_cities_are_run_from_the_centre(day, cities):
    assert len([x for x in units_on(day) if x.kind.startswith("thành phố")]) == cities


@pytest.mark.parametrize(
    ("name", "day", "answer"),
    [
        ("Huế", date(2020, 1, 1), "Thừa Thiên Huế"),
        ("Huế", date(2024, 12, 31), "Thừa Thiên Huế"),
        ("Huế", date(2025, 1, 1), "Huế"),
        ("Thừa Thiên Huế", date(2025, 1, 1), "Huế"),
        ("Hà Giang", LAST_DAY_OF_63, "Hà Giang"),
        ("Hà Giang", FIRST_DAY_OF_34, "Tuyên Quang"),
        ("Tuyên Quang", date(2010, 5, 1), "Tuyên Quang"),
        ("Hà Tây", date(2008, 7, 31), "Hà Tây"),
        ("Hà Tây", date(2008, 8, 1), "Hà Nội"),
        ("Hà Nội", date(2001, 2, 3), "Hà Nội"),
        ("Bình Phước", TODAY, "Đồng Nai"),
        ("Bình Phước", date(2025, 12, 31), "Đồng Nai"),
        ("Cù Lao", TODAY, None),
        ("", TODAY, None),
    ],
)
def test_a_name_is_followed_to_the_day(name, day, answer):
    assert province_on(name, day) == answer


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Hoà Bình", "Phú Thọ"),
        ("Khánh Hoà", "Khánh Hòa"),
        ("thanh hóa", "Thanh Hóa"),
        (unicodedata.normalize("NFD", "Đắk Lắk"), "Đắk Lắk"),
        ("  Cao   Bằng ", "Cao Bằng"),
        ("Bà Rịa – Vũng Tàu", "TP. Hồ Chí Minh"),
        ("Bà Rịa-Vũng Tàu", "TP. Hồ Chí Minh"),
        ("Thừa Thiên - Huế", "Huế"),
        ("Thành phố Hồ Chí Minh", "TP. Hồ Chí Minh"),
        ("Hồ Chí Minh", "TP. Hồ Chí Minh"),
        ("TP.HCM", "TP. Hồ Chí Minh"),
    ],
)
def test_a_name_is_known_however_it_is_written(written, name):
    assert is_province(written)
    assert province_today(written) == name


@pytest.mark.parametrize("name", ["Cao Bang", "thành phố Cao Bằng", "Thục Phán", "Sông Mây", ""])
def test_what_is_no_name_of_a_province_is_none(name):
    assert not is_province(name)
    assert province_today(name) is None


def test_no_name_is_no_province():
    assert province_today(None) is None
    assert province_of(None, TODAY) is None
    assert province_of(None, None) is None


@pytest.mark.parametrize(
    ("name", "day", "answer"),
    [
        ("Hà Giang", date(2019, 9, 2), "Hà Giang"),
        ("Hà Giang", date(2025, 7, 1), "Tuyên Quang"),
        ("Huế", date(2011, 1, 1), "Thừa Thiên Huế"),
        ("Cao Bằng", None, "Cao Bằng"),
        ("Đồng Nai", None, "Đồng Nai"),
        ("Hà Nội", None, "Hà Nội"),
        ("Hồ Chí Minh", None, "TP. Hồ Chí Minh"),
        ("Hà Giang", None, None),
        ("Huế", None, None),
        ("Hà Tây", None, None),
        ("Sông Mây", None, "Sông Mây"),
        ("Sông Mây", TODAY, "Sông Mây"),
    ],
)
def test_a_province_at_publication_is_certain_or_none(name, day, answer):
    assert province_of(name, day) == answer


@pytest.mark.parametrize(
    ("written", "nearest"),
    [("Cao Bang", "Cao Bằng"), ("Đắc Lắc", "Đắk Lắk"), ("Hải Phong", "Hải Phòng"), ("Thừa Thiên", "Thừa Thiên Huế")],
)  # fmt: skip
def test_the_nearest_name_is_found_for_a_mistyped_one(written, nearest):
    assert nearest_name(written) == nearest


def test_known_names_are_sorted_and_each_once():
    names = known_names()

    assert len(names) == len(set(names)) == 65
    assert {"Hà Tây", "Thừa Thiên Huế", "Huế", "Bắc Kạn"} <= set(names)


def test_the_map_agrees_with_what_is_known_of_the_papers(shared):
    with (shared / "sites" / "provincial-sites.toml").open("rb") as file:
        papers = tomllib.load(file)["site"]
    assert {x["province_2025"] for x in papers} == NOW_34
    for paper in papers:
        was = {province_on(x, LAST_DAY_OF_63) for x in paper["former_provinces"]} - {None}
        assert {province_today(x) for x in paper["former_provinces"]} == {paper["province_2025"]}
        if paper["status"] == "current":
            merged = {
                x for x in names_on(LAST_DAY_OF_63) if province_today(x) == paper["province_2025"]
            }
            assert merged == was
