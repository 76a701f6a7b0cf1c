"""What of a sweep is done, what runs and what comes next: optuna's trials, shared by workers.

A trial is one point. Its state says what became of it: RUNNING while its worker lives (see
`hwsim.sweep.workers`), COMPLETE with the two objectives, PRUNED where a figure is missing, FAIL
where the worker died. Every finished trial carries its row; a point that has one is never computed
again, whichever space it was asked in: each space is a study of its own in the same file, since
optuna fixes the values that a parameter may take.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState
from pydantic import ValidationError

from hwsim.errors import SweepError
from hwsim.sweep.row import Row
from hwsim.sweep.sampler import DIRECTIONS, distributions, suggested
from hwsim.sweep.space import Point, Space
from hwsim.sweep.storage import open_storage, storage_faults
from hwsim.sweep.workers import Workers

MADE_FROM, WORKER, ROW = "made_from", "worker", "row"


@dataclass(frozen=True)
class Claim:
    """A point that this worker, and no other one, is to compute."""

    point: Point
    trial: Trial


class Study:
    """The trials of one space; open it in a worker's turn.

    Args:
        path: the SQLite file; made where there is none.
        workers: this process among the others; it has entered.
        space: the points.
        made_from: what the rows depend on, in words that a message can show.
        most: how many points to compute at most, chosen by `hwsim.sweep.sampler`; None for all.
        seed: of the sampler.

    Raises:
        SweepError: the file is damaged, or holds points that were made from something else.
    """

    def __init__(
        self,
        path: Path,
        workers: Workers,
        space: Space,
        made_from: Mapping[str, str],
        most: int | None = None,
        seed: int = 0,
    ) -> None:
        self._path, self._workers = path, workers
        self._points = space.points()
        self._most = len(self._points) if most is None else min(most, len(self._points))
        self._seed = seed
        self._distributions = distributions(space)
        self._storage = open_storage(path)
        with storage_faults(path):
            self._refuse_another(made_from)
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=_name(space),
                directions=list(DIRECTIONS),
                load_if_exists=True,
            )
            self._study.set_user_attr(MADE_FROM, dict(made_from))

    @property
    def size(self) -> int:
        """How many points are to be computed in all."""
        return self._most

    def close(self) -> None:
        """Lets go of the file."""
        self._storage.engine.dispose()

    def rows(self) -> tuple[Row, ...]:
        """Finished points of the space, in its order."""
        with storage_faults(self._path):
            found = self._finished(self._trials())
        return tuple(found[point] for point in self._points if point in found)

    def claim(self) -> Claim | None:
        """The next point that nobody has, or None where all that are left are being computed."""
        with self._workers.turn(), storage_faults(self._path):
            self._give_up_the_dead()
            trials = self._trials()
            found, running = self._finished(trials), self._running(trials)
            taken = [point for point in self._points if point in found or point in running]
            if len(taken) >= self._most:
                return None
            free = [point for point in self._points if point not in taken]
            if self._most == len(self._points):
                return self._start(free[0])
            rows = [found.get(point, point) for point in taken]
            return self._start(suggested(rows, free, self._distributions, self._seed))

    def is_done(self) -> bool:
        """Whether every point that is to be computed is finished."""
        return len(self.rows()) >= self._most

    def finish(self, claim: Claim, row: Row) -> None:
        """Stores the row of a claimed point."""
        with self._workers.turn(), storage_faults(self._path):
            claim.trial.set_user_attr(ROW, row.model_dump(mode="json"))
            if row.objectives is None:
                self._study.tell(claim.trial, state=TrialState.PRUNED)
            else:
                self._study.tell(claim.trial, row.objectives)

    def _start(self, point: Point) -> Claim:
        self._study.enqueue_trial(asdict(point), user_attrs={WORKER: self._workers.own})
        return Claim(point, self._study.ask(self._distributions))

    def _give_up_the_dead(self) -> None:
        """Trials that a worker left behind; between its steps it may have left one in waiting."""
        while self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            self._study.tell(self._study.ask(), state=TrialState.FAIL)
        for study in self._studies():
            for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                if not self._is_alive(trial):
                    study.tell(trial.number, state=TrialState.FAIL)

    def _is_alive(self, trial: FrozenTrial) -> bool:
        # This worker computes nothing while it claims, so a trial of its byte is a predecessor's.
        byte = trial.user_attrs.get(WORKER)
        return byte is not None and byte != self._workers.own and self._workers.alive(byte)

    def _trials(self) -> list[FrozenTrial]:
        return [trial for study in self._studies() for trial in study.get_trials(deepcopy=False)]

    def _studies(self) -> list[optuna.Study]:
        names = optuna.get_all_study_names(self._storage)
        return [optuna.load_study(study_name=name, storage=self._storage) for name in names]

    def _finished(self, trials: list[FrozenTrial]) -> dict[Point, Row]:
        found: dict[Point, Row] = {}
        for trial in trials:
            if trial.state.is_finished() and ROW in trial.user_attrs:
                row = self._row(trial)
                found.setdefault(row.point, row)
        return found

    def _row(self, trial: FrozenTrial) -> Row:
        try:
            return Row.model_validate(trial.user_attrs[ROW])
        except ValidationError as error:
            raise SweepError(
                f"{self._path}: trial {trial.number} holds no row of this version "
                f"({error.errors()[0]['msg']}). Start the sweep over with --restart."
            ) from error

    def _running(self, trials: list[FrozenTrial]) -> set[Point]:
        return {_point(trial.params) for trial in trials if trial.state == TrialState.RUNNING}

    def _refuse_another(self, made_from: Mapping[str, str]) -> None:
        for study in self._studies():
            stored = study.user_attrs.get(MADE_FROM, made_from)
            for name in made_from:
                if stored.get(name) != made_from[name]:
                    raise SweepError(
                        f"{self._path}: its points were made from another {name} "
                        f"({stored.get(name)}) than is given now ({made_from[name]}). "
                        "Start the sweep over with --restart."
                    )


def _point(params: Mapping[str, Any]) -> Point:
    return Point(**params)


def _name(space: Space) -> str:
    return json.dumps(asdict(space), separators=(",", ":"))
