"""Augmentation of training batches, on the device that trains.

What the papers' loaders do to a sample (authors' code of DS-ATGO, MPD-AGL, MSG and TWO; events as
in TET), here drawn anew for each sample and applied in this order:

    crop_padding p  zero padding by p on each side, then a random window of the sample's own size
    flip            left to right, with probability 1/2
    rotation d      about the centre, angle uniform in [-d, d] degrees, nearest pixel, zero fill
    roll r          cyclic shifts along H and W, each uniform in -r..r
    auto_augment    one of the policy's 25 sub-policies (Cubuk et al. 2019)
    cutout n        zeros in an n x n square whose centre is uniform over the pixels, clipped at the
                    borders (DeVries and Taylor 2017)

All steps of a sequence get the same transform. kornia does everything but roll, cutout and the
choice of the sub-policy, which kornia's AutoAugment draws once for a batch and the loaders for each
image. Two readings differ from the loaders': kornia's operations and magnitude scales stand in for
theirs, and a cutout is black, where theirs is the mean, because inputs aren't mean-shifted.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from trainers.data import DataSplits
from trainers.data.splits import Inputs
from trainers.errors import ConfigError
from trainers.recipe import AugmentTable

try:
    from kornia.augmentation import RandomCrop, RandomHorizontalFlip, RandomRotation
    from kornia.augmentation.auto import AutoAugment
except ImportError as error:
    raise ConfigError(
        f"augment: kornia can't be imported ({error}). Run `pip install 'kornia>=0.9'`, or train "
        "without augmentation."
    ) from error

COLOUR_CHANNELS = 3

Operation = Callable[[Tensor], Tensor]
"""[B, C, H, W] to the same shape, each sample with draws of its own."""


class Augmentation(nn.Module):
    """Changes batches in training mode and passes them on as they are in evaluation mode.

    It holds no state: everything random comes from torch's global generator on the CPU, so a seed
    gives the same draws on every device.

    Args:
        table: which operations, and how strong.
        data: what is trained on; decides whether the operations suit it.

    Raises:
        ConfigError: the data aren't what an operation takes; all faults in one line.
    """

    def __init__(self, table: AugmentTable, data: DataSplits) -> None:
        super().__init__()
        faults = _faults(table, data)
        if faults:
            raise ConfigError(
                f"data set '{data.name}': {'; '.join(faults)}. Change [augment] or the data."
            )
        self.sequence = data.form == "sequence"
        # In a tuple, hidden from torch: kornia's operations register weights that they never
        # read, and those would enter the optimiser and every checkpoint.
        self._operations = tuple(_operations(table, data.sample_shape))

    def forward(self, inputs: Tensor) -> Tensor:
        """A batch [B, C, H, W], or sequences [T, B, C, H, W]; the same shape comes back."""
        if not self.training:
            return inputs
        # Under autocast coordinates would be rounded to 8 or 11 bits.
        with torch.no_grad(), torch.autocast(inputs.device.type, enabled=False):
            if not self.sequence:
                return self._changed(inputs)
            steps = inputs.shape[0]
            # Steps as channels: an operation moves all channels of a sample alike.
            samples = inputs.movedim(0, 1).flatten(1, 2)
            changed: Tensor = self._changed(samples).unflatten(1, (steps, -1))
            return changed.movedim(1, 0)

    def _changed(self, images: Tensor) -> Tensor:
        for operation in self._operations:
            images = operation(images)
        return images


def _operations(table: AugmentTable, sample_shape: tuple[int, ...]) -> list[Operation]:
    operations: list[Operation] = []
    if table.crop_padding:
        operations.append(RandomCrop(sample_shape[1:], padding=table.crop_padding))
    if table.flip:
        operations.append(RandomHorizontalFlip(p=0.5))
    if table.rotation:
        operations.append(RandomRotation(table.rotation, resample="nearest", p=1.0))
    if table.roll:
        operations.append(partial(_rolled, largest=table.roll))
    if table.auto_augment is not None:
        policy = AutoAugment(table.auto_augment)
        operations.append(
            partial(
                _auto_augmented,
                policy=[nn.Sequential(*steps.children()) for steps in policy.children()],
            )
        )
    if table.cutout:
        operations.append(partial(_cut_out, side=table.cutout))
    return operations


def _rolled(images: Tensor, largest: int) -> Tensor:
    rows = _shifted(images, images.shape[2], largest)
    columns = _shifted(images, images.shape[3], largest)
    moved = images.gather(2, rows[:, None, :, None].expand_as(images))
    return moved.gather(3, columns[:, None, None, :].expand_as(images))


def _shifted(images: Tensor, size: int, largest: int) -> Tensor:
    """Where each of `size` rows or columns comes from, [B, size]."""
    shifts = torch.randint(-largest, largest + 1, (len(images), 1))
    return ((torch.arange(size) - shifts) % size).to(images.device)


def _auto_augmented(images: Tensor, policy: list[nn.Sequential]) -> Tensor:
    chosen = torch.randint(len(policy), (len(images),))
    order = chosen.argsort(stable=True)
    groups = images[order].split(torch.bincount(chosen, minlength=len(policy)).tolist())
    changed = [
        sub_policy(group) for sub_policy, group in zip(policy, groups, strict=True) if len(group)
    ]
    return torch.cat(changed)[order.argsort()]


def _cut_out(images: Tensor, side: int) -> Tensor:
    rows = _inside(images, images.shape[2], side)
    columns = _inside(images, images.shape[3], side)
    return images.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], 0.0)


def _inside(images: Tensor, size: int, side: int) -> Tensor:
    """Which of `size` rows or columns lie in a hole of each sample, [B, size]."""
    first = torch.randint(size, (len(images), 1)) - side // 2
    positions = torch.arange(size)
    return ((positions >= first) & (positions < first + side)).to(images.device)


def _faults(table: AugmentTable, data: DataSplits) -> list[str]:
    shape = data.sample_shape
    if len(shape) != 3:
        return [f"augment: samples of shape {shape} aren't images [C, H, W]"]
    limit = min(shape[1:])
    lengths = {
        "crop_padding": table.crop_padding,
        "roll": table.roll,
        "cutout": table.cutout,
    }
    faults = [
        f"augment.{key}: {pixels} pixels, must be below the {limit} of the samples' shorter side"
        for key, pixels in lengths.items()
        if pixels >= limit
    ]
    if table.auto_augment is not None:
        faults += [f"augment.auto_augment: {clause}" for clause in _not_colour_images(data)]
    return faults


def _not_colour_images(data: DataSplits) -> list[str]:
    faults = []
    if data.form == "sequence":
        faults.append("its policies are for images, the samples are sequences")
    channels = data.sample_shape[0]
    if channels != COLOUR_CHANNELS:
        faults.append(f"{channels} channels, must be {COLOUR_CHANNELS}")
    lowest, highest = _range(data.train.inputs)
    if lowest < 0 or highest > 1:
        faults.append(f"values from {lowest:g} to {highest:g}, must lie in [0, 1]")
    return faults


def _range(inputs: Inputs) -> tuple[float, float]:
    if not isinstance(inputs, np.ndarray):
        # Lazy images promise it; a look at all of them would read every file.
        return 0.0, 1.0
    return float(inputs.min()), float(inputs.max())
