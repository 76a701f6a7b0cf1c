"""Ranges of the chip's integer fields, as Lava's netx and its CPU emulator hold them.

Source: lava-nc 0.10.0 and lava-dl 0.6.0 (fixed-point CUBA LIF models); Loihi 1's narrower fields
from Davies et al. 2018 and nengo-loihi's `discretize.py`.
"""

STATE_SHIFT = 6
"""Synaptic sums, biases and thresholds enter the 24-bit state multiplied by 2^6."""

STATE_LIMIT = 1 << 23
"""u wraps and v saturates at +-2^23."""

DECAY_BITS = 12
DECAY_ONE = 1 << DECAY_BITS
"""Decay fields count in 4096ths: 0 keeps everything, 4096 keeps nothing."""

WEIGHT_MIN = -256
WEIGHT_MAX = 254
"""Mixed-sign 8-bit weights: even integers in [-256, 254]."""

THRESHOLD_MANT_MAX = (1 << 17) - 1
"""17-bit threshold mantissa; the threshold in state units is mantissa << 6."""

BIAS_MANT_MAX = (1 << 12) - 1
"""Loihi 1 holds 12 bits and a sign; Lava's emulator would take int16 and wrap beyond."""

BIAS_MANT_LAVA_MAX = (1 << 15) - 1
"""Lava keeps the bias mantissa in int16; a larger one would wrap silently."""

THRESHOLD_MANT_LAVA_MAX = 1 << 17
"""netx's own default for a dense layer without a neuron group: one more than the chip's field."""

TIME_STEPS_MAX = 1 << 20
"""Most steps per sample that a chip graph may ask for; each one costs time and memory."""

CONV_FIELD_MAX = 127
"""Lava keeps stride, padding, dilation and groups of a convolution in int8."""

DELAY_MAX = 62
"""Largest synaptic delay in steps; netx clamps to it."""
