"""The four papers of the demo press."""

from __future__ import annotations

from scraper.demo.cms import hemera, homemade, mediatech, vdoc
from scraper.demo.edition import Masthead

MASTHEADS = (
    Masthead(
        id="demo-songmay",
        key="songmay",
        name="Báo Sông Mây",
        province="Sông Mây",
        port_offset=1,
        sections=(
            "Thời sự",
            "Quốc phòng - An ninh",
            "Kinh tế",
            "Xã hội",
            "Văn hóa",
            "Pháp luật",
            "Thể thao",
            "Thế giới",
        ),
        cms=mediatech,
    ),
    Masthead(
        id="demo-culao",
        key="culao",
        name="Báo Cù Lao",
        province="Cù Lao",
        port_offset=2,
        sections=(
            "Thời sự",
            "Quốc phòng - An ninh",
            "Kinh tế",
            "Xã hội",
            "Văn hóa",
            "Pháp luật",
            "Thể thao",
            "Thế giới",
        ),
        cms=vdoc,
        dateline="(CLO) -",
    ),
    Masthead(
        id="demo-nuingan",
        key="nuingan",
        name="Báo Núi Ngàn",
        province="Núi Ngàn",
        port_offset=3,
        sections=(
            "Thời sự",
            "Quốc phòng - An ninh",
            "Kinh tế",
            "Xã hội",
            "Văn hóa",
            "Pháp luật",
            "Thể thao",
            "Thế giới",
        ),
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
)
