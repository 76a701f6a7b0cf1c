"""ONNX Runtime on the shipped files, in float32 (its CPU provider has no double convolution)."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from export.executor import logits
from export.moving_threshold import moving_thresholds
from export.onnx import read_onnx, with_spikes
from export.onnx.network import states_of
from export.onnx.threshold import STEP
from hwsim.errors import NotInstalled, RuntimeRefused
from hwsim.verify.onnx_membranes import MEMBRANE, with_membranes
from hwsim.verify.runtime import Answer, Ask, FloatArray, Samples, Subject, refusals

Feeds = dict[str, NDArray[Any]]

ERRORS_ONLY = 3

WEIGHTED_BY_US = (
    "the file holds one step, so it can't weight several: spikeport applied the readout weights to "
    "its outputs"
)


class Evaluator(Protocol):
    """Runs one model."""

    def run(self, feeds: Feeds) -> Feeds:
        """Outputs by name."""


def open_scan(
    subject: Subject, session: Callable[[onnx.ModelProto], Evaluator] | None = None
) -> Ask | None:
    """model.onnx: the whole sequence in one call.

    Spikes come from a copy that returns them; the shipped file runs beside it and must return the
    same logits, bit for bit.

    Args:
        subject: with the file.
        session: who runs a model; None for ONNX Runtime.

    Raises:
        NotInstalled: there is no ONNX Runtime.
        RuntimeRefused: it can't run this model.
        FileError: the file is missing or isn't ONNX.
    """
    if subject.onnx is None:
        return None
    model = read_onnx(subject.onnx)
    visible = _own(with_spikes(model), subject)
    opened = session or Session
    shipped, shown = opened(model), opened(visible)
    neurons = subject.neurons

    def membranes(inputs: Samples) -> Mapping[str, FloatArray]:
        results = opened(with_membranes(visible)).run({"input": inputs.astype(np.float32)})
        return {name: results[MEMBRANE + name][:, 0].astype(np.float64) for name in neurons}

    def ask(inputs: Samples) -> Answer:
        feeds: Feeds = {"input": inputs.astype(np.float32)}
        results = shown.run(feeds)
        same = np.array_equal(shipped.run(feeds)["logits"], results["logits"])
        return Answer(
            {name: results[f"s_{name}"] for name in neurons},
            results["logits"].astype(np.float64),
            lambda sample: membranes(inputs[sample : sample + 1]),
            fault="" if same else "the shipped file's logits differ from its copy's with spikes",
        )

    return ask


def open_step(
    subject: Subject, session: Callable[[onnx.ModelProto], Evaluator] | None = None
) -> Ask | None:
    """model.step.onnx: one call per step, the state handed from call to call.

    Where thresholds change from step to step it is told the step's number.

    Args:
        subject: with the file.
        session: who runs a model; None for ONNX Runtime.

    Raises:
        NotInstalled: there is no ONNX Runtime.
        RuntimeRefused: it can't run this model.
        FileError: the file is missing or isn't ONNX.
    """
    if subject.step_onnx is None:
        return None
    visible = _own(with_spikes(read_onnx(subject.step_onnx)), subject)
    opened = session or Session
    whole = opened(visible)
    facts, neurons = subject.facts, subject.neurons
    note = "" if facts.readout.weights is None else WEIGHTED_BY_US
    moving = moving_thresholds(facts)
    states = states_of(subject.nodes, moving, facts.dt_s)
    numbered = any(how.factors is not None for how in moving.values())

    def steps_of(evaluator: Evaluator, inputs: Samples) -> list[Feeds]:
        singles = inputs.astype(np.float32)
        static = facts.input.form == "static"
        state: Feeds = {
            name: np.zeros((len(inputs), *shape), np.float32) for name, shape in states.items()
        }
        steps: list[Feeds] = []
        for t in range(facts.time_steps):
            number: Feeds = {STEP: np.array(t, np.int64)} if numbered else {}
            frame = singles if static else singles[:, t]
            results = evaluator.run({"input": frame, **number, **state})
            state = {name: results[f"{name}_next"] for name in state}
            steps.append(results)
        return steps

    def membranes(inputs: Samples) -> Mapping[str, FloatArray]:
        steps = steps_of(opened(with_membranes(visible)), inputs)
        return {
            name: np.stack([step[MEMBRANE + name][0] for step in steps]).astype(np.float64)
            for name in neurons
        }

    def ask(inputs: Samples) -> Answer:
        steps = steps_of(whole, inputs)
        outputs = np.stack([step["output"] for step in steps]).astype(np.float64)
        spikes = {name: np.stack([step[f"s_{name}"] for step in steps]) for name in neurons}
        return Answer(
            spikes,
            logits(outputs, facts),
            lambda sample: membranes(inputs[sample : sample + 1]),
            note=note,
        )

    return ask


def _own(model: onnx.ModelProto, subject: Subject) -> onnx.ModelProto:
    """The model, if it has the graph's spiking nodes."""
    shown = {output.name for output in model.graph.output}
    for name in subject.neurons:
        if f"s_{name}" not in shown:
            raise RuntimeRefused(
                f"the ONNX model has no spikes of node '{name}': it belongs to another network."
            )
    return model


class Session:
    """An inference session on the CPU that answers by name.

    Args:
        model: what it runs.

    Raises:
        NotInstalled: there is no ONNX Runtime.
        RuntimeRefused: it can't run this model.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        try:
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as state
        except ImportError as error:
            raise NotInstalled(f"ONNX Runtime: {error}. Install onnxruntime.") from error
        self._faults: tuple[type[Exception], ...] = (
            state.Fail,
            state.InvalidArgument,
            state.InvalidGraph,
            state.InvalidProtobuf,
            state.NotImplemented,
            state.RuntimeException,
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        with refusals("ONNX Runtime", *self._faults):
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, feeds: Feeds) -> Feeds:
        """Outputs by name.

        Raises:
            RuntimeRefused: the inputs don't fit, or an operator fails.
        """
        with refusals("ONNX Runtime", *self._faults):
            results = self._session.run(None, feeds)
        return dict(zip(self._names, results, strict=True))
