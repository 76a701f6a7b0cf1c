"""How a network's scales are chosen: by a search, or taken as somebody gives them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from export.quantizing.input_room import InputRoom
from export.quantizing.room import Room
from export.quantizing.scale_searches import SCALE_SEARCHES, ScaleSearch
from export.quantizing.scale_searches.max_abs import MAX_ABS
from export.quantizing.weight_grid import WEIGHT_BITS, weight_grids
from trainers.errors import ConfigError

if TYPE_CHECKING:
    from export.quantizing.evidence import Evidence
    from export.quantizing.integrated_layer import IntegratedLayer


@dataclass(frozen=True)
class ScaleRule:
    """How scales are chosen.

    Args:
        bits: of a weight.
        search: takes one of the scales that a population has room for.
        given: scale per population, taken as it is; None to search.
        evidence: for searches that run the layer; None where nothing was recorded.
    """

    bits: int = WEIGHT_BITS
    search: ScaleSearch = MAX_ABS
    given: Mapping[str, float] | None = None
    evidence: "Evidence | None" = None

    def scale(self, room: Room) -> float:
        """The population's scale.

        Raises:
            LimitExceeded: none fits, or the given one doesn't.
        """
        if self.given is None:
            return self.search.choose(room)
        scale = float(self.given[room.name])
        room.check(scale)
        return scale

    def input_scale(self, room: InputRoom) -> float:
        """The scale of a population that the host drives: the largest, or the given one."""
        if self.given is None:
            return room.largest()
        scale = float(self.given[room.name])
        room.check(scale)
        return scale

    def settled(self, layer: "IntegratedLayer") -> "IntegratedLayer":
        """The same layer; searches run later ones on what it fires."""
        if self.evidence is not None:
            self.evidence.add(layer)
        return layer

    def difference(
        self, at: Callable[[float], "IntegratedLayer"]
    ) -> Callable[[float], float] | None:
        """How far the layer at a scale is from the float one, if something was recorded.

        Args:
            at: the layer at a scale.
        """
        evidence = self.evidence
        return None if evidence is None else lambda scale: evidence.difference(at(scale))


def scale_rule(
    bits: int,
    search: str,
    given: Mapping[str, float] | None,
    populations: tuple[str, ...],
    payloads: tuple[str, ...] = (),
) -> ScaleRule:
    """The rule of these names.

    Args:
        bits: of a weight.
        search: name of a search.
        given: scale per population, or None.
        populations: their names.
        payloads: the external input whose payload scale may be given as well, if it has one.

    Raises:
        ConfigError: no such search; a scale is missing, not positive, or of no population.
        LimitExceeded: the chip has no weights of that many bits.
    """
    weight_grids(bits)
    if search not in SCALE_SEARCHES:
        raise ConfigError(
            f"quantisation: no scale search '{search}'. Known: {', '.join(SCALE_SEARCHES)}."
        )
    if given is not None:
        _check_given(given, populations, payloads)
    return ScaleRule(bits, SCALE_SEARCHES[search], given)


def _check_given(
    given: Mapping[str, float], populations: tuple[str, ...], payloads: tuple[str, ...]
) -> None:
    for name in populations:
        if name not in given:
            raise ConfigError(
                f"quantisation: scales name no population '{name}', and each needs one. Add it."
            )
    for name, scale in given.items():
        if name not in (*populations, *payloads):
            raise ConfigError(
                f"quantisation: scales name '{name}', which is no population. "
                f"Known: {', '.join(populations)}."
            )
        if not (isfinite(scale) and scale > 0):
            raise ConfigError(
                f"quantisation: the scale of '{name}' is {scale:g}. Give a positive, finite one."
            )
