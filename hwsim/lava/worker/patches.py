"""Small patches with which Lava 0.10.0 runs on newer Pythons and without torch.

Lava is archived and declares Python 3.10. Everything is changed from outside, nothing in
site-packages, and none of it touches Lava's arithmetic.
"""

import dataclasses
import functools
import importlib
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

import numpy as np


def import_lava() -> None:
    """Imports Lava's netx, with everything in place that it needs before and after."""
    _hashable_lava_dataclasses()
    _stub_slayer()
    _stub_sequential_modules()
    importlib.import_module("lava.lib.dl.netx.hdf5")
    if np.lib.NumpyVersion(np.__version__) >= "2.4.0":
        # NumPy 2.4 removed a keyword and a conversion that Lava uses.
        _reshape_without_newshape()
        _scalar_input_transform()


def _hashable_lava_dataclasses() -> None:
    """Since Python 3.11 a dataclass default must be hashable; some of Lava's aren't."""
    original = dataclasses.dataclass

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        def decorate(plain: type) -> type:
            made: type = original(plain, **options)
            if made.__module__.partition(".")[0] == "lava" and made.__hash__ is None:
                made.__hash__ = object.__hash__
            return made

        return decorate if cls is None else decorate(cls)

    vars(dataclasses)["dataclass"] = dataclass


def _stub_slayer() -> None:
    """Netx imports one function of slayer, for resonate-and-fire neurons; slayer needs torch."""

    def neuron_params(config: object) -> None:
        raise NotImplementedError("resonate-and-fire neurons need slayer, which isn't installed")

    for name in ("lava.lib.dl.slayer", "lava.lib.dl.slayer.neuron", "lava.lib.dl.slayer.neuron.rf"):
        sys.modules[name] = types.ModuleType(name)
    vars(sys.modules["lava.lib.dl.slayer.neuron.rf"])["neuron_params"] = neuron_params


def _stub_sequential_modules() -> None:
    """This module of netx needs torch too.

    Lava's compiler executes every .py file beside a stub's `__file__`: only Lava's own folder will
    do.
    """
    name = "lava.lib.dl.netx.sequential_modules"
    stub = types.ModuleType(name)
    packages = Path(sysconfig.get_paths()["purelib"])
    stub.__file__ = str(packages.joinpath(*name.split(".")).with_suffix(".py"))
    sys.modules[name] = stub


def _reshape_without_newshape() -> None:
    port = importlib.import_module("lava.magma.core.process.ports.ports").ReshapePort
    port.get_transform_func_fwd = lambda self: functools.partial(_reshape, shape=self.shape)
    port.get_transform_func_bwd = lambda self: functools.partial(_reshape, shape=self.old_shape)


def _reshape(array: Any, shape: tuple[int, ...]) -> Any:
    return np.reshape(array, shape)


def _scalar_input_transform() -> None:
    net_dict = importlib.import_module("lava.lib.dl.netx.utils").NetDict
    original = net_dict.__getitem__

    def getitem(self: Any, key: Any) -> Any:
        value = original(self, key)
        one_value = key in ("weight", "bias") and np.size(value) == 1
        return np.reshape(value, ()) if one_value and self["type"] == "input" else value

    net_dict.__getitem__ = getitem
