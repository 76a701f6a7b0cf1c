"""PilotNet's synaptic operations per step and layer equal those measured on Loihi 2's network."""

from benchmarks.pilotnet import (
    LAYERS,
    REFERENCE,
    REFERENCE_SPIKES,
    activity,
    nonzero_fan_out,
    pilotnet,
)
from export.chip.fanout import fan_out


def test_synops_and_spikes_equal_the_reference() -> None:
    """Silent input, reset every 16 steps: every published layer, and nothing in the first."""
    graph = pilotnet()
    assert sum(population.neurons for population in graph.populations) == 158_509
    layers = activity(graph)
    assert {name: round(layers[name].synops) for name in REFERENCE} == REFERENCE
    assert {name: round(layers[name].spikes) for name in REFERENCE_SPIKES} == REFERENCE_SPIKES
    assert layers["input"].spikes == layers["conv1"].synops == 0
    assert sum(layers[name].synops for name in REFERENCE) == 2_265_491.625
    assert sum(layers[name].synops for name in LAYERS) == 2_269_710.375
    for layer in layers.values():
        assert layer.synops <= layer.stored_synops


def test_without_zero_weights_every_stored_synapse_counts() -> None:
    """The count of non-zero synapses equals the emulator's own, edges of the maps included."""
    graph = pilotnet()
    for projection in graph.projections:
        dense = type(projection)(**(vars(projection) | {"weight": projection.weight * 0 + 1}))
        assert (nonzero_fan_out(graph, dense) == fan_out(graph, dense)).all()
