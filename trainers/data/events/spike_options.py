"""Options of SHD and SSC; they stand apart from the readers, which need h5py."""

from pydantic import Field, model_validator

from trainers.data.events.event_options import FrameOptions

ADDRESS = "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/"
UNITS = 700
FRAMES = 100
FRAME_US = 14_000
"""100 frames of 14 ms hold 1.4 s, as in the authors' tutorials."""


class SpikeOptions(FrameOptions):
    """Options of `shd` and `ssc`.

    Args:
        frames: T; train.time_steps must be the same.
        frame_us: length of a frame in microseconds, from time 0 of a recording on; where neither it
            nor `split_by` is given, 14,000.
        units: inputs per frame; each counts the spikes of 700 / units neighbouring units.
    """

    frames: int = Field(default=FRAMES, ge=1, le=4096)
    units: int = Field(default=140, ge=1, le=UNITS)

    @model_validator(mode="before")
    @classmethod
    def _fixed_length_by_default(cls, given: object) -> object:
        if not isinstance(given, dict) or {"split_by", "frame_us"} & given.keys():
            return given
        return {**given, "frame_us": FRAME_US}
