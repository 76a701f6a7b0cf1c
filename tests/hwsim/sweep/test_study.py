"""Trials that workers share: each point once, whoever is killed, whatever is asked next."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest

from hwsim.errors import SweepError
from hwsim.sweep.row import Row, refused
from hwsim.sweep.space import Space
from hwsim.sweep.study import Claim, Study
from hwsim.sweep.workers import Workers
from tests.sweep_rows import MADE_FROM, made_up, row, space

BITS = space(2, 3, 4, 5, 6, 7, 8)


@contextmanager
def opened(
    folder: Path,
    space: Space = BITS,
    made_from: dict[str, str] | None = None,
    most: int | None = None,
) -> Iterator[Study]:
    """A study, as a worker of its own process opens it."""
    with Workers(folder / "workers.lock") as workers:
        with workers.turn():
            workers.enter()
            study = Study(folder / "sweep.db", workers, space, made_from or MADE_FROM, most)
        try:
            yield study
        finally:
            study.close()


def claimed(study: Study) -> Claim:
    """The next point, which there must be."""
    claim = study.claim()
    assert claim is not None
    return claim


def finished(study: Study) -> list[int]:
    """Computes all that is left; bits in the order in which they were claimed."""
    bits = []
    while (claim := study.claim()) is not None:
        bits.append(claim.point.weight_bits)
        study.finish(claim, made_up(claim.point))
    return bits


def killed(folder: Path, *, after: int, most: int | None = None) -> None:
    """A worker that is killed by SIGKILL while it computes the point behind so many others."""
    process = os.fork()
    if process == 0:
        with opened(folder, most=most) as study:
            for _ in range(after):
                claim = claimed(study)
                study.finish(claim, made_up(claim.point))
            claimed(study)
            os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def test_points_are_claimed_in_the_order_of_the_space(tmp_path: Path) -> None:
    """Then there are none; rows are found again by another worker, with all their figures."""
    with opened(tmp_path) as study:
        assert not study.is_done()
        assert finished(study) == [2, 3, 4, 5, 6, 7, 8]
        assert study.is_done()
    with opened(tmp_path) as study:
        assert study.rows() == tuple(map(made_up, BITS.points()))
        assert study.claim() is None


def test_a_killed_workers_point_is_claimed_again(tmp_path: Path) -> None:
    """At once, and nothing else is."""
    killed(tmp_path, after=2)
    with opened(tmp_path) as study:
        assert [row.weight_bits for row in study.rows()] == [2, 3]
        assert finished(study) == [4, 5, 6, 7, 8]
        assert study.rows() == tuple(map(made_up, BITS.points()))


def test_a_worker_that_lives_keeps_its_point(tmp_path: Path) -> None:
    """Another one gets the rest and waits; when the first is killed, its point too."""
    told, tell = os.pipe()
    process = os.fork()
    if process == 0:
        with opened(tmp_path) as study:
            claimed(study)
            os.write(tell, b"!")
            signal.pause()
    try:
        assert os.read(told, 1) == b"!"
        with opened(tmp_path) as study:
            assert finished(study) == [3, 4, 5, 6, 7, 8]
            assert not study.is_done()
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            assert finished(study) == [2]
            assert study.is_done()
    finally:
        os.close(told)
        os.close(tell)


def test_two_workers_share_and_compute_nothing_twice(tmp_path: Path) -> None:
    """Each waits at its first point until the other has one, then both take what comes."""
    meets = [os.pipe(), os.pipe()]
    processes = []
    for number in (0, 1):
        process = os.fork()
        if process == 0:
            with opened(tmp_path) as study:
                claim = claimed(study)
                os.write(meets[number][1], b"!")
                os.read(meets[1 - number][0], 1)
                study.finish(claim, made_up(claim.point))
                own = [claim.point.weight_bits, *finished(study)]
                (tmp_path / f"{number}").write_text(" ".join(map(str, own)))
            os._exit(0)
        processes.append(process)
    for process in processes:
        assert os.waitpid(process, 0)[1] == 0
    for ends in meets:
        os.close(ends[0])
        os.close(ends[1])
    shares = [list(map(int, (tmp_path / name).read_text().split())) for name in ("0", "1")]
    assert all(shares)
    assert sorted(shares[0] + shares[1]) == [2, 3, 4, 5, 6, 7, 8]
    with opened(tmp_path) as study:
        assert study.rows() == tuple(map(made_up, BITS.points()))


def test_a_point_computed_in_another_space_is_not_computed_again(tmp_path: Path) -> None:
    """A larger space after a smaller one has only what is new; a smaller one after it nothing."""
    with opened(tmp_path, space(4, 8)) as study:
        assert finished(study) == [4, 8]
    wider = space(4, 6, 8, strategies=("mean", "calibrated"))
    with opened(tmp_path, wider) as study:
        assert [row.weight_bits for row in study.rows()] == [4, 8]
        assert finished(study) == [4, 6, 6, 8]
    with opened(tmp_path, space(6)) as study:
        assert study.is_done()
        assert [row.weight_bits for row in study.rows()] == [6]


def test_points_without_figures_are_finished_too(tmp_path: Path) -> None:
    """Refused or without energy: kept with their line, and not tried again."""
    with opened(tmp_path, space(2, 3)) as study:
        first = claimed(study)
        study.finish(first, refused(first.point, "layer 'a': no"))
        second = claimed(study)
        study.finish(second, row(second.point, 0.5, None))
        assert study.is_done()
    with opened(tmp_path, space(2, 3)) as study:
        assert study.claim() is None
        assert study.rows()[0] == refused(first.point, "layer 'a': no")
        assert study.rows()[1].objectives is None


def searched(folder: Path, most: int) -> tuple[Row, ...]:
    """The rows that a search of so many points leaves."""
    with opened(folder, most=most) as study:
        chosen = finished(study)
        assert len(chosen) == len(set(chosen))
        return study.rows()


def test_a_search_computes_as_many_points_as_asked(tmp_path: Path) -> None:
    """No point twice; asked for more, it goes on; asked for all, it takes the rest."""
    assert len(searched(tmp_path, 3)) == 3
    assert len(searched(tmp_path, 3)) == 3
    assert len(searched(tmp_path, 6)) == 6
    assert len(searched(tmp_path, 100)) == 7


@pytest.mark.parametrize("after", [0, 3, 5])
def test_a_search_that_is_killed_ends_with_the_same_points(tmp_path: Path, after: int) -> None:
    """As one that is left alone; what a sampler suggests depends on nothing but what is known."""
    whole = searched(tmp_path / "whole", 6)
    killed(tmp_path / "broken", after=after, most=6)
    assert searched(tmp_path / "broken", 6) == whole


def test_points_of_another_run_are_refused(tmp_path: Path) -> None:
    """In one line that says what differs, in which file, and how to start over."""
    with opened(tmp_path) as study:
        claim = claimed(study)
        study.finish(claim, made_up(claim.point))
    other = MADE_FROM | {"checkpoint": "beef"}
    with (
        pytest.raises(
            SweepError, match=r"sweep\.db: .*another checkpoint \(cafe\).*\(beef\).*--re"
        ),
        opened(tmp_path, space(2), other),
    ):
        pytest.fail("opened")


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" * 9])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    """Whatever SQLite makes of it."""
    (tmp_path / "sweep.db").write_bytes(content)
    with (
        pytest.raises(SweepError, match=r"sweep\.db: can't be used \(.*\)\. .*--restart") as found,
        opened(tmp_path),
    ):
        pytest.fail("opened")
    assert "\n" not in str(found.value)


def test_a_row_of_another_version_is_refused_in_one_line(tmp_path: Path) -> None:
    """A row that was changed by hand, too."""
    with opened(tmp_path) as study:
        claim = claimed(study)
        study.finish(claim, made_up(claim.point))
    with sqlite3.connect(tmp_path / "sweep.db") as changed:
        changed.execute(
            "UPDATE trial_user_attributes SET value_json = '{\"bits\": 4}' WHERE key = 'row'"
        )
    changed.close()
    with opened(tmp_path) as study, pytest.raises(SweepError, match=r"trial 0 holds no row of"):
        study.rows()


@pytest.mark.parametrize("name", ["a b", "50 % #1 ?x=y", "{braces}", "quote'\"s"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    """Characters that mean something in a URL or a template, too."""
    with opened(tmp_path / name, space(2)) as study:
        assert finished(study) == [2]
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["sweep.db", "workers.lock"]


def test_optuna_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its lines would break the progress bar."""
    optuna.logging.set_verbosity(optuna.logging.INFO)
    with opened(tmp_path) as study:
        finished(study)
    assert capfd.readouterr() == ("", "")
