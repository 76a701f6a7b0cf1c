"""Symbolic tracing of a user's forward: which layers it calls, on what."""

import operator
from typing import Any

from torch import fx, nn

from trainers.neurons.lif import LIF

FORWARD_FAULTS = (
    RuntimeError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    AssertionError,
)
"""What a forward raises when it is given symbols, or a sample of the wrong shape."""


class _Symbol(fx.Proxy):
    """A tensor in a traced forward that notices +=, which torch.fx takes for a plain addition."""

    def __iadd__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})


class LayerTracer(fx.Tracer):
    """Traces a forward down to our LIF and torch's own layers, which are single calls."""

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """The symbol that stands for a node's result."""
        return _Symbol(node, self)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is one call instead of what its forward does."""
        return isinstance(m, LIF) or super().is_leaf_module(m, module_qualified_name)
