"""direct: samples as they are. A static one is shown at every step, a sequence step by step.

    I[t] = W x for every t

The first layer turns real values into spikes itself (Rueckauer et al. 2017; Wu et al. 2019).
"""

from trainers.data import DataSplits
from trainers.encodings.encoding import Encoding, EncodingOptions


class DirectOptions(EncodingOptions):
    """`direct` has no options."""


def encode(data: DataSplits, options: EncodingOptions, time_steps: int, seed: int) -> DataSplits:
    """The data themselves."""
    del options, time_steps, seed
    return data


DIRECT = Encoding(
    summary="values as they are: a static sample at every step, a sequence step by step",
    source="Rueckauer et al. 2017",
    options=DirectOptions,
    takes=None,
    encode=encode,
)
