"""The papers of the demo press."""

from __future__ import annotations

from scraper.demo.cms import (
    bbg,
    dcontent,
    hemera,
    homemade,
    hostile,
    mediatech,
    onecms,
    vdoc,
    vnpt,
)
from scraper.demo.cms.hostile_tricks import HostileTricks
from scraper.demo.edition import Masthead

#: Sections that nearly every paper has, after the first two of its own.
_USUAL = ("Kinh tế", "Xã hội", "Văn hóa", "Pháp luật", "Thể thao", "Thế giới")

MASTHEADS = (
    Masthead(
        id="demo-songmay",
        key="songmay",
        name="Báo Sông Mây",
        province="Sông Mây",
        port_offset=1,
        sections=("Thời sự", "Quốc phòng - An ninh", *_USUAL),
        cms=mediatech,
    ),
    Masthead(
        id="demo-culao",
        key="culao",
        name="Báo Cù Lao",
        province="Cù Lao",
        port_offset=2,
        sections=("Thời sự", "Quốc phòng - An ninh", *_USUAL),
        cms=vdoc,
        dateline="(CLO) -",
        has_leads=False,
    ),
    Masthead(
        id="demo-nuingan",
        key="nuingan",
        name="Báo Núi Ngàn",
        province="Núi Ngàn",
        port_offset=3,
        sections=("Thời sự", "Quốc phòng - An ninh", *_USUAL),
        cms=hemera,
    ),
    Masthead(
        id="demo-bienxanh",
        key="bienxanh",
        name="Báo Biển Xanh",
        province="Biển Xanh",
        port_offset=4,
        sections=(
            "Thời sự",
            "Quốc phòng",
            "Kinh tế",
            "Đời sống",
            "Văn hóa",
            "Pháp luật",
            "Thể thao",
            "Thế giới",
        ),
        cms=homemade,
    ),
    Masthead(
        id="demo-caonguyen",
        key="caonguyen",
        name="Báo Cao Nguyên",
        province="Cao Nguyên",
        port_offset=5,
        # no listing of the site file leads to "Phóng sự": what stands there is found by searching
        sections=(
            "Thời sự",
            "An ninh - Quốc phòng",
            *_USUAL,
            "Phóng sự",
        ),
        cms=vnpt,
        number_format="07x",
    ),
    Masthead(
        id="demo-cangbien",
        key="cangbien",
        name="Báo Cảng Biển",
        province="Cảng Biển",
        port_offset=6,
        sections=("Chính trị", "Quốc phòng - An ninh", *_USUAL),
        cms=onecms,
        dateline="CBO -",
    ),
    Masthead(
        id="demo-lamkinh",
        key="lamkinh",
        name="Báo Lam Kinh",
        province="Lam Kinh",
        port_offset=7,
        sections=("Thời sự", "Quốc phòng - An ninh", *_USUAL),
        cms=dcontent,
        dateline="(Baolamkinh.vn) -",
        encoded_every=3,
    ),
    Masthead(
        id="demo-trungdu",
        key="trungdu",
        name="Báo Trung Du",
        province="Trung Du",
        port_offset=8,
        sections=("Thời sự", "Quốc phòng", *_USUAL),
        cms=bbg,
    ),
    Masthead(
        id="demo-maychu",
        key="maychu",
        name="Báo Máy Chủ",
        province="Máy Chủ",
        port_offset=9,
        sections=("Thời sự", "Quốc phòng", *_USUAL),
        cms=hostile,
        tricks=HostileTricks,
    ),
)
