"""Which batch norm feeds which LIF layer, read from the traced forward."""

from torch import fx, nn

from trainers.errors import ConfigError
from trainers.layer_tracer import FORWARD_FAULTS, LayerTracer
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF

Norm = nn.BatchNorm1d | nn.BatchNorm2d
PASS_THROUGH = (nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Dropout, nn.Dropout2d, nn.Identity)


def preceding_norms(network: SpikingNetwork) -> dict[str, Norm | None]:
    """For each LIF by name, the affine batch norm whose output is its current; None without one.

    Pooling and dropout in between are looked through; where branches are added, the first branch
    that ends in a norm counts.

    Raises:
        ConfigError: the module's forward can't be traced.
    """
    try:
        graph = LayerTracer().trace(network.body)
    except FORWARD_FAULTS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"method mpd-agl: the network's forward can't be traced ({reason}), so the norm "
            "before each LIF is unknown. Let it only call layers and add their outputs."
        ) from error
    modules = dict(network.body.named_modules())
    found: dict[str, Norm | None] = {}
    for node in graph.nodes:
        if node.op == "call_module" and isinstance(modules[str(node.target)], LIF):
            found[str(node.target)] = _norm_before(node, modules)
    return {name: found.get(name) for name, _ in network.neurons()}


def _norm_before(node: fx.Node, modules: dict[str, nn.Module]) -> Norm | None:
    for source in node.all_input_nodes:
        module = modules.get(str(source.target)) if source.op == "call_module" else None
        if isinstance(module, Norm):
            return module if module.affine else None
        looks_through = module is None or isinstance(module, PASS_THROUGH)
        norm = _norm_before(source, modules) if looks_through else None
        if norm is not None:
            return norm
    return None
