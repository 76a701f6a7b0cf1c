"""Holds one runtime's answers to the reference, batch by batch, until a verdict is due."""

import numpy as np
from numpy.typing import NDArray

from hwsim.errors import RuntimeRefused
from hwsim.verify.parting import partings
from hwsim.verify.reference import Reference
from hwsim.verify.row import Row, Verdict
from hwsim.verify.runtime import Answer, BoolArray, Runtime
from hwsim.verify.worst_case import WorstCase


class Tally:
    """What has been seen of one runtime so far."""

    def __init__(self, name: str, runtime: Runtime) -> None:
        self._name, self._runtime = name, runtime
        self._samples = self._correct = self._mismatches = self._parted = self._beyond = 0
        self._logit_diff = self._largest_bound = 0.0
        self._closest_margin = float("inf")
        self._logits_astray = 0
        self._worst = WorstCase(runtime.arithmetic)
        self._faults: list[str] = []
        self._notes: list[str] = []

    def add(self, reference: Reference, answer: Answer, labels: NDArray[np.int64]) -> None:
        """Takes one batch into account.

        Raises:
            RuntimeRefused: the runtime's tensors don't have the network's shapes.
        """
        differs = _differences(reference, answer)
        bounds = reference.bounds(self._runtime.arithmetic)
        parted = partings(differs, reference.margins, bounds.decisions)
        same = np.ones(len(labels), dtype=np.bool_)
        same[parted.samples] = False
        apart = np.abs(answer.logits - reference.logits)
        astray = ~(apart <= bounds.logits)
        self._worst.add(parted, reference, answer, self._samples)
        self._samples += len(labels)
        self._correct += int((answer.logits.argmax(axis=1) == labels).sum())
        self._mismatches += sum(int(differ.sum()) for differ in differs.values())
        self._parted += len(parted)
        self._beyond += int(parted.beyond.sum())
        self._closest_margin = min(self._closest_margin, reference.closest_margin)
        largest = (float(bound.max()) for bound in bounds.decisions.values())
        self._largest_bound = max(self._largest_bound, *largest)
        self._logit_diff = float(np.maximum(self._logit_diff, apart.max()))
        self._logits_astray += int((astray.any(axis=1) & same).sum())
        if answer.fault and answer.fault not in self._faults:
            self._faults.append(answer.fault)
        if answer.note and answer.note not in self._notes:
            self._notes.append(answer.note)

    def row(self) -> Row:
        """The line for the table."""
        exact = self._runtime.arithmetic.exact
        return Row(
            runtime=self._name,
            compared_with=self._runtime.compared_with,
            precision=self._runtime.precision,
            samples=self._samples,
            spike_mismatches=self._mismatches,
            logit_max_abs_diff=self._logit_diff,
            accuracy=self._correct / self._samples,
            verdict=self._verdict(),
            samples_parted=self._parted,
            float32_bound=None if exact else self._largest_bound,
            closest_margin=self._closest_margin,
            note=self._note(),
            case=self._worst.case,
        )

    def _verdict(self) -> Verdict:
        if self._faults or self._logits_astray or self._beyond:
            return "different"
        if not self._mismatches:
            return "identical"
        return "different" if self._runtime.arithmetic.exact else "rounding"

    def _note(self) -> str:
        notes = list(self._faults)
        if self._runtime.arithmetic.exact and self._parted > self._beyond:
            notes.append(
                f"{self._parted - self._beyond} samples first differ at a tie: a membrane closer "
                "to its threshold than float64 resolves"
            )
        if self._beyond:
            notes.append(
                f"{self._beyond} samples first differ at a decision farther from its threshold "
                "than rounding can carry"
            )
        if self._logits_astray:
            notes.append(
                f"{self._logits_astray} samples have equal spikes but logits farther apart than "
                "rounding can carry"
            )
        return "; ".join([*notes, *self._notes])


def finished(name: str, runtime: Runtime, verdict: Verdict, note: str) -> Row:
    """The line of a runtime that gave no numbers."""
    return Row(
        runtime=name,
        compared_with=runtime.compared_with,
        precision=runtime.precision,
        samples=0,
        spike_mismatches=None,
        logit_max_abs_diff=None,
        accuracy=None,
        verdict=verdict,
        note=note,
    )


def _differences(reference: Reference, answer: Answer) -> dict[str, BoolArray]:
    expected = reference.run.spikes
    shapes = {"logits": (reference.logits.shape, answer.logits.shape)}
    for name, spikes in expected.items():
        shapes[name] = (spikes.shape, np.shape(answer.spikes.get(name, ())))
    for name, (wanted, given) in shapes.items():
        if wanted != given:
            raise RuntimeRefused(f"'{name}' came back with shape {given}, expected {wanted}.")
    return {name: spikes != answer.spikes[name] for name, spikes in expected.items()}
