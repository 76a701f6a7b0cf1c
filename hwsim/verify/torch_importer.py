"""What Norse, snnTorch and SpikingJelly have in common: NIR becomes a torch module with state."""

import copy
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from export.executor import logits
from export.executor.samples import time_major
from export.nir_metadata import FrozenFacts
from hwsim.errors import NotInstalled
from hwsim.verify.arithmetic import Arithmetic
from hwsim.verify.importer_source import Source, source_of
from hwsim.verify.importers.imported import Imported, Outcome
from hwsim.verify.importers.importer import Importer, contained, not_installed
from hwsim.verify.importers.table import IMPORTERS
from hwsim.verify.runtime import Answer, Ask, FloatArray, Runtime, Samples, Subject, refusals

WEIGHTED_BY_US = (
    "NIR has no field for readout weights, so this importer ignores them: spikeport applied them "
    "to its outputs of each step"
)


class Run(Protocol):
    """Runs a batch in the tool."""

    def __call__(self, inputs: Samples, *, membranes: bool) -> Outcome:
        """What it did; its membranes if they are asked for."""


def in_process(name: str, profile: str | None = None) -> Callable[[Subject], Ask | None]:
    """How to open a network in an importer of this installation.

    Args:
        name: the importer's.
        profile: whose file it reads, if not the network as it is; None is opened where the subject
            has no such file.
    """

    def open_it(subject: Subject) -> Ask | None:
        source = source_of(subject, profile)
        return None if source is None else open_importer(IMPORTERS[name], subject, source)

    return open_it


def imported(
    precision: str, arithmetic: Arithmetic, name: str, profile: str | None = None
) -> Runtime:
    """The runtime that an importer of this installation is; see `in_process`."""
    return Runtime(
        precision,
        arithmetic,
        in_process(name, profile),
        imports_nir=True,
        importer=name,
        profile=profile,
    )


def open_importer(importer: Importer, subject: Subject, source: Source) -> Ask:
    """Imports the network once; every batch is then run step by step from zero state.

    Raises:
        NotInstalled: the tool, or something it needs, isn't there.
        RuntimeRefused: it can't take this network.
    """
    facts = subject.facts
    with contained(*importer.noise), refusals(importer.tool):
        try:
            graph = copy.deepcopy(source.graph)
            imported = Imported(importer, graph, facts.dt_s, tuple(source.names.values()))
        except ImportError as error:
            raise NotInstalled(not_installed(importer, error)) from error

    def run(inputs: Samples, *, membranes: bool) -> Outcome:
        frames = frames_of(inputs, facts)
        with contained(*importer.noise), refusals(importer.tool):
            return imported.run(frames, facts.time_steps, membranes=membranes)

    return answering(run, importer, source, facts)


def frames_of(inputs: Samples, facts: FrozenFacts) -> FloatArray:
    """A batch as importers are given it: float64 [T, N, *shape], T = 1 for a static input."""
    frames: FloatArray = np.array(time_major(inputs, facts), dtype=np.float64)
    return frames


def answering(run: Run, importer: Importer, source: Source, facts: FrozenFacts) -> Ask:
    """Asks a running module, and brings its answers into the subject's names and our units."""
    note = "" if facts.readout.weights is None else WEIGHTED_BY_US

    def ask(inputs: Samples) -> Answer:
        def membranes(sample: int) -> Mapping[str, FloatArray]:
            alone = run(inputs[sample : sample + 1], membranes=True).membranes
            return {
                name: alone[theirs][:, 0] / (1.0 if importer.unit_gain else source.gains[name])
                for name, theirs in source.names.items()
            }

        outcome = run(inputs, membranes=False)
        spikes = {name: outcome.spikes[theirs] for name, theirs in source.names.items()}
        return Answer(spikes, logits(outcome.outputs, facts), membranes, True, note=note)

    return ask
