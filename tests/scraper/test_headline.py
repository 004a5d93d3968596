"""Titles without the paper's name."""

from __future__ import annotations

import pytest

from scraper.clean.headline import own_title

OWN = ("Báo Cao Bằng", "Báo Lào Cai điện tử", "Báo Cần Thơ")


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("Học và làm theo Bác - Báo Cao Bằng điện tử", "Học và làm theo Bác"),
        ("Học và làm theo Bác - Báo Cao Bằng", "Học và làm theo Bác"),
        ("Sống đẹp | Báo Lào Cai điện tử", "Sống đẹp"),
        ("Sống đẹp | Báo Lào Cai", "Sống đẹp"),
        ("Sống đẹp - BÁO CẦN THƠ ONLINE", "Sống đẹp"),
        ("Sống đẹp | Xã hội | Báo Cần Thơ", "Sống đẹp | Xã hội"),
        ("Quốc phòng - An ninh", "Quốc phòng - An ninh"),
        ("Kỷ niệm 60 năm - Báo Cao Bằng vươn mình", "Kỷ niệm 60 năm - Báo Cao Bằng vươn mình"),
        ("Báo Cao Bằng ra số đầu tiên", "Báo Cao Bằng ra số đầu tiên"),
        ("Báo Cao Bằng", None),
        ("Báo Cao Bằng điện tử - Báo Cao Bằng", None),
    ],
)
def test_only_the_papers_own_name_at_the_end_is_cut(line, title):
    assert own_title(line, OWN) == title
