"""Adds to a report what only the run knows: accuracies, recipe, training, fidelity."""

from typing import TypeVar

from hwsim.errors import ChipError
from hwsim.ledger.entry import LedgerEntry
from hwsim.report.fields import Fact
from hwsim.report.model import Accuracy, EmulatedReport, TrainingCurve
from hwsim.verify.row import Row

Kind = TypeVar("Kind", bound=EmulatedReport)


def with_run_facts(
    report: Kind,
    *,
    accuracy: Accuracy | None = None,
    recipe: str | None = None,
    training: TrainingCurve | None = None,
    fidelity: dict[str, float] | None = None,
    quantisation: dict[str, dict[str, Fact]] | None = None,
    waiting: dict[str, dict[str, Fact]] | None = None,
    ledger: tuple[LedgerEntry, ...] | None = None,
    runtimes: tuple[Row, ...] | None = None,
) -> Kind:
    """The report with the given facts in place; what isn't given stays as it was.

    Args:
        report: of a network that was simulated alone.
        accuracy: share of test samples classified right at each stage.
        recipe: name of the recipe that made the network.
        training: curve over epochs.
        fidelity: per layer, share of spikes that freezing changed.
        quantisation: per layer, facts about its integers, in words.
        waiting: per path that waits for a longer one, facts about how, in words.
        ledger: accuracy and changed spikes after each transformation.
        runtimes: how each runtime did on the exported files.

    Raises:
        ChipError: a fact names a layer that the report doesn't have.
    """
    layers = [layer.name for layer in report.layers]
    for name in [*(fidelity or {}), *(quantisation or {})]:
        if name not in layers:
            raise ChipError(
                f"report: no layer '{name}' to hold a fact. Known: {', '.join(layers)}."
            )
    facts = {
        "accuracy": accuracy,
        "recipe": recipe,
        "training": training,
        "fidelity": fidelity,
        "quantisation": quantisation,
        "waiting": waiting,
        "ledger": ledger,
        "runtimes": runtimes,
    }
    given = {key: value for key, value in facts.items() if value is not None}
    return type(report).model_validate({**dict(report), **given})
