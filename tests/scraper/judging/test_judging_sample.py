"""Which articles are drawn, and how many each of them stands for."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.classify.lexicon import load_lexicon
from scraper.judging.sample import BANDS, Candidate, band_of, draw, shared_out


def candidate(number, score=0.0, site="a", *, has_term=True):
    return Candidate(
        id=f"{site}:{number}", site=site, score=score, level=int(score >= 1), has_term=has_term
    )


@pytest.mark.parametrize(
    ("score", "band"),
    [(-0.1, "below 0"), (0, "0 to 1"), (0.99, "0 to 1"), (1, "1 to 4"), (4, "4 to 8"), (8, "8 to 12"), (12, "12 up"), (40, "12 up")],
)  # fmt: skip
def test_a_score_belongs_to_one_band(score, band):
    assert band_of(candidate(1, score)) == band
    assert band in BANDS


def test_a_page_without_a_militia_word_has_a_band_of_its_own():
    assert band_of(candidate(1, 0.0, has_term=False)) == "no term"


def test_doubtful_scores_are_not_lost_among_pages_without_a_militia_word():
    crowd = [candidate(number, has_term=False) for number in range(1000)]
    doubtful = [candidate(number, 5.0, "b") for number in range(8)]
    drawn = draw([*crowd, *doubtful], 20, seed=1)
    assert Counter(item.stratum for item in drawn) == {"b, 4 to 8": 8, "a, no term": 12}
    assert {item.population for item in drawn} == {8, 1000}


def test_every_paper_has_its_share_of_a_band():
    pool = [candidate(number, 5.0, "big") for number in range(500)]
    pool += [candidate(number, 5.0, "small") for number in range(3)]
    drawn = draw(pool, 10, seed=7)
    assert Counter(item.stratum for item in drawn) == {"big, 4 to 8": 7, "small, 4 to 8": 3}


def test_with_fewer_items_than_papers_the_band_is_drawn_from_as_a_whole():
    pool = [candidate(number, 5.0, f"paper{number}") for number in range(30)]
    drawn = draw(pool, 4, seed=7)
    assert {(item.stratum, item.population) for item in drawn} == {("every paper, 4 to 8", 30)}


def test_the_seed_decides_and_the_order_of_the_candidates_does_not():
    pool = [candidate(number, number / 10) for number in range(200)]
    assert draw(pool, 30, seed=1) == draw(pool[::-1], 30, seed=1)
    assert draw(pool, 30, seed=1) != draw(pool, 30, seed=2)


def test_more_than_there_is_cannot_be_drawn():
    with pytest.raises(ValueError, match="3 asked for, but only 2 can be drawn"):
        draw([candidate(1), candidate(2)], 3, seed=1)


_POOL = st.lists(
    st.tuples(st.floats(-20, 40), st.sampled_from("abc"), st.booleans()), min_size=1, max_size=60
)


@given(_POOL, st.integers(0, 9), st.data())
def test_any_sample_has_its_size_no_item_twice_and_stands_for_the_whole(raw, seed, data):
    pool = [candidate(n, score, site, has_term=term) for n, (score, site, term) in enumerate(raw)]
    size = data.draw(st.integers(1, len(pool)))
    drawn = draw(pool, size, seed)
    assert len({item.candidate.id for item in drawn}) == len(drawn) == size
    populations = {item.stratum: item.population for item in drawn}
    assert all(Counter(x.stratum for x in drawn)[name] <= n for name, n in populations.items())
    if size == len(pool):
        assert sum(populations.values()) == size


@given(st.integers(0, 200), st.dictionaries(st.integers(), st.integers(0, 50), max_size=8))
def test_sharing_out_gives_everything_fairly_and_no_more_than_is_taken(size, most):
    shares = shared_out(size, most)
    assert sum(shares.values()) == min(size, sum(most.values()))
    assert all(0 <= shares[key] <= most[key] for key in most)
    unfilled = [shares[key] for key in most if shares[key] < most[key]]
    assert not unfilled or max(shares.values()) - min(unfilled) <= 1


def test_the_thresholds_of_the_rule_are_borders_of_bands():
    levels = load_lexicon().levels
    for threshold in (levels.mention, levels.about):
        assert band_of(candidate(1, threshold)) != band_of(candidate(1, threshold - 0.01))
