"""Threshold strategies on the way from a trained run to its frozen graph."""

from pathlib import Path
from typing import Any

import pytest
import torch

from export.freezing.thresholds import threshold_schedules
from export.nir_metadata import read_facts
from hwsim.pipeline.conversion import Conversion, TrainedRun, frozen
from hwsim.pipeline.tuning import tuning_fingerprint
from tests.moving_thresholds import running, with_poisoned_test
from tests.tiny_training import copied_state, few_digits, same_state
from trainers.build import build_network
from trainers.data import DataSplits
from trainers.recipe import Recipe, parse_recipe


def recipe(**train: Any) -> Recipe:
    """A small mlp under DS-ATGO."""
    document = {
        "data": {"name": "digits"},
        "network": {"name": "mlp", "hidden": [8]},
        "method": {"use": ["ds-atgo"]},
        "train": {"time_steps": 2, "epochs": 3, "batch_size": 32, **train},
    }
    return parse_recipe(document, "tiny")


def trained_run(folder: Path, data: DataSplits, say: Any = print) -> TrainedRun:
    """As if trained: weights as drawn, thresholds that depend on the step."""
    network = build_network(recipe(), few_digits()).eval()
    for name, _ in network.neurons():
        running(network, name).copy_(torch.tensor([0.5, 1.0]))
    return TrainedRun(recipe(), network, data, "cafe", folder, say=say)


def done_by(strategy: str, run: TrainedRun) -> Conversion:
    """Frozen; the run's network stays as it was."""
    before = copied_state(run.network)
    table = run.recipe.export.model_copy(update={"threshold_strategy": strategy})
    done = frozen(run, table)
    assert same_state(before, run.network.state_dict())
    return done


@pytest.mark.parametrize("strategy", ["mean", "calibrated", "finetune"])
def test_no_strategy_touches_the_test_split(strategy: str, tmp_path: Path) -> None:
    """Reading one sample or label of it, or its length, would fail."""
    done = done_by(strategy, trained_run(tmp_path, with_poisoned_test(few_digits())))
    (threshold,) = read_facts(done.graph).thresholds.values()
    assert threshold.strategy == strategy
    assert threshold.per_step == (0.5, 1.0)
    assert threshold.is_constant


def test_fine_tuning_is_kept_below_the_run_folder(tmp_path: Path) -> None:
    """A second export reads it; the graph is the fine-tuned network's."""
    run = trained_run(tmp_path, few_digits())
    done = done_by("finetune", run)
    (folder,) = (tmp_path / "tuning").iterdir()
    assert folder.name.startswith("finetune-")
    assert len(folder.name) == len("finetune-") + 12
    written = (folder / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    again = done_by("finetune", run)
    assert (folder / "checkpoints" / "last.ckpt").stat().st_mtime_ns == written
    assert same_state(again.source.state_dict(), done.source.state_dict())
    assert again.source is not run.network
    (value,) = (facts.value for facts in read_facts(again.graph).thresholds.values())
    (schedule,) = threshold_schedules(again.source).values()
    assert schedule.tolist() == [value, value]


def test_the_fingerprint_knows_what_the_result_depends_on(tmp_path: Path) -> None:
    """Weights, checkpoint, settings and recipe; not who reads ahead or how many processes."""
    run = trained_run(tmp_path, few_digits())

    def of(made: Recipe, sha: str | None = "cafe", settings: object = 1) -> str:
        return tuning_fingerprint(made, run.network, sha, settings)

    first = of(recipe())
    assert of(recipe(devices=2, checkpoint_every=0)) == first
    others = [of(recipe(batch_size=16)), of(recipe(), None), of(recipe(), settings=2)]
    others.append(of(recipe().model_copy(update={"seed": 1})))
    with torch.no_grad():
        next(run.network.parameters()).view(-1)[0] += 1
    others.append(of(recipe()))
    assert len({first, *others}) == 1 + len(others)
