"""Stages and energy terms as every picture and table names and colours them."""

from dataclasses import dataclass

from hwsim.report.emulated import EmulatedReport, UncostedReport


@dataclass(frozen=True)
class Stage:
    """Where accuracy was measured: key in report.json and words for people."""

    key: str
    label: str


STAGES = (
    Stage("trained", "trained"),
    Stage("frozen", "frozen"),
    Stage("chip", "chip (emulated)"),
)


def stages(report: EmulatedReport) -> tuple[Stage, ...]:
    """The stages of a report; what no chip could run was emulated and nothing else."""
    if not isinstance(report, UncostedReport):
        return STAGES
    return (*STAGES[:-1], Stage("chip", "emulated"))


@dataclass(frozen=True)
class Term:
    """One term: key in report.json, words for people, one for a legend, colour in charts."""

    key: str
    label: str
    short: str
    colour: str


TERMS = (
    Term("synops", "Synaptic operations", "SynOps", "#2f5d8c"),
    Term("neurons", "Neuron updates", "Updates", "#4f9d8e"),
    Term("messages", "Messages", "Messages", "#d9a441"),
    Term("static", "Leakage of cores in use", "Leakage", "#9aa3ad"),
    Term("chip", "Rest of the chip", "Rest of chip", "#6b7480"),
    Term("host", "Host", "Host", "#a5678e"),
    Term("io", "I/O", "I/O", "#b5563c"),
)
"""In the order of every table; the colours stay apart for colour-blind eyes and in grey."""

LAYER_TERMS = tuple(
    term for term in TERMS if term.key in ("synops", "neurons", "messages", "static")
)
"""The terms that belong to a layer, a core and a step; the others belong to the whole run."""
