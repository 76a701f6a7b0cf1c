"""Which run is best in what, and when nobody is."""

import pytest

from hwsim.report.comparison import ENERGY, LATENCY, QUANTITIES, Quantity, compare
from hwsim.report.comparison_runs import Run
from hwsim.report.model import Accuracy
from hwsim.report.terms import TERMS
from tests.comparison_example import on_chip, run, uncosted, with_energy
from tests.report_example import example_report


def quantity(key: str) -> Quantity:
    """By its key."""
    return next(each for each in QUANTITIES if each.key == key)


def best(runs: list[Run], key: str) -> set[str]:
    """Names of the runs that are best in a quantity."""
    return {runs[position].name for position in compare(runs).best(quantity(key))}


def three() -> list[Run]:
    """The second is cheapest, the first and the third are equally fast."""
    report = example_report()
    energies = {"a": (3e-6, 1e-5), "b": (2e-6, 2e-5), "c": (4e-6, 1e-5)}
    return [run(name, with_energy(report, *values)) for name, values in energies.items()]


def test_the_lowest_energy_is_best_and_equals_share_it() -> None:
    """A tie is two bests; no difference at all is none."""
    assert best(three(), "energy_j") == {"b"}
    assert best(three(), "latency_s") == {"a", "c"}
    assert best(three(), "cores") == set()


def test_the_highest_accuracy_is_best() -> None:
    """And the one that wasn't measured isn't in the running."""
    report = example_report()
    measured = report.model_copy(update={"accuracy": Accuracy(chip=0.5, samples=360)})
    none = report.model_copy(update={"accuracy": Accuracy(samples=360)})
    runs = [run("a", report), run("b", measured), run("c", none)]
    assert best(runs, "accuracy_chip") == {"a"}
    assert quantity("accuracy_chip").value(runs[2]) is None


def test_values_are_those_of_the_report() -> None:
    """Each quantity, by its own way."""
    report = example_report(layers=4, cores=9, chips=2)
    found = {each.key: each.value(run("a", report)) for each in QUANTITIES}
    assert found["spikes"] == pytest.approx(
        sum(sum(layer.spikes_per_step) for layer in report.layers)
    )
    assert found["synops"] == sum(layer.synops_per_inference for layer in report.layers)
    assert found["energy_j"] == pytest.approx(sum(getattr(report.energy_j, t.key) for t in TERMS))
    assert [found[f"energy_{term.key}_j"] for term in TERMS] == [
        getattr(report.energy_j, term.key) for term in TERMS
    ]
    assert (found["energy_low_j"], found["energy_high_j"]) == (
        report.energy_range_j.low, report.energy_range_j.high,
    )  # fmt: skip
    assert (found["latency_low_s"], found["latency_s"], found["latency_high_s"]) == (
        report.latency_range_s.low, report.latency_range_s.nominal, report.latency_range_s.high,
    )  # fmt: skip
    assert (found["cores"], found["chips"], found["time_steps"]) == (9, 2, 4)
    assert found["energy_delay_js"] == report.energy_delay_js


def test_runs_on_other_chips_are_never_best_in_energy() -> None:
    """But still in accuracy and spikes, which no chip file changes."""
    report = example_report()
    better = with_energy(on_chip(report, name="loihi2"), 1e-9).model_copy(
        update={"accuracy": Accuracy(chip=0.999, samples=360)}
    )
    runs = [run("a", report), run("b", better)]
    for each in QUANTITIES:
        if each.needs == "chip":
            assert compare(runs).best(each) == frozenset(), each.key
    assert best(runs, "accuracy_chip") == {"b"}


def test_chips_of_one_name_with_other_costs_are_other_chips() -> None:
    """A user's file may be called as one that ships."""
    report = example_report()
    constants = tuple(
        constant.model_copy(update={"value": 1.0, "low": None, "high": None})
        if constant.key == "energy_per_synop_dense_j"
        else constant
        for constant in report.constants
    )
    other = with_energy(report, 1e-9).model_copy(update={"constants": constants})
    comparison = compare([run("a", report), run("b", other)])
    assert comparison.best(ENERGY) == frozenset()
    assert any("energy_per_synop_dense_j" in sentence for sentence in comparison.sentences)


def test_a_throttle_makes_time_another() -> None:
    """One that both have doesn't."""
    report = example_report()
    throttled = with_energy(report, 1e-9).model_copy(
        update={"latency_s": report.latency_s.model_copy(update={"throttle": 1e-3})}
    )
    assert best([run("a", report), run("b", throttled)], "energy_j") == set()
    other = with_energy(throttled, 2e-9)
    assert best([run("a", other), run("b", throttled)], "energy_j") == {"b"}


@pytest.mark.parametrize("key", ["energy_j", "spikes", "accuracy_chip"])
def test_other_data_or_samples_make_no_best(key: str) -> None:
    """In nothing that depends on the inputs."""
    report = example_report()
    good = with_energy(example_report(time_steps=2), 1e-9).model_copy(
        update={"accuracy": Accuracy(chip=0.999, samples=360)}
    )
    assert best([run("a", report), run("b", good)], key) == {"b"}
    other_data = [run("a", report), run("b", good, {"name": "mnist"})]
    assert best(other_data, key) == set()
    fewer = good.model_copy(update={"simulated_samples": 3})
    assert best([run("a", report), run("b", fewer)], key) == set()


def test_a_network_that_does_not_fit_is_not_the_best_on_its_chip() -> None:
    """Its energy is estimated as if the chip had room."""
    cheap = with_energy(example_report(fits=False), 1e-9)
    assert best([run("a"), run("b", cheap)], "energy_j") == {"a"}


def test_a_run_without_costs_has_none() -> None:
    """No zero that would win."""
    runs = [*three(), run("d", uncosted())]
    assert ENERGY.value(runs[3]) is None
    assert LATENCY.value(runs[3]) is None
    assert best(runs, "energy_j") == {"b"}
    assert best(runs, "spikes") == {"d"}


def test_only_quantities_that_some_run_has_are_shown() -> None:
    """Two runs that no chip could hold have no energy row."""
    keys = [each.key for each in compare([run("a", uncosted()), run("b", uncosted())]).shown()]
    assert "spikes" in keys
    assert "accuracy_trained" in keys
    assert not any("energy" in key or "latency" in key or key == "accuracy_chip" for key in keys)
