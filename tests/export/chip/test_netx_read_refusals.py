"""Netx files that Lava fails on or that mean nothing to it, that are damaged, or mean harm."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from export.chip.hdf5_guard import MAX_ELEMENTS
from export.chip.netx_read import read_netx
from export.chip.netx_write import write_netx
from export.errors import InvalidGraph, LimitExceeded, UnsupportedLayer
from tests.foreign_netx import CONV, DENSE, FLATTEN, INPUT, Spelling, changed, netx
from tests.random_chip_graphs import Chain
from tests.small_chip_graphs import chain
from trainers.errors import FileError, SpikeportError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's file goes."""
    return tmp_path / "foreign.net"


def nested(value: object) -> Spelling:
    """Complex weights lie in a group."""
    return {"weight": None, "weight/real": value, "weight/imag": value}


REFUSED: dict[str, tuple[tuple[Spelling, ...], type[SpikeportError], str]] = {
    "pooling": (
        (INPUT, {"type": b"pool"}), UnsupportedLayer, "layer 1: type 'pool'.*Lava fails on it.*num",
    ),
    "unknown layer": ((INPUT, {"type": b"relu"}), UnsupportedLayer, "'relu'.*would leave it out"),
    "unknown neuron": ((changed(DENSE, neuron__type=b"SDNN"),), UnsupportedLayer, "type 'SDNN'"),
    "message bits": ((changed(DENSE, neuron__messageBits=8),), UnsupportedLayer, "messageBits"),
    "complex": ((changed(DENSE, **nested(np.ones((3, 24)))),), UnsupportedLayer, "complex weights"),
    "second input": ((INPUT, INPUT), UnsupportedLayer, "must be the first"),
    "delayed loop": (
        (changed(DENSE, type=b"dense_rec", weight_rec=np.ones((3, 3)), delay=2),),
        UnsupportedLayer, "Lava leaves out the weight exponent of a dense_rec",
    ),
    "zero matrix": ((changed(DENSE, weight=np.zeros((3, 4))),), LimitExceeded, "every dense"),
    "decay": ((changed(DENSE, neuron__iDecay=4097),), LimitExceeded, r"iDecay 4097.*0\.\.4096"),
    "threshold": ((changed(DENSE, neuron__vThMant=-1),), LimitExceeded, r"vThMant -1 lies outside"),
    "half weights": (
        (changed(DENSE, weight=[[-128, -128, 0, -1]] * 3),), LimitExceeded,
        r"weight -128 would count as -127\.5 in Lava.*holds whole weights",
    ),
    "half loop": (
        (
            changed(
                DENSE, type=b"dense_rec", weight=np.full((3, 2), 3), weight_rec=[[-4, -4, 0]] * 3
            ),
        ),
        LimitExceeded, r"weight_rec -4 would count as -3\.5 in Lava",
    ),
    "column of delays": (
        (changed(DENSE, delay=np.ones((3, 1))),), InvalidGraph, r"delay has shape \(3, 1\), exp",
    ),
    "one conv bias": ((INPUT, changed(CONV, bias=3)), InvalidGraph, r"bias of shape \(\) is neit"),
    "conv bias shape": (
        (INPUT, changed(CONV, bias=np.ones((3, 4)))), InvalidGraph, r"is neither \(4,\) nor \(2, 3",
    ),
    "RF neuron": ((changed(DENSE, neuron__type=b"RF_PHASE"),), UnsupportedLayer, "type 'RF_PHASE'"),
    "threshold fraction": (
        (changed(DENSE, neuron__vThMant=1.5),), InvalidGraph, "vThMant: 1.5 isn't an integer",
    ),
    "negative delay": ((changed(DENSE, delay=-1),), LimitExceeded, "delay -1 is negative"),
    "wide groups": ((INPUT, changed(CONV, groups=200)), LimitExceeded, "groups 200 exceeds 127"),
    "NaN": ((changed(DENSE, weight=np.full((3, 4), np.nan)),), InvalidGraph, "weight: holds NaN"),
    "infinite": ((changed(DENSE, bias=[0, np.inf, 0]),), InvalidGraph, "bias: holds NaN or inf"),
    "huge": ((changed(DENSE, weight=np.full((3, 4), 1e12)),), InvalidGraph, "1000000000000 ex"),
    "fraction": ((changed(DENSE, neuron__vDecay=0.5),), InvalidGraph, "0.5 isn't an integer"),
    "matrix shape": ((changed(DENSE, weight=np.ones((4, 2))),), InvalidGraph, r"\(3, sources\)"),
    "source size": ((INPUT, changed(DENSE, weight=np.ones((3, 5)))), InvalidGraph, r"\(3, 24\)"),
    "loop shape": (
        (changed(DENSE, type=b"dense_rec", weight_rec=np.ones((3, 2))),), InvalidGraph, "weight_r",
    ),
    "delay shape": ((changed(DENSE, delay=np.ones(5)),), InvalidGraph, "5 delays fit neither"),
    "delay matrix": ((changed(DENSE, delay=np.ones((2, 2))),), InvalidGraph, "delay has shape"),
    "bias shape": ((changed(DENSE, bias=np.ones(2)),), InvalidGraph, r"bias: shape \(2,\) doesn't"),
    "kernel": ((INPUT, changed(CONV, weight=np.ones((4, 2, 2)))), InvalidGraph, r"\(O, I/groups"),
    "conv shape": ((INPUT, changed(CONV, shape=[4, 3, 3])), InvalidGraph, r"makes \(4, 3, 2\)"),
    "conv channels": ((INPUT, changed(CONV, groups=2)), InvalidGraph, "don't divide"),
    "stride": ((INPUT, changed(CONV, stride=0)), InvalidGraph, "must be at least 1"),
    "stride shape": ((INPUT, changed(CONV, stride=[1, 1, 1])), InvalidGraph, r"expected one value"),
    "conv alone": ((CONV,), InvalidGraph, "Add an input layer"),
    "no flatten": ((INPUT, CONV, DENSE), InvalidGraph, "Put a flatten layer between"),
    "flatten twice": ((DENSE, FLATTEN), InvalidGraph, "flatten follows a flat layer"),
    "layer shape": ((changed(INPUT, shape=[2, 2]), DENSE), InvalidGraph, "shape has 2 sizes"),
    "giant layer": ((changed(INPUT, shape=[9999] * 3), CONV), InvalidGraph, "of 1 to 268435456"),
    "no neurons": ((INPUT,), InvalidGraph, "no layer has neurons"),
    "no weight": ((changed(DENSE, weight=None),), FileError, "layer 0: 'weight' is missing"),
    "no type": ((changed(DENSE, type=None),), FileError, "layer 0: 'type' is missing"),
    "no decay": ((changed(DENSE, neuron__iDecay=None),), FileError, "neuron: 'iDecay' is missing"),
    "no conv neurons": (
        (INPUT, {k: v for k, v in CONV.items() if "neuron" not in k}), FileError, "'neuron' is mis",
    ),
    "text": ((changed(DENSE, weight=b"many"),), FileError, "not numbers"),
    "number": ((changed(DENSE, type=7),), FileError, "'type' isn't one short string"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_lava_fails_on_is_refused(
    case: tuple[tuple[Spelling, ...], type[SpikeportError], str], path: Path
) -> None:
    """One line: the file, the layer, the value and the limit."""
    layers, error, message = case
    assert_refused(netx(path, *layers), error, message)


def assert_refused(path: Path, error: type[SpikeportError], message: str) -> None:
    """One line that starts with the file."""
    with pytest.raises(error, match=message) as raised:
        read_netx(path)
    assert "\n" not in str(raised.value)


def test_a_missing_layer_is_named(path: Path) -> None:
    """Layers must be numbered without a gap."""
    netx(path, INPUT, CONV, FLATTEN)
    with h5py.File(path, "r+") as file:
        del file["layer/1"]
    assert_refused(path, FileError, "'1' is missing")


def test_an_input_form_that_contradicts_the_file(path: Path) -> None:
    """Biases need neurons, and our own file already says what it takes."""
    netx(path, DENSE)
    with pytest.raises(InvalidGraph, match="'bias' contradicts the file, whose input layer lacks"):
        read_netx(path, input_form="bias")
    write_netx(chain(2, "graded").graph(), path)
    with pytest.raises(InvalidGraph, match=r"'spikes' contradicts.*form is 'graded'"):
        read_netx(path, input_form="spikes")


def test_half_weights_are_refused_where_payloads_come_in(path: Path) -> None:
    """One half per target rounds away under spikes, and not under payloads."""
    netx(path, changed(DENSE, weight=[[-128, 0, -3]] * 3))
    assert read_netx(path).projections[0].weight.tolist() == [[-128, 0, -3]] * 3
    with pytest.raises(LimitExceeded, match=r"-128 would count as -127\.5 in Lava"):
        read_netx(path, "graded")


def with_facts(path: Path, change: Callable[[dict[str, object]], object]) -> Path:
    """Our own file with its facts changed."""
    write_netx(chain(3).graph(4), path)
    with h5py.File(path, "r+") as file:
        facts = json.loads(file["spikeport/facts"].asstr()[()])
        changed = change(facts)
        del file["spikeport/facts"]
        file["spikeport/facts"] = changed if isinstance(changed, str) else json.dumps(facts)
    return path


def readout_facts(*weights: object) -> list[dict[str, object]]:
    """One readout, with these weights."""
    return [{"population": "p1", "volts_to_logit": 1.0, "weights": weights}]


def biases_into(name: str) -> dict[str, object]:
    """Facts of biases, with the reset that goes with them."""
    return {"input": {"form": "bias", "name": name}, "reset": {"interval": 4, "offset": 0}}


FACTS: dict[str, tuple[Callable[[dict[str, object]], object], str]] = {
    "no JSON": (lambda facts: "{", "JSON: Invalid JSON"),
    "unknown key": (lambda facts: facts.update(colour=1), "colour: Extra inputs"),
    "steps": (lambda facts: facts.update(time_steps=0), "time_steps: Input should be greater"),
    "many steps": (
        lambda facts: facts.update(time_steps=(1 << 20) + 1),
        "time_steps: Input should be less than or equal to 1048576",
    ),
    "other interval": (
        lambda facts: facts.update(reset={"rule": "staggered", "interval": 5, "offset": 1}),
        r"reset \(interval, offset\) is \(5, 1\), but.*'spikes' with time_steps 4 needs \(4, 1\)",
    ),
    "other offset": (
        lambda facts: facts.update(reset={"rule": "staggered", "interval": 4, "offset": 0}),
        r"is \(4, 0\), but.*needs \(4, 1\)",
    ),
    "no reset": (lambda facts: facts.update(reset=None), r"is None, but.*needs \(4, 1\)"),
    "reset without steps": (
        lambda facts: facts.update(time_steps=None),
        r"is \(4, 1\), but.*needs None",
    ),
    "few names": (lambda facts: facts.update(populations=["p0"]), "2 layers have neurons.*name 1"),
    "many names": (lambda facts: facts.update(populations=["a", "b", "c"]), "2 layers.*name 3"),
    "double name": (lambda facts: facts.update(populations=["a", "a"]), "holds a name twice"),
    "readout": (
        lambda facts: facts.update(readouts=[{"population": "x", "volts_to_logit": 1.0}]),
        "readout population 'x' isn't",
    ),
    "few weights": (
        lambda facts: facts.update(readouts=readout_facts(1.0, 2.0)),
        "readout has 2 weights for 4 time_steps",
    ),
    "weights without steps": (
        lambda facts: facts.update(readouts=readout_facts(1.0), time_steps=None, reset=None),
        "readout has 1 weights for None",
    ),
    "weight NaN": (
        lambda facts: facts.update(readouts=readout_facts(1.0, 1.0, float("nan"), 1.0)),
        r"readouts\.0\.weights\.2: Input should be a finite number",
    ),
    "weight word": (
        lambda facts: facts.update(readouts=readout_facts("much", 1.0, 1.0, 1.0)),
        r"readouts\.0\.weights\.0: Input should be a valid number",
    ),
    "two spellings": (lambda facts: facts.update(readout=None), "both readout and readouts"),
    "two lines": (lambda facts: facts.update(populations=["a", "b\n"]), r"populations\.1.*'b.n'"),
    "input name": (
        lambda facts: facts.update(biases_into("p1")),
        "input form 'bias' contradicts",
    ),
    "form": (
        lambda facts: facts.update(biases_into("p0")),
        "input form 'bias' contradicts",
    ),
}


@pytest.mark.parametrize("case", FACTS.values(), ids=FACTS.keys())
def test_damaged_facts_are_refused(
    case: tuple[Callable[[dict[str, object]], object], str], path: Path
) -> None:
    """The message names the field."""
    change, message = case
    assert_refused(with_facts(path, change), InvalidGraph, message)


def test_facts_of_a_later_format_are_refused(path: Path) -> None:
    """Before its fields are looked at, which this version can't know."""
    later = with_facts(path, lambda facts: facts.update(format=2, colour=1))
    assert_refused(later, FileError, "format '2' is unknown, this version reads 1. Update spikep")


def test_what_is_no_netx_file(tmp_path: Path) -> None:
    """Missing, a folder, text, another HDF5 file."""
    assert_refused(tmp_path / "none.net", FileError, "no such file")
    assert_refused(tmp_path, FileError, "no such file")
    (tmp_path / "text.net").write_text("layer 0")
    assert_refused(tmp_path / "text.net", FileError, "not HDF5 or damaged")
    with h5py.File(tmp_path / "other.net", "w") as file:
        file["node"] = 1
    assert_refused(tmp_path / "other.net", FileError, "no group 'layer'")
    with h5py.File(tmp_path / "flat.net", "w") as file:
        file["layer"] = 1
    assert_refused(tmp_path / "flat.net", FileError, "'layer' is no group")
    with h5py.File(tmp_path / "empty.net", "w") as file:
        file.create_group("layer")
    assert_refused(tmp_path / "empty.net", InvalidGraph, "0 of 0 layers")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole file with every kind of layer."""
    path = tmp_path_factory.mktemp("whole") / "chip.net"
    network = Chain(4, "bias", (2, 4, 3)).biased_input(threshold=9)
    network.conv(3, (2, 2), threshold=9, bias=np.array([[[1]], [[2]], [[3]]]))
    network.dense(4, threshold=9, delay=2).dense(3, threshold=9, feedback=(-9, 9))
    write_netx(network.graph(4), path)
    return path.read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999])
def test_truncated_files_are_refused(share: float, content: bytes, path: Path) -> None:
    """A file that lacks its end is never half a network."""
    path.write_bytes(content[: int(share * len(content))])
    assert_refused(path, FileError, "isn't a readable HDF5 file")


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6)
)
def test_damaged_bytes_never_escape(
    damage: list[tuple[float, int]], content: bytes, path: Path
) -> None:
    """Whatever bytes change, the answer is a network or one line."""
    spoiled = bytearray(content)
    for place, value in damage:
        spoiled[int(place * len(spoiled))] = value
    path.write_bytes(spoiled)
    try:
        graph = read_netx(path)
    except SpikeportError as error:
        line = str(error)
    else:
        line = graph.input.name
    assert "\n" not in line


def hostile(path: Path, plant: Callable[[h5py.Group], object]) -> Path:
    """A sound file whose dense weight was replaced."""
    netx(path, DENSE)
    with h5py.File(path, "r+") as file:
        del file["layer/0/weight"]
        plant(file["layer/0"])
    return path


HOSTILE: dict[str, tuple[Callable[[h5py.Group], object], str]] = {
    "claims too much": (
        lambda layer: layer.create_dataset("weight", data=np.ones(4), chunks=(4,), maxshape=(None,))
        .resize((MAX_ELEMENTS + 1,)),
        f"claims {MAX_ELEMENTS + 1} elements",
    ),
    "million by million": (
        lambda layer: layer.create_dataset(
            "weight", data=np.ones((1, 1)), chunks=(1, 1), maxshape=(None, None)
        ).resize((10**6, 10**6)),
        "claims 1000000000000 elements",
    ),
    "stores too little": (
        lambda layer: layer.create_dataset("weight", data=np.ones(4), chunks=(4,), maxshape=(None,))
        .resize((MAX_ELEMENTS,)),
        "elements and stores 32 bytes",
    ),
    "never written": (lambda layer: layer.create_dataset("weight", (3, 24), "f4"), "is empty"),
    "no elements": (lambda layer: layer.create_dataset("weight", (3, 0), "f4"), "is empty"),
    "null": (lambda layer: layer.create_dataset("weight", data=h5py.Empty("f")), "is empty"),
    "soft link": (
        lambda layer: layer.__setitem__("weight", h5py.SoftLink("/simulation/Ts")), "is a link",
    ),
    "external link": (
        lambda layer: layer.__setitem__("weight", h5py.ExternalLink("/etc/hosts", "/")),
        "is a link to elsewhere",
    ),
    "external data": (
        lambda layer: layer.create_dataset(
            "weight", (3, 4), "u1", external=[("/etc/passwd", 0, 12)]
        ),
        "takes its data from another file",
    ),
    "objects": (
        lambda layer: layer.create_dataset("weight", data=["a"], dtype=h5py.string_dtype()),
        "not numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_datasets_are_refused(
    case: tuple[Callable[[h5py.Group], object], str], path: Path
) -> None:
    """Nothing is allocated, followed or read before it was checked."""
    plant, message = case
    assert_refused(hostile(path, plant), FileError, message)
