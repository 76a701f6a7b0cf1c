"""Colours along an order: layers by depth, time steps from first to last."""

DEPTH = ("#1f4a78", "#2f7f9e", "#4f9d8e", "#a9a445", "#d08a2e", "#a4312a")
"""First layer to last; apart for colour-blind eyes, and dark enough on white."""

STEPS = ("#a9c3de", "#5f90bf", "#1f4a78", "#0c1f36")
"""First time step to last."""


def ramp(number: int, anchors: tuple[str, ...] = DEPTH) -> list[str]:
    """Evenly spaced colours between the anchors, both ends included."""
    last = len(anchors) - 1
    places = [last * index / max(1, number - 1) for index in range(number)]
    return [_between(anchors, place) for place in places]


def _between(anchors: tuple[str, ...], place: float) -> str:
    left = min(int(place), len(anchors) - 2)
    share = place - left
    pairs = zip(_channels(anchors[left]), _channels(anchors[left + 1]), strict=True)
    mixed = (round(low + share * (high - low)) for low, high in pairs)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))
