"""What is said before runs are compared."""

from hwsim.report.comparison_differences import Differences, differences
from hwsim.report.comparison_runs import Run
from tests.comparison_example import on_chip, run, uncosted
from tests.report_example import example_report


def said(*runs: Run) -> tuple[str, ...]:
    """The sentences."""
    return differences(runs).sentences


def test_equal_runs_need_no_words() -> None:
    """Nothing is said, everything may be compared."""
    assert differences([run("a"), run("b"), run("c")]) == Differences(True, True, ())


def test_other_chips_are_named_with_their_runs() -> None:
    """Grouped by chip."""
    other = on_chip(example_report(), name="loihi2")
    (sentence,) = said(run("a"), run("b", other), run("c"))
    assert "Chips differ: loihi1 (a, c); loihi2 (b)." in sentence


def test_of_many_differing_costs_three_are_named() -> None:
    """And the number of the others."""
    report = example_report()
    none = report.model_copy(update={"constants": report.constants[:1]})
    (sentence,) = said(run("a", report), run("b", none))
    keys = ", ".join(constant.key for constant in report.constants[1:4])
    assert f"({keys} and {len(report.constants) - 4} more)" in sentence


def test_other_data_sets_and_settings_are_named() -> None:
    """Of settings only those that differ."""
    (sentence,) = said(run("a"), run("b", data={"name": "mnist"}))
    assert "digits (a); mnist (b)" in sentence
    (sentence,) = said(
        run("a", data={"name": "npz", "path": "x.npz", "seed": 1}),
        run("b", data={"name": "npz", "path": "y.npz", "seed": 1}),
    )
    assert "npz, path = x.npz (a); npz, path = y.npz (b)" in sentence


def test_an_unknown_data_set_is_said_and_not_taken_as_another() -> None:
    """An imported run has no recipe."""
    imported = Run("b", run("b").path, example_report(), None)
    found = differences([run("a"), imported])
    assert found.same_task
    assert "The data set of b isn't known" in found.sentences[0]


def test_samples_steps_objectives_and_throttles_are_said() -> None:
    """Each in a sentence of its own, samples and throttles as reasons not to compare."""
    report = example_report()
    fewer = report.model_copy(update={"simulated_samples": 10})
    found = differences([run("a"), run("b", fewer)])
    assert not found.same_task
    assert "10 simulated and 360 tested (b)" in found.sentences[0]

    found = differences([run("a"), run("b", example_report(time_steps=8))])
    assert "T = 4 (a); T = 8 (b)" in found.sentences[0]
    assert found.same_task
    assert found.same_chip

    found = differences([run("a"), run("b", on_chip(report, objective="lowest-latency"))])
    assert "fewest-cores (a); lowest-latency (b)" in found.sentences[0]
    assert found.same_chip

    slow = report.latency_s.model_copy(update={"throttle": 1e-3})
    found = differences([run("a"), run("b", report.model_copy(update={"latency_s": slow}))])
    assert "no throttle (a); 1.00 ms (b)" in found.sentences[0]
    assert not found.same_chip


def test_runs_without_a_chip_or_without_room_are_said() -> None:
    """With the reason."""
    first, second, third = said(run("a", uncosted()), run("b", example_report(fits=False)))
    assert first.startswith("a has no chip equivalent: Thresholds of 'l000_lif'")
    assert "b doesn't fit Intel Loihi 1" in second
    assert "5,120 exceed 4,096 by 1,024" in second
    assert "synaptic memory" in third
