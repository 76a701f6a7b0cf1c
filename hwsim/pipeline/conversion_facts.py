"""What the report says of the conversion: integers per population, and paths that wait."""

from math import isinf

from export.quantizing.payload_quantization import PayloadQuantization
from hwsim.pipeline.fidelity import Fidelity, QuantisedLayer, QuantisedPayload
from hwsim.report.fields import Fact


def waiting(fidelity: Fidelity) -> dict[str, dict[str, Fact]]:
    """What the report says of each path that waits for a longer one."""
    return {
        f"{path.source} to {path.target}": {
            "steps": path.steps,
            "by": "relay populations" if path.means == "relay" else "synaptic delays",
            "neurons added": path.neurons,
            "Loihi 1 cores added": path.cores,
            "synapses added": path.synapses,
            "chosen as": path.why,
        }
        for path in fidelity.waiting
    }


def quantisation(fidelity: Fidelity) -> dict[str, dict[str, Fact]]:
    """What the report says of each population, by name."""
    return quantised_facts(fidelity.quantised)


def quantised_facts(layers: dict[str, QuantisedLayer]) -> dict[str, dict[str, Fact]]:
    """What the report says of what quantising did to each population, by name."""
    older = all(layer.weight_bits is None for layer in layers.values())
    return {
        name: {
            "scale": round(layer.scale, 3),
            "threshold mantissa": layer.threshold,
            "largest |weight|": None if layer.on_host else layer.weight_max,
            **_weight_facts(layer, older),
            "SQNR (dB)": None if layer.on_host else _sqnr(layer.sqnr_db),
            **_spike_facts(layer),
            **_payload_facts(layer.payload),
            **_residual_facts(layer),
        }
        for name, layer in layers.items()
    }


def _weight_facts(layer: QuantisedLayer, older: bool) -> dict[str, Fact]:
    count = None if layer.on_host else layer.clipped_weights
    if older:
        return {"weights at the limit": count}
    return {"bits of a weight": layer.weight_bits, "clipped weights": count}


def _spike_facts(layer: QuantisedLayer) -> dict[str, Fact]:
    if layer.spike_disagreement is None:
        return {}
    return {"spikes unlike the float layer's": f"{layer.spike_disagreement:.2%}"}


def _sqnr(decibels: float | None) -> Fact:
    return "exact" if decibels is None or isinf(decibels) else round(decibels, 1)


def _residual_facts(layer: QuantisedLayer) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    if layer.projections > 1:
        facts["projections"] = layer.projections
    if layer.identity_error is not None:
        facts["error of the identity's weight"] = f"{layer.identity_error:.2%}"
    if layer.silenced:
        facts["neurons that nobody reads, silenced"] = layer.silenced
    return facts


def _payload_facts(payload: QuantisedPayload | None) -> dict[str, Fact]:
    if payload is None:
        return {}
    can_wrap = PayloadQuantization(**payload.model_dump()).can_wrap
    return {
        "payloads": f"{payload.lowest} to {payload.highest} ({payload.bits} bits)",
        "error of the current": f"{payload.error:.2%}",
        "largest |sum|, calibration": payload.calibration_sum,
        "largest |sum|, any payloads": payload.worst_sum,
        "can u wrap": "yes, on inputs unlike the calibration's" if can_wrap else "no",
    }
