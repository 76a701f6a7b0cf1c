"""Which networks each tool may refuse, and why: fixed beforehand, and nothing else is excused.

A tool may refuse a network only if it has a feature of the tool's table, either by the tool's own
error or because no profile can write it for that tool. All of it is what the installed importers
were seen to do (norse 1.1.0, snntorch 1.0.0, spikingjelly 2.0.0, sinabs 3.1.3, rockpool 3.1.0, spyx
1.0.0, nirtorch 2.6; ONNX as `export.onnx` writes it). docs/interop.md tells it to users.
"""

from collections.abc import Iterable, Mapping, Set

_SOFT = {
    "subtract": "the file would reset to zero in it",
    "subtract later": "as for subtract",
    "several spikes": "one spike a step at most",
    "moving threshold": "NIR has no field for it; ONNX holds it",
}
_NO_STATES = {
    "integrator": "not mapped",
    "delay": "not mapped",
    "scale": "not mapped",
}
_PORTABLE = {
    **_SOFT,
    **_NO_STATES,
    "average pooling": "Norse makes an identity of it, and one file serves three tools",
    "conv1d": "Norse and snnTorch don't map it, and one file serves three tools",
    "padded pooling": "nirtorch's and Norse's sum pooling ignores the padding",
    "other loop": "snnTorch runs flat loops wrong without a word",
    "v_leak": "snnTorch and SpikingJelly refuse it, Norse adds it to the synapse too",
    "v_reset": "Norse and snnTorch reset to 0 all the same, SpikingJelly wants it equal to v_leak",
    "per-neuron threshold": "snnTorch and SpikingJelly take one per layer",
}
_ONNX = {
    "conv1d": "not written",
    "integrator": "not written",
    "delay": "not written",
    "scale": "not written; folding puts it into weights",
    "bare threshold": "not written",
    "subtract": "not written",
    "subtract later": "not written",
    "several spikes": "not written",
}

REFUSALS: dict[str, Mapping[str, str]] = {
    "norse": _PORTABLE,
    "snntorch": {
        **_PORTABLE,
        "no leak": "its IF is a Leaky with beta 0.9 and asserts r = 1",
    },
    "spikingjelly": {
        **_PORTABLE,
        "per-neuron decay": "tau must be uniform across all neurons",
        "decay 0": "a LIF's tau / dt must be greater than 1; nir-cuba runs",
    },
    "sinabs": {
        **_NO_STATES,
        "average pooling": "not mapped",
        "conv1d": "its own importer fails on it",
        "padded pooling": "the padding is ignored",
        "leaky image layer": "its importer tests v_leak in a way that fails on more dimensions",
        "synapse": "CubaLIF isn't mapped",
        "v_leak": "refused",
        "v_reset": "ignored",
        "other loop": "only nested recurrence is written",
        "subtract later": "it subtracts in the same step",
        "moving threshold": "NIR has no field for it",
    },
    "rockpool": {
        **_NO_STATES,
        "conv": "not mapped",
        "conv1d": "not mapped",
        "sum pooling": "not mapped",
        "average pooling": "not mapped",
        "flatten": "not mapped",
        "no leak": "its time constant would be infinite",
        "recurrent bias": "dropped",
        "other loop": "only a graph of neuron and dense weights is mapped",
        "v_leak": "added as a current",
        "hard reset": "it subtracts the threshold, and no setting changes that",
        "subtract later": "it subtracts in the same step",
        "moving threshold": "NIR has no field for it",
    },
    "spyx": {
        "conv": "channels last, which mixes up the columns behind a Flatten",
        "conv1d": "not mapped",
        "sum pooling": "as for conv",
        "average pooling": "dropped without a word",
        "flatten": "as for conv",
        "branch": "one chain of edges is followed, others are dropped without a word",
        "recurrent": "its recurrent neurons subtract the threshold",
        "other loop": "as for branch",
        "no leak": "IF is not written for it",
        "synapse": "none of its neurons has one and a hard reset",
        "v_leak": "ignored",
        "hard reset": "it subtracts the threshold a step later, and no setting changes that",
        "subtract": "its spikes arrive a step later, except behind a Delay of one step",
        "subtract later": "as for subtract",
        "several spikes": "one spike a step at most",
        "integrator": "only with a Threshold behind it",
        "delay": "only of one step, behind a neuron that subtracts",
        "scale": "not mapped",
        "moving threshold": "NIR has no field for it",
    },
    "onnxruntime": _ONNX,
    "onnx reference": _ONNX,
}


TITLES = {
    "norse": "Norse",
    "snntorch": "snnTorch",
    "spikingjelly": "SpikingJelly",
    "sinabs": "Sinabs",
    "rockpool": "Rockpool",
    "spyx": "Spyx",
    "onnxruntime": "ONNX Runtime",
    "onnx reference": "onnx's ReferenceEvaluator",
}


def excuses(tool: str, found: Set[str]) -> dict[str, str]:
    """Why a tool may refuse a network with these features; empty if it may not.

    Args:
        tool: key of REFUSALS.
        found: what `export.profiles.features.features` says of the network.
    """
    return {feature: why for feature, why in REFUSALS[tool].items() if feature in found}


def rows(order: Iterable[str]) -> list[str]:
    """The table of docs/interop.md, features in that order, tools of one reason together."""
    table = []
    for feature in order:
        reasons: dict[str, list[str]] = {}
        for tool, excused in REFUSALS.items():
            if feature in excused:
                reasons.setdefault(excused[feature], []).append(TITLES[tool])
        if reasons:
            told = "; ".join(f"{', '.join(tools)} ({why})" for why, tools in reasons.items())
            table.append(f"| {feature} | {told} |")
    return table
