"""The package's face: its names, and how little it costs to import."""

import subprocess
import sys

import trainers


def test_importing_the_package_is_light() -> None:
    """`spikeport --help` imports it; torch, lightning and scikit-learn wait for their first use."""
    heavy = ("torch", "lightning", "sklearn", "numpy", "pydantic")
    code = f"import sys, trainers; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_imported() -> None:
    """The lazy table holds exactly the names that the package announces."""
    assert sorted(trainers._HOMES) == sorted(trainers.__all__)
    for name in trainers.__all__:
        assert getattr(trainers, name).__class__ is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for any module, so hasattr and from-imports behave."""
    assert not hasattr(trainers, "quantise")
