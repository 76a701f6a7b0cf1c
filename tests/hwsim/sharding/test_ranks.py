"""Who simulates what, and who is who."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.engine.recording import STATES, Recording
from hwsim.sharding.gather import part_of_recording
from hwsim.sharding.joining import joined_ranks, rank_of_environment
from hwsim.sharding.ranks import FAILED, OtherRankFailed, Ranks
from trainers.errors import ConfigError


@given(samples=st.integers(0, 200), number=st.integers(1, 9))
def test_shares_make_up_the_samples(samples: int, number: int) -> None:
    """In order, none twice, the largest first and by one sample at most; the first has some."""
    shares = [range(samples)[Ranks(rank, number).share(samples)] for rank in range(number)]
    assert [sample for share in shares for sample in share] == list(range(samples))
    sizes = [len(share) for share in shares]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] - sizes[-1] <= 1


@given(
    ends=st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda e: e[0] < e[1]),
    number=st.integers(1, 5),
)
def test_recorded_samples_are_shared_too(ends: tuple[int, int], number: int) -> None:
    """Each process records those of its own samples that are asked for."""
    asked = Recording({"p": frozenset(STATES)}, ends)
    found: list[int] = []
    for rank in range(number):
        share = Ranks(rank, number).share(30)
        part = part_of_recording(asked, share)
        if part is not None:
            assert part.samples is not None
            found += range(share.start + part.samples[0], share.start + part.samples[1])
            assert part.samples[1] <= share.stop - share.start
    assert found == list(range(*ends))


def test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without torchrun, and with one process of it."""
    for values in ({}, {"RANK": "0", "WORLD_SIZE": "1"}, {"WORLD_SIZE": "4"}, {"RANK": "1"}):
        with monkeypatch.context() as patch:
            for name in ("RANK", "WORLD_SIZE"):
                patch.delenv(name, raising=False)
            for name, value in values.items():
                patch.setenv(name, value)
            assert rank_of_environment() == (0, 1)
            with joined_ranks() as ranks:
                assert ranks.first
                assert ranks.agree(5) == [5]
                ranks.stop_if_one_failed()


@pytest.mark.parametrize(("rank", "number"), [("4", "4"), ("-1", "2"), ("a", "2"), ("0", "many")])
def test_ranks_that_cannot_be(monkeypatch: pytest.MonkeyPatch, rank: str, number: str) -> None:
    """One line that names both variables."""
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", number)
    with pytest.raises(ConfigError, match=f"RANK={rank} and WORLD_SIZE={number}"):
        rank_of_environment()


class LostStore:
    """Knows of a failure, but ends before it says which."""

    def check(self, keys: list[str]) -> bool:
        return bool(keys)

    def get(self, key: str) -> bytes:
        raise RuntimeError(f"Connection reset by peer: {key}")


def test_a_store_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its closed connection is one line as well."""
    monkeypatch.setattr(Ranks, "_exchange", lambda ranks, value: [value, FAILED])
    ranks = Ranks(0, 2, LostStore())  # type: ignore[arg-type]
    with pytest.raises(OtherRankFailed, match="ended before all were done"):
        ranks.agree()
