"""Profiles: one frozen network, written as NIR for the tools that are to run it."""

from export.profiles import cuba, physical, portable, rockpool, sinabs, spyx
from export.profiles.profile import Profile

__all__ = ["PROFILES", "Profile"]

PROFILES: dict[str, Profile] = {
    "portable": Profile(
        "NIR in encoding C2 (r = 1): one file for Norse, snnTorch, SpikingJelly",
        "model.nir", portable.encode, ("norse", "snntorch", "spikingjelly"),
    ),
    "cuba": Profile(
        "NIR in encoding U (CubaLIF): decays per neuron, synapses; Norse, snnTorch, SpikingJelly",
        "model.cuba.nir", cuba.encode, ("norse", "snntorch", "spikingjelly"),
    ),
    "physical": Profile(
        "NIR by the book (r = tau/dt): all that NIR can say, for readers that heed every field",
        "model.physical.nir", physical.encode, (),
    ),
    "sinabs": Profile(
        "NIR with tau in time steps, for Sinabs with the settings that the file names",
        "model.sinabs.nir", sinabs.encode, ("sinabs",), sinabs.SETTINGS,
    ),
    "rockpool": Profile(
        "NIR with Rockpool's CubaLIF: subtracting networks, or hard resets that change nothing",
        "model.rockpool.nir", rockpool.encode, ("rockpool",), rockpool.SETTINGS,
    ),
    "spyx": Profile(
        "NIR with Spyx's neurons: networks that lag as it does, or hard resets of no effect",
        "model.spyx.nir", spyx.encode, ("spyx",), spyx.SETTINGS,
    ),
}  # fmt: skip
