"""A node of the same kind with some of its fields changed."""

from dataclasses import fields
from typing import Any, TypeVar

import nir

Node = TypeVar("Node", bound=nir.NIRNode)

DERIVED = ("input_type", "output_type")
"""Fields that most kinds of node work out themselves."""


def rebuilt(node: Node, **changes: Any) -> Node:
    """The node with the changes and without metadata; the given one stays as it was.

    Its shapes are worked out anew from its parameters.
    """
    settings = {
        field.name: getattr(node, field.name)
        for field in fields(node)
        if field.init and field.name not in (*DERIVED, "metadata")
    }
    made: Node = type(node)(**(settings | changes))
    return made
