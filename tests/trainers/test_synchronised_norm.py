"""Synchronised batch norms: torch's own result where one process is the whole group.

Two processes against one are in test_training_together.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, nn

from trainers.synchronised_norm import SynchronisedNorms

SHAPES = {
    nn.BatchNorm1d: (6, 3),
    nn.BatchNorm2d: (4, 3, 5, 2),
    nn.BatchNorm3d: (2, 3, 2, 2, 3),
}


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    """A group of this process alone."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


def trained(norm: nn.Module, values: Tensor) -> tuple[Tensor, ...]:
    """Output, gradients of values and weights, and statistics after one training pass."""
    leaf = values.clone().requires_grad_()
    outputs = norm(leaf)
    (outputs * torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)).sum().backward()
    assert leaf.grad is not None
    gradients = [weight.grad for weight in norm.parameters() if weight.grad is not None]
    return outputs.detach(), leaf.grad, *gradients, *norm.buffers()


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"momentum": None}])
def test_one_process_has_torch_s_own_batch_norm(
    kind: type[nn.BatchNorm2d], options: dict[str, bool | None]
) -> None:
    """Outputs, gradients and running statistics, in training and in evaluation."""
    torch.manual_seed(0)
    values = torch.randn(SHAPES[kind]) * 3 + 5
    own, torchs = kind(3, **options).train(), kind(3, **options).train()  # type: ignore[arg-type]
    for norm in (own, torchs):
        if norm.affine:
            nn.init.constant_(norm.weight, 0.7)
            nn.init.constant_(norm.bias, -0.2)
    SynchronisedNorms().apply(own)
    for found, expected in zip(trained(own, values), trained(torchs, values), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(own.eval()(values), torchs.eval()(values))


def test_a_module_gets_its_own_norms_back() -> None:
    """The same objects under the same names, whose kind changes twice."""
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm1d(2)))
    norm, names = module[1], list(module.state_dict())
    for _ in range(2):
        assert SynchronisedNorms().apply(module) is module
    assert type(norm) is not nn.BatchNorm2d
    assert isinstance(norm, nn.BatchNorm2d)
    assert list(module.state_dict()) == names
    for _ in range(2):
        SynchronisedNorms().revert(module)
    assert module[1] is norm
    assert [type(part) for part in module.modules() if "Norm" in type(part).__name__] == [
        nn.BatchNorm2d,
        nn.BatchNorm1d,
    ]


@pytest.mark.usefixtures("group")
def test_half_precision_is_measured_in_float32() -> None:
    """bfloat16 in and out, statistics of float32 between."""
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(3)
    SynchronisedNorms().apply(norm)
    values = (torch.randn(8, 3, 4, 4) + 100).bfloat16()
    outputs = norm(values)
    assert outputs.dtype == torch.bfloat16
    assert norm.running_mean is not None
    expected = 0.1 * values.float().mean(dim=(0, 2, 3))
    torch.testing.assert_close(norm.running_mean, expected)
