"""Which edges of a graph with loops carry the value of the step before.

Every importer of NIR hands a recurrent value on one step later, and the format doesn't say on which
edge. Here it is the one that closes a loop when nodes are visited depth first from the input,
targets by name: of input -> lif -> w_rec -> lif it is w_rec -> lif.
"""

from collections.abc import Mapping, Set

from export.errors import InvalidGraph


def closing_edges(sources: Mapping[str, Set[str]], entry: str) -> dict[str, set[str]]:
    """Per node, the sources whose edges close a loop; nodes without any are left out.

    Args:
        sources: of every node.
        entry: where the visit starts.

    Raises:
        InvalidGraph: nodes that the entry doesn't reach.
    """
    targets: dict[str, list[str]] = {name: [] for name in sources}
    for target in sorted(sources, reverse=True):
        for source in sources[target]:
            targets[source].append(target)
    closing: dict[str, set[str]] = {}
    visited, path = {entry}, [entry]
    on_path = {entry}
    while path:
        name = path[-1]
        if not targets[name]:
            on_path.discard(path.pop())
            continue
        target = targets[name].pop()
        if target in on_path:
            closing.setdefault(target, set()).add(name)
        elif target not in visited:
            visited.add(target)
            on_path.add(target)
            path.append(target)
    unreached = sorted(set(sources) - visited)
    if unreached:
        raise InvalidGraph(
            f"NIR graph: nodes {', '.join(unreached)} can't be reached from input '{entry}'. "
            "Export it again."
        )
    return closing
