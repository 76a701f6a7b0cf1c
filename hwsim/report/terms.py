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
    Term("static", "Static power", "Static", "#9aa3ad"),
    Term("host", "Host", "Host", "#a5678e"),
)
"""In the order of every table; the colours stay apart for colour-blind eyes and in grey."""

LAYER_TERMS = tuple(term for term in TERMS if term.key != "host")
"""The terms that belong to a layer; the host's work comes before the first."""
