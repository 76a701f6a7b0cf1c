"""A worker's loop over the points of a sweep, and the files that the first worker writes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hwsim.errors import SweepError
from hwsim.pipeline.progress import batch_progress
from hwsim.pipeline.stage import Context
from hwsim.sweep.crew import crew, shared_cores
from hwsim.sweep.page import write_page
from hwsim.sweep.point import Bench
from hwsim.sweep.preparation import Asked, Prepared, prepared
from hwsim.sweep.results import Results, results_of, write_csv, write_json
from hwsim.sweep.study import Study
from hwsim.sweep.table import in_words
from hwsim.sweep.workers import Workers
from trainers.atomic_file import cannot_write

POLL_S = 0.5
"""Between two looks at points that other workers are computing."""


def sweep(context: Context, asked: Asked) -> Results:
    """Computes the points that are missing, together with whoever else does, and writes the table.

    Raises:
        SweepError: stored points are of another run, or a restart finds other workers at work.
        SpikeportError: what is wrong with the run or the disk; what is stored stays.
    """
    with shared_cores(asked.workers):
        ready = prepared(context, asked)
        with _entered(ready, asked, context.recipe.seed) as study:
            with crew(asked.workers - 1, asked.further, context.say):
                _work(study, ready.bench, context)
            rows = study.rows()
    results = results_of(
        rows,
        title=context.recipe.report.title or context.recipe.name,
        chip=ready.bench.chip.name,
        chip_title=ready.bench.chip.title,
        made_from=ready.made_from,
        constant_thresholds=ready.constant,
        tolerance=asked.tolerance,
    )
    write_json(results, ready.folder / "sweep.json")
    write_csv(results, ready.folder / "sweep.csv")
    write_page(results, ready.folder / "sweep.html")
    return results


def help_sweep(context: Context, asked: Asked) -> None:
    """What a further worker does: computes points until none is left, and writes no table."""
    with shared_cores(asked.workers):
        ready = prepared(context, asked)
        with _entered(ready, asked, context.recipe.seed) as study:
            _work(study, ready.bench, context)


@contextmanager
def _entered(ready: Prepared, asked: Asked, seed: int) -> Iterator[Study]:
    """The study, while this process is one of its workers."""
    path = ready.folder / "sweep.db"
    with Workers(ready.folder / "workers.lock") as workers:
        with workers.turn():
            workers.enter()
            if asked.restart:
                _forget(ready, workers)
            study = Study(path, workers, ready.space, ready.made_from, asked.trials, seed)
        try:
            yield study
        finally:
            study.close()


def _forget(ready: Prepared, workers: Workers) -> None:
    path = ready.folder / "sweep.db"
    if workers.others():
        raise SweepError(f"{path}: other workers are computing its points. End them to --restart.")
    try:
        # What a killed write left beside it would be written into the new file.
        for name in (path.name, f"{path.name}-journal"):
            path.with_name(name).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def _work(study: Study, bench: Bench, context: Context) -> None:
    """Computes points until there are none; waits for those of others, who may yet be killed."""
    with batch_progress("sweep", study.size, show=context.progress) as show:
        tell = _teller(study, show, (lambda line: None) if context.progress else context.say)
        while True:
            tell()
            claim = study.claim()
            if claim is not None:
                study.finish(claim, bench.measure(claim.point))
            elif study.is_done():
                return
            else:
                time.sleep(POLL_S)


def _teller(
    study: Study, show: Callable[[int], None], say: Callable[[str], None]
) -> Callable[[], None]:
    """Shows how many points there are, and says each new one once, whoever computed it."""
    known = {row.point for row in study.rows()}
    if known:
        say(f"{len(known)} of {study.size} points are stored already")

    def tell() -> None:
        rows = study.rows()
        show(len(rows))
        for row in rows:
            if row.point not in known:
                known.add(row.point)
                say(f"{len(known)} of {study.size}: {in_words(row)}")

    return tell
