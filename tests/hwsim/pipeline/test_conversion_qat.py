"""[export.qat] on the way from a trained run to its chip graph."""

from pathlib import Path

import numpy as np
import pytest

from hwsim.pipeline.conversion import Conversion, TrainedRun, converted
from tests.moving_thresholds import with_poisoned_test
from tests.tiny_training import copied_state, few_digits, same_state
from trainers.build import build_network
from trainers.data import DataSplits
from trainers.recipe import parse_recipe

DOCUMENT = {
    "data": {"name": "digits"},
    "network": {"name": "mlp", "hidden": [8]},
    "method": {"use": ["ds-atgo"]},
    "train": {"time_steps": 2, "epochs": 3, "batch_size": 32, "early_stop": 1, "ema_decay": 0.9},
    "export": {"weight_bits": 4, "qat": {"epochs": 1, "learning_rate": 0.01}},
}


def trained_run(folder: Path, data: DataSplits) -> TrainedRun:
    """As if trained: weights as drawn."""
    recipe = parse_recipe(DOCUMENT, "tiny")
    return TrainedRun(recipe, build_network(recipe, few_digits()).eval(), data, "cafe", folder)


def done_by(run: TrainedRun, **changes: object) -> Conversion:
    """Converted; the run's network stays as it was."""
    before = copied_state(run.network)
    done = converted(run, run.recipe.export.model_copy(update=changes))
    assert same_state(before, run.network.state_dict())
    return done


@pytest.mark.parametrize("form", ["bias", "graded"])
def test_fine_tuning_keeps_scales_and_moves_weights(form: str, tmp_path: Path) -> None:
    """Without a look at the test split; what was before it is kept beside it."""
    done = done_by(trained_run(tmp_path, with_poisoned_test(few_digits())), input_form=form)
    assert done.quantised is not None
    assert done.before_tuning is not None
    assert done.before_tuning.quantised is not None
    before, after = done.before_tuning.quantised, done.quantised
    assert [layer.scale for layer in after.layers] == [layer.scale for layer in before.layers]
    assert after.chip.host == before.chip.host
    weights = [q.chip.projections[-1].weight for q in (before, after)]
    assert (weights[0] != weights[1]).any()
    node = "l003_fc"
    assert (done.graph.nodes[node].weight != done.before_tuning.graph.nodes[node].weight).any()
    exact = done.graph.nodes[node].weight.astype(np.float64) * after.layers[-1].scale
    np.testing.assert_allclose(weights[1], exact, atol=1e-3)


def test_a_complete_fine_tuning_is_read_again(tmp_path: Path) -> None:
    """From its folder below the run's; other bits are another fine-tuning; no table, none."""
    run = trained_run(tmp_path, few_digits())
    first = done_by(run)
    (folder,) = (tmp_path / "tuning").iterdir()
    assert folder.name.startswith("qat-")
    written = (folder / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    again = done_by(run, targets=("nir", "chip"), max_drop=0.5)
    assert (folder / "checkpoints" / "last.ckpt").stat().st_mtime_ns == written
    for name in ("l000_fc", "l003_fc"):
        if name in first.graph.nodes:
            np.testing.assert_array_equal(
                first.graph.nodes[name].weight, again.graph.nodes[name].weight
            )
    done_by(run, weight_bits=5)
    assert len(list((tmp_path / "tuning").iterdir())) == 2
    assert done_by(run, qat=None).before_tuning is None
