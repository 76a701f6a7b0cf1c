"""NeuroBench's metrics under its own names."""

from hwsim.report.html_table import Column, table
from hwsim.report.html_tables import section
from hwsim.report.model import Report
from hwsim.report.units import count

TITLE = "NeuroBench metrics"
NAMES = (
    ("Footprint", "footprint", "bytes of parameters and buffers"),
    ("ConnectionSparsity", "connection_sparsity", "share of weights that are zero"),
    ("ParameterCount", "parameter_count", "parameters"),
    ("ClassificationAccuracy", "classification_accuracy", "share of samples classified right"),
    ("ActivationSparsity", "activation_sparsity", "share of neuron outputs that are zero"),
    ("MembraneUpdates", "membrane_updates", "membranes that changed"),
    ("SynapticOperations: Effective_MACs", "effective_macs", "input and weight not zero"),
    ("SynapticOperations: Effective_ACs", "effective_acs", "likewise, inputs in {-1, 0, 1}"),
    ("SynapticOperations: Dense", "dense", "operations if nothing were zero"),
)
"""NeuroBench's name, ours, and what it is."""


def neurobench_table(report: Report) -> str:
    """A row per metric; nothing where none was worked out."""
    found = report.neurobench
    if found is None:
        return ""
    rows = [[name, _shown(key, getattr(found, key)), what] for name, key, what in NAMES]
    return section(
        "neurobench",
        TITLE,
        "Under NeuroBench's names and by its rules, mean per inference.",
        table(
            TITLE, [Column("Metric", "close"), Column("Value"), Column("What it is", "note")], rows
        ),
    )


def _shown(key: str, value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:.4f}" if key.endswith(("sparsity", "accuracy")) else count(value)
