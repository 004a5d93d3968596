from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archive.spacing import single_spaced


@given(
    st.text(
        alphabet=st.characters() | st.sampled_from(" \t\n\r\x0b\x1c\x85\xa0\u2003\u2028\u3000aăệ")
    )
)
def test_single_spaced_is_split_and_joined(text: str) -> None:
    assert single_spaced(text) == " ".join(text.split())
