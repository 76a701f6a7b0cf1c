"""What a user of model.chip.onnx must know, as texts in the file's `metadata_props`.

| key | content |
|---|---|
| `format` | `spikeport-chip 1` |
| `spikeport_version` | of the tool |
| `neuron` | the rule of one step |
| `reset` | `staggered`: window time; `none`: chip time, one step per projection |
| `time_steps` | T, empty where the graph has none |
| `input_form`, `input` | bias, spikes or graded; what to feed, in words |
| `input_shapes`, `population_shapes` | JSON: name to shape |
| `readouts` | JSON: list of population, volts_to_logit, weights (null without) |
| `readout` | the rule of the logits |
| `classes` | JSON: names |
"""

import json

from export.chip.graph import ChipGraph, InputForm
from export.onnx.chip.plan import Plan
from export.own_version import own_version

FORMAT = "spikeport-chip 1"
FORMAT_KEY = "format"

NEURON = (
    "u = wrap24(rtz12(u * (4096 - decay_u)) + (a << 6)); "
    "v = clip24(rtz12(v * (4096 - decay_v)) + u + (bias << 6)); "
    "s = v > threshold << 6; v = 0 where s"
)

READOUT = (
    "logits = volts_to_logit * v[T] without weights, else "
    "volts_to_logit * sum over t of weights[t] * (v[t] - v[t-1]), v[0] = 0"
)

CONTENT: dict[InputForm, str] = {
    "bias": "int16 bias mantissas",
    "spikes": "bool spikes",
    "graded": "int32 payloads",
}


def chip_facts(plan: Plan) -> dict[str, str]:
    """The texts by key."""
    graph = plan.graph
    return {
        FORMAT_KEY: FORMAT,
        "spikeport_version": own_version(),
        "neuron": NEURON,
        "reset": plan.reset,
        "time_steps": "" if graph.time_steps is None else str(graph.time_steps),
        "input_form": graph.input.form,
        "input": f"{CONTENT[graph.input.form]} [batch, rows, *shape]: 1 row for all steps, or T",
        "input_shapes": json.dumps({"inputs": ["batch", "rows", *graph.input.shape]}),
        "population_shapes": json.dumps({p.name: list(p.shape) for p in graph.populations}),
        "readouts": json.dumps(_readouts(graph)),
        "readout": READOUT if graph.readouts else "",
        "classes": json.dumps(list(graph.classes)),
    }


def _readouts(graph: ChipGraph) -> list[dict[str, object]]:
    return [
        {
            "population": readout.population,
            "volts_to_logit": readout.volts_to_logit,
            "weights": None if readout.weights is None else list(readout.weights),
        }
        for readout in graph.readouts
    ]
