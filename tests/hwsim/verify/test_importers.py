"""What is done to an imported module to run it on a batch doesn't change what it computes."""

import copy
import logging
import warnings

import numpy as np
import pytest
import torch

from hwsim.verify import RUNTIMES, Subject
from hwsim.verify.importers.importer import contained
from tests.frozen_networks import DT, conv_network, images


def test_norse_on_single_samples() -> None:
    """Norse's module as it comes, float32, one sample without batch: the same spikes."""
    graph, inputs = conv_network(), images(4)
    ask = RUNTIMES["norse"].open(Subject(graph))
    assert ask is not None
    batched = ask(inputs)
    with contained(DeprecationWarning):
        from norse.torch.utils.import_nir import from_nir

        module = from_nir(copy.deepcopy(graph), dt=DT)
        for n, image in enumerate(torch.from_numpy(inputs)):
            state, outputs = None, []
            for _ in range(4):
                output, state = module(image, state)
                outputs.append(output.detach())
            mean = torch.stack(outputs).mean(dim=0).numpy()
            np.testing.assert_allclose(mean, batched.logits[n], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["norse", "snntorch", "spikingjelly"])
def test_state_does_not_leak_into_the_next_batch(name: str) -> None:
    """The same batch asked twice is answered twice alike."""
    ask = RUNTIMES[name].open(Subject(conv_network()))
    assert ask is not None
    first = ask(images(6))
    second = ask(images(6))
    np.testing.assert_array_equal(first.logits, second.logits)
    for layer, spikes in first.spikes.items():
        np.testing.assert_array_equal(spikes, second.spikes[layer])


@pytest.mark.parametrize("name", ["norse", "snntorch", "spikingjelly"])
def test_the_graph_is_left_alone(name: str) -> None:
    """Importers share memory with the graph they read; ours isn't theirs."""
    graph = conv_network()
    before = copy.deepcopy(graph)
    ask = RUNTIMES[name].open(Subject(graph))
    assert ask is not None
    ask(images(2))
    assert list(graph.edges) == list(before.edges)
    for key, node in before.nodes.items():
        for field, value in vars(node).items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(getattr(graph.nodes[key], field), value)


def test_contained_restores_what_it_silenced(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints, logs and named warnings are held back inside, and only there."""
    with contained(DeprecationWarning):
        print("noise")  # noqa: T201
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        assert not logging.getLogger("x").isEnabledFor(logging.WARNING)
    assert capsys.readouterr().out == ""
    assert logging.getLogger("x").isEnabledFor(logging.WARNING)
    with pytest.raises(UserWarning), contained(DeprecationWarning):
        warnings.warn("unknown", UserWarning, stacklevel=1)
    assert torch.get_default_dtype() == torch.float32
