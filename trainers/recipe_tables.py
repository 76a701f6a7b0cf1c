"""The tables of a recipe but [train] and [export], which have files of their own."""

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


class SimulateTable(Table):
    """[simulate]: chip, backend and how many test samples (None: all)."""

    chip: str = "loihi1-fitted"
    backend: Literal["emulator", "lava"] = "emulator"
    limit: int | None = Field(default=None, ge=1)


class ReportTable(Table):
    """[report]: what the page is called, and how the network is placed on the chip.

    Args:
        title: of the page; None for the recipe's name.
        placement: what the cores are chosen for.
        chips: at most so many; None for as many as the network takes.
        throttle_s: real-time length in seconds that no chip step goes below; None without.
        devices: device files (.toml) to compare with, beside those that ship with the tool.
    """

    title: str | None = None
    placement: Literal["fewest-cores", "lowest-latency", "least-traffic"] = "fewest-cores"
    chips: int | None = Field(default=None, ge=1)
    throttle_s: float | None = Field(default=None, gt=0, le=3600)
    devices: tuple[str, ...] = ()
