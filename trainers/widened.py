"""Half precision widened, where sums and comparisons need its digits."""

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """The values, in float32 if they were in half precision."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
