"""Networks in which a hard reset changes nothing.

Rockpool and Spyx subtract the threshold where these networks reset to zero, and neither can be told
otherwise. The two rules agree where no membrane outlives its step, that is with decay 0 or on
sequences of one step:

    v <- i ;  s = v > v_threshold
"""

from export.profiles.profile import refused
from export.profiles.writing import Writing


def refuse_remembering(writing: Writing, profile: str, tool: str) -> None:
    """Refuses a network whose hard resets matter.

    Raises:
        UnsupportedLayer: a membrane that resets to zero remembers its past.
    """
    for neuron in writing.neurons.values():
        remembers = writing.facts.time_steps > 1 and neuron.discrete.decay.any()
        if neuron.reset == "zero" and remembers:
            highest = float(neuron.discrete.decay.max())
            raise refused(
                neuron.where, f"remembers (decay {highest:.4g}) and resets to zero", profile,
                f"{tool} subtracts the threshold instead, and no setting changes that",
                "Use target nir with Norse, snnTorch or SpikingJelly.",
            )  # fmt: skip
