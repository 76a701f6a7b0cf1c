"""Augmentation: each operation by hand, one transform over time, and what it refuses."""

import itertools
import math
import tomllib
from typing import Any, Literal

import numpy as np
import pytest
import tomli_w
import torch
from kornia.augmentation.auto import AutoAugment
from torch import Tensor, nn

from tests.tiny_training import few_digits, tiny_module
from trainers.augmentation import Augmentation
from trainers.data import DataSplits, Split
from trainers.errors import ConfigError
from trainers.fitting import fit
from trainers.recipe import AugmentTable, parse_recipe, recipe_document

HEIGHT, WIDTH = 7, 9
RECIPE: dict[str, Any] = {
    "data": {"name": "digits"},
    "network": {"name": "mlp"},
    "method": {"use": "baseline"},
}


def data_set(
    *shape: int, form: Literal["static", "sequence"] = "static", highest: float = 1.0
) -> DataSplits:
    """Four samples of a shape, from 0 to a highest value."""
    inputs = np.linspace(0, highest, 4 * math.prod(shape), dtype=np.float32).reshape(4, *shape)
    split = Split(inputs, np.arange(4))
    return DataSplits("made up", split, split, split, tuple("abcd"), form=form)


def distinct_images(samples: int, channels: int = 2) -> Tensor:
    """[N, C, 7, 9]: every value occurs once, and none is zero."""
    size = samples * channels * HEIGHT * WIDTH
    return torch.arange(1.0, size + 1).reshape(samples, channels, HEIGHT, WIDTH) / size


def augmented(inputs: Tensor, seed: int = 0, **options: Any) -> Tensor:
    """A static batch, changed under a seed."""
    augmentation = Augmentation(AugmentTable(**options), data_set(*inputs.shape[1:]))
    torch.manual_seed(seed)
    changed: Tensor = augmentation(inputs)
    return changed


def choices(changed: Tensor, candidates: Tensor) -> list[int]:
    """For each sample of [N, ...], which of its candidates [K, N, ...] it is; exactly one."""
    equal = (candidates == changed).flatten(2).all(dim=2)
    assert equal.sum(dim=0).tolist() == [1] * len(changed)
    return equal.int().argmax(dim=0).tolist()


def test_a_crop_is_one_of_the_shifted_windows() -> None:
    """Of the zero-padded sample; each sample has its own, and all windows occur alike."""
    images = distinct_images(2500)
    padded = nn.functional.pad(images, (2, 2, 2, 2))
    windows = torch.stack(
        [padded[:, :, y : y + HEIGHT, x : x + WIDTH] for y in range(5) for x in range(5)]
    )
    chosen = choices(augmented(images, crop_padding=2), windows)
    counts = np.bincount(chosen, minlength=25)
    assert counts.min() > 100 - 5 * math.sqrt(100)
    assert counts.max() < 100 + 5 * math.sqrt(100)


def test_half_of_the_samples_are_mirrored() -> None:
    """Left to right, each by a coin of its own; the others stay as they are."""
    images = distinct_images(1000)
    chosen = choices(augmented(images, flip=True), torch.stack([images, images.flip(3)]))
    assert abs(sum(chosen) - 500) < 5 * math.sqrt(250)
    assert 400 < sum(a != b for a, b in itertools.pairwise(chosen)) < 600


def test_a_roll_is_one_of_the_cyclic_shifts() -> None:
    """Nothing is lost; both axes up to the largest shift, each sample its own, all alike."""
    images = distinct_images(2500)
    shifts = [(y, x) for y in range(-2, 3) for x in range(-2, 3)]
    rolled = augmented(images, roll=2)
    candidates = torch.stack([images.roll(shift, (2, 3)) for shift in shifts])
    counts = np.bincount(choices(rolled, candidates), minlength=25)
    assert counts.min() > 100 - 5 * math.sqrt(100)
    assert torch.equal(rolled.flatten(2).sort().values, images.flatten(2).sort().values)


@pytest.mark.parametrize("side", [1, 3, 4])
def test_a_cutout_is_one_square_clipped_at_the_borders(side: int) -> None:
    """In all channels; its centre may be any pixel, and all else is untouched."""
    images = distinct_images(4000)
    changed = augmented(images, cutout=side)
    holes = changed == 0
    assert torch.equal(changed[~holes], images[~holes])
    spans = set()
    for hole in holes.numpy():
        rows, columns = np.nonzero(hole[0])
        span = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
        assert hole.sum() == 2 * (span[1] - span[0]) * (span[3] - span[2])
        spans.add(span)
    before, behind = side // 2, side - side // 2
    assert spans == {
        (max(0, y - before), min(HEIGHT, y + behind), max(0, x - before), min(WIDTH, x + behind))
        for y in range(HEIGHT)
        for x in range(WIDTH)
    }


def test_a_rotation_turns_about_the_centre_up_to_the_angle() -> None:
    """Both ways and evenly, by whole pixels, so that event counts stay counts."""
    images = torch.zeros(600, 1, 65, 65)
    images[:, :, 32, 32] = 5.0
    images[:, :, 31:34, 59:62] = 3.0
    turned = augmented(images, rotation=15)
    assert torch.equal(turned.unique(), torch.tensor([0.0, 3.0, 5.0]))
    assert torch.equal(turned[:, 0, 32, 32], images[:, 0, 32, 32])
    weights = (turned[:, 0] == 3).double()
    offset = torch.arange(65.0) - 32
    mass = weights.sum((1, 2))
    down = (weights.sum(2) * offset).sum(1) / mass
    right = (weights.sum(1) * offset).sum(1) / mass
    angles = torch.rad2deg(torch.atan2(down, right))
    assert torch.allclose((down**2 + right**2).sqrt(), torch.tensor(28.0).double(), atol=0.6)
    assert 14 < angles.max() < 16
    assert -16 < angles.min() < -14
    assert abs(float(angles.mean())) < 5 * 15 / math.sqrt(3 * 600)
    assert float(angles.std()) == pytest.approx(15 / math.sqrt(3), rel=0.1)


def test_auto_augment_draws_a_sub_policy_for_each_image() -> None:
    """The result is kornia's own of that sub-policy on the images that drew it, each in place."""
    images = torch.rand(200, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(3))
    found = augmented(images, seed=5, auto_augment="cifar10")
    torch.manual_seed(5)
    chosen = torch.randint(25, (200,))
    expected = torch.empty_like(images)
    for index, sub_policy in enumerate(AutoAugment("cifar10").children()):
        expected[chosen == index] = sub_policy(images[chosen == index])
    assert torch.equal(found, expected)
    assert len(chosen.unique()) == 25


@pytest.mark.parametrize("policy", ["cifar10", "imagenet", "svhn"])
def test_auto_augment_changes_equal_images_differently(policy: str) -> None:
    """And keeps them images: three channels in [0, 1]."""
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(1))
    changed = augmented(image.expand(64, 3, 16, 16), auto_augment=policy)
    assert changed.shape == (64, 3, 16, 16)
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert len({tuple(sample.flatten().tolist()) for sample in changed}) > 32


@pytest.mark.parametrize(
    "options",
    [
        {"crop_padding": 2},
        {"flip": True},
        {"rotation": 40.0},
        {"roll": 3},
        {"cutout": 3},
        {"crop_padding": 2, "flip": True, "rotation": 40.0, "roll": 3, "cutout": 3},
    ],
)
def test_all_steps_of_a_sequence_are_changed_alike(options: dict[str, Any]) -> None:
    """Step t comes out as if it were a static batch with the same draws."""
    sequences = distinct_images(3 * 20).reshape(3, 20, 2, HEIGHT, WIDTH)
    data = data_set(3, 2, HEIGHT, WIDTH, form="sequence")
    torch.manual_seed(0)
    changed = Augmentation(AugmentTable(**options), data)(sequences)
    assert changed.shape == sequences.shape
    assert not torch.equal(changed, sequences)
    for found, step in zip(changed, sequences, strict=True):
        assert torch.equal(found, augmented(step, **options))


def test_evaluation_is_left_alone() -> None:
    """In evaluation mode the very batch comes back; training changes a copy of it."""
    images = distinct_images(8, channels=3)
    kept = images.clone()
    table = AugmentTable(crop_padding=1, auto_augment="cifar10", roll=1, cutout=2)
    augmentation = Augmentation(table, data_set(3, HEIGHT, WIDTH))
    assert augmentation.eval()(images) is images
    assert not torch.equal(augmentation.train()(images), images)
    assert torch.equal(images, kept)


def test_mixed_precision_does_not_blur_coordinates() -> None:
    """Under autocast the result is the same, bit for bit."""
    data = data_set(3, HEIGHT, WIDTH)
    images = distinct_images(64, channels=3)
    table = AugmentTable(rotation=40, auto_augment="cifar10")
    torch.manual_seed(2)
    expected = Augmentation(table, data)(images)
    torch.manual_seed(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = Augmentation(table, data)(images)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


@pytest.mark.parametrize(
    ("options", "data", "said"),
    [
        ({"flip": True}, data_set(12), r"samples of shape \(12,\) aren't images \[C, H, W\]"),
        ({"crop_padding": 7}, data_set(2, 7, 9), r"augment\.crop_padding: 7 pixels.* below the 7"),
        ({"roll": 8}, data_set(2, 9, 7), r"augment\.roll: 8 pixels.* below the 7"),
        ({"cutout": 7}, data_set(2, 7, 9), r"augment\.cutout: 7 pixels.* below the 7"),
        ({"auto_augment": "svhn"}, data_set(1, 7, 9), r"augment\.auto_augment: 1 channels.* be 3"),
        ({"auto_augment": "svhn"}, data_set(3, 7, 9, highest=255), r"from 0 to 255.* in \[0, 1\]"),
        (
            {"auto_augment": "svhn"},
            data_set(2, 3, 7, 9, form="sequence"),
            r"augment\.auto_augment: its policies are for images, the samples are sequences",
        ),
        (
            {"auto_augment": "svhn", "roll": 9, "cutout": 9},
            data_set(1, 7, 9, highest=2),
            r"augment\.roll: .*; augment\.cutout: .*; .*1 channels.*; .*from 0 to 2",
        ),
    ],
)
def test_data_that_an_operation_can_t_take_are_refused(
    options: dict[str, Any], data: DataSplits, said: str
) -> None:
    """All faults in one line, before anything is trained."""
    with pytest.raises(ConfigError, match=f"data set 'made up': .*{said}") as error:
        fit(tiny_module(), data, augment=options, device="cpu")
    assert "\n" not in str(error.value)


def test_values_just_below_the_limits_are_taken() -> None:
    """A pixel less than the shorter side."""
    images = distinct_images(4)
    changed = augmented(images, crop_padding=6, roll=6, cutout=6, rotation=180)
    assert changed.shape == images.shape


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"crop": 4}, "augment.crop: unknown key"),
        ({"crop_padding": -1}, "augment.crop_padding: input should be greater than or equal to 0"),
        ({"roll": 0.5}, "augment.roll: "),
        ({"cutout": "big"}, "augment.cutout: "),
        ({"rotation": 181}, "augment.rotation: "),
        ({"rotation": math.nan}, "augment.rotation: "),
        ({"auto_augment": "cifar"}, "augment.auto_augment: input should be 'cifar10', 'imagenet'"),
        ({"flip": "perhaps", "roll": -1}, "augment.flip: .*; augment.roll: "),
    ],
)
def test_faults_of_the_table_are_named(table: dict[str, Any], said: str) -> None:
    """In a recipe and in an argument of fit alike."""
    with pytest.raises(ConfigError, match=f"recipe 'mine': {said}"):
        parse_recipe({**RECIPE, "augment": table}, "mine")
    with pytest.raises(ConfigError, match=f"fit: {said}"):
        fit(tiny_module(), few_digits(), augment=table, device="cpu")


def test_a_recipe_s_table_is_written_and_read_back() -> None:
    """Through TOML text, which has no None; without a table everything is off."""
    assert parse_recipe(RECIPE, "mine").augment == AugmentTable()
    assert not any(AugmentTable().model_dump().values())
    for table in ({}, {"auto_augment": "cifar10", "crop_padding": 4, "rotation": 15}):
        recipe = parse_recipe({**RECIPE, "augment": table}, "mine")
        text = tomli_w.dumps(recipe_document(recipe))
        assert parse_recipe(tomllib.loads(text), "mine") == recipe
        assert recipe.augment == AugmentTable.model_validate(table)
