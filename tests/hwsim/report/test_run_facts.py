"""What only the run knows joins the estimate, and nothing else changes."""

import pytest
from pydantic import ValidationError

from hwsim.costing.cost import cost
from hwsim.errors import ChipError
from hwsim.report.model import Accuracy, TrainingCurve
from hwsim.report.run_facts import with_run_facts
from tests.toy_network import toy_trace


def test_given_facts_are_set_and_others_kept() -> None:
    """Facts can be added in several calls; the estimate stays as it was."""
    report = cost(toy_trace(), "loihi1")
    accuracy = Accuracy(trained=0.99, frozen=0.985, chip=0.98, samples=360)
    first = with_run_facts(report, accuracy=accuracy, recipe="digits")
    both = with_run_facts(first, fidelity={"a": 0.01}, quantisation={"b": {"scale": 8.5}})
    assert (both.accuracy, both.recipe, both.fidelity) == (accuracy, "digits", {"a": 0.01})
    assert both.quantisation == {"b": {"scale": 8.5}}
    assert both.energy_j == report.energy_j
    assert report.recipe is None


def test_fact_about_an_unknown_layer_is_refused() -> None:
    """A misspelt layer would vanish from the page; the error names the known ones."""
    report = cost(toy_trace(), "loihi1")
    with pytest.raises(ChipError, match=r"no layer 'l001'.*a, b, out"):
        with_run_facts(report, fidelity={"l001": 0.1})


def test_impossible_facts_are_refused() -> None:
    """An accuracy above one and a curve with a missing epoch aren't accepted."""
    with pytest.raises(ValidationError):
        Accuracy(trained=1.2)
    with pytest.raises(ValidationError, match="1 values for 2 epochs"):
        TrainingCurve(epochs=(1, 2), train_loss=(0.5,))
    with pytest.raises(ValidationError):
        with_run_facts(cost(toy_trace(), "loihi1"), fidelity={"a": 1.5})
