"""The tables of a recipe but [train], which has a file of its own."""

from typing import Any, Literal

from pydantic import Field

from trainers.data import DatasetOptions
from trainers.methods import MethodOptions
from trainers.networks import NetworkOptions
from trainers.recipe_table import Table


class DataTable(Table):
    """[data]: `name` of a data set; every other key is an option of that data set."""

    name: str
    options: DatasetOptions


class NetworkTable(Table):
    """[network]: `name` of a shipped network and its options, or a user's `factory`.

    Args:
        name: a network of the table; None with a factory.
        factory: "module:function"; called with sample_shape, classes and the other keys.
        options: validated options of a shipped network.
        arguments: keyword arguments of a factory.
    """

    name: str | None = None
    factory: str | None = None
    options: NetworkOptions | None = None
    arguments: dict[str, Any] = Field(default={})


class MethodTable(Table):
    """[method]: `use` names the methods; [method.NAME] holds the options of each."""

    use: tuple[str, ...]
    options: dict[str, MethodOptions]


class AugmentTable(Table):
    """[augment]: random changes of training samples (trainers/augmentation.py); all off by default.

    Args:
        crop_padding: pixels of zero padding on each side, before a random crop of the same size.
        flip: mirror left to right, with probability 1/2.
        rotation: largest angle in degrees, both ways.
        roll: largest cyclic shift in pixels, on both axes (events).
        auto_augment: policy for images with 3 channels in [0, 1].
        cutout: side in pixels of the square that is set to zero.
    """

    crop_padding: int = Field(default=0, ge=0)
    flip: bool = False
    rotation: float = Field(default=0.0, ge=0, le=180)
    roll: int = Field(default=0, ge=0)
    auto_augment: Literal["cifar10", "imagenet", "svhn"] | None = None
    cutout: int = Field(default=0, ge=0)


class ExportTable(Table):
    """[export]: which files to write and how thresholds freeze.

    Args:
        targets: of `spikeport list targets`.
        threshold_strategy: how an adaptive threshold becomes a constant.
        input_form: how samples enter the chip. `bias`: the host computes the first layer and
            writes its currents. `spikes`: inputs of 0 and 1 are sent as they are. `graded`: inputs
            are sent as integer payloads, which Loihi 1 doesn't have.
        payload_bits: the most bits of a graded payload; fewer where that serves the weights.
    """

    targets: tuple[str, ...] = ("nir", "onnx", "chip")
    threshold_strategy: Literal["mean"] = "mean"
    input_form: Literal["bias", "spikes", "graded"] = "bias"
    payload_bits: int = Field(default=8, ge=1, le=16)


class SimulateTable(Table):
    """[simulate]: chip, backend and how many test samples (None: all)."""

    chip: str = "loihi1"
    backend: Literal["emulator", "lava"] = "emulator"
    limit: int | None = Field(default=None, ge=1)


class ReportTable(Table):
    """[report]: what the page is called."""

    title: str | None = None
