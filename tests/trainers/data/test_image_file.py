"""Decoding one image: what is cut out of it, and what is refused."""

import io
import struct
import sys
import tracemalloc
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.damaged_files import damaged, refusal
from tests.image_folders import Pixels, picture
from trainers.data import image_file
from trainers.data.image_file import decode_image, read_image
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError


def written(path: Path, pixels: Pixels, mode: str | None = None, **options: Any) -> Path:
    """The pixels as a file, in another of Pillow's modes if one is named."""
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


def smooth(height: int, width: int) -> Pixels:
    """A picture with structure at every scale, like a photograph rather than like noise."""
    coarse = picture(0, 0, (height // 6 + 2, width // 6 + 2, 3))
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("ending", ["png", "bmp", "webp"])
def test_the_centre_of_an_image_of_the_right_size_is_cut_out_unchanged(
    tmp_path: Path, ending: str
) -> None:
    """A shorter side of 16 is what 14 are cut out of: columns 5 to 18 of 24, rows 1 to 14 of 16."""
    pixels = picture(1, 2, (16, 24, 3))
    path = written(tmp_path / f"a.{ending}", pixels, lossless=True)
    expected = pixels[1:15, 5:19].transpose(2, 0, 1)
    np.testing.assert_array_equal(read_image(path, 14, 3), expected)


def test_shrinking_averages_over_what_it_leaves_out(tmp_path: Path) -> None:
    """To half the size: the triangle filter's 1, 3, 3, 1 over 8, on both axes, within rounding."""
    pixels = picture(0, 5, (32, 32, 3)).astype(np.float64)
    weights = np.zeros((16, 32))
    for row in range(1, 15):
        weights[row, 2 * row - 1 : 2 * row + 3] = np.array([1, 3, 3, 1]) / 8
    expected = np.einsum("ir,jc,rck->kij", weights, weights, pixels)[:, 1:15, 1:15]
    path = written(tmp_path / "a.png", pixels.astype(np.uint8))
    assert np.abs(read_image(path, 14, 3) - expected).max() <= 1


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (375, 500, 224), (500, 375, 224), (333, 334, 224), (100, 60, 224), (20, 300, 112),
        (9, 9, 1), (31, 64, 32),
    ],
)  # fmt: skip
def test_it_is_what_resizing_the_whole_and_cutting_the_centre_gives(
    tmp_path: Path, height: int, width: int, size: int
) -> None:
    """As torchvision's Resize and CenterCrop have it, to one level of 255."""
    pixels = smooth(height, width)
    shorter = round(size * 256 / 224)
    sides = [int(shorter * side / min(height, width)) for side in (height, width)]
    whole = Image.fromarray(pixels).resize((sides[1], sides[0]), Image.Resampling.BILINEAR)
    top, left = (round((side - size) / 2) for side in sides)
    expected = np.asarray(whole).astype(int)[top : top + size, left : left + size]
    found = read_image(written(tmp_path / "a.png", pixels), size, 3)
    assert np.abs(found - expected.transpose(2, 0, 1)).max() <= 1


def test_grey_is_the_luma_of_colours(tmp_path: Path) -> None:
    """0.299 R + 0.587 G + 0.114 B; a grey file read as colours is three times the same."""
    pixels = picture(2, 1)
    path = written(tmp_path / "a.png", pixels)
    luma = pixels[1:15, 1:15] @ np.array([0.299, 0.587, 0.114])
    grey = read_image(path, 14, 1)
    assert grey.shape == (1, 14, 14)
    assert np.abs(grey[0] - luma).max() <= 0.51
    colours = read_image(written(tmp_path / "b.png", pixels, "L"), 14, 3)
    np.testing.assert_array_equal(colours, np.repeat(grey, 3, axis=0))


def test_transparency_is_dropped(tmp_path: Path) -> None:
    """The stored colours count, also of a palette, whose transparency Pillow would warn of."""
    pixels = picture(1, 1)
    expected = pixels[1:15, 1:15].transpose(2, 0, 1)
    alpha = np.dstack([pixels, np.zeros((16, 16), np.uint8)])
    np.testing.assert_array_equal(read_image(written(tmp_path / "a.png", alpha), 14, 3), expected)
    flat = np.full((16, 16, 3), 51, np.uint8)
    palette = written(tmp_path / "b.png", flat, "P", transparency=bytes(10))
    assert np.unique(read_image(palette, 14, 3)).tolist() == [51]


def test_cmyk_is_read_as_colours(tmp_path: Path) -> None:
    """ImageNet holds some such JPEG files: without black, a channel is 255 minus its ink."""
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[..., 0] = 200
    Image.fromarray(inks, "CMYK").save(tmp_path / "a.jpg", quality=95)
    found = read_image(tmp_path / "a.jpg", 14, 3).reshape(3, -1)
    assert np.abs(found.mean(axis=1) - [55, 255, 255]).max() < 3


def test_more_than_8_bits_are_refused(tmp_path: Path) -> None:
    """Instead of being clipped to white."""
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((16, 16), 1000, np.uint16)).save(path)
    with pytest.raises(DataError, match=r"deep\.png: holds more than 8 bits .*Convert it to 8"):
        read_image(path, 14, 3)


def png_of(width: int, height: int) -> bytes:
    """The beginning of a PNG that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


@pytest.mark.parametrize("side", [9_500, 60_000])
def test_decompression_bombs_are_refused(tmp_path: Path, side: int) -> None:
    """From Pillow's limit on, where Pillow itself only warns up to its double."""
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of(side, side))
    with pytest.raises(DataError, match=r"bomb\.png: claims more than 89,478,485 pixels"):
        read_image(path, 14, 3)


def gif() -> bytes:
    """A whole, sound image in a format that isn't read."""
    content = io.BytesIO()
    Image.fromarray(picture(0, 0)).save(content, "GIF")
    return content.getvalue()


@cache
def encoded(kind: str) -> bytes:
    """A sound file's content."""
    content = io.BytesIO()
    Image.fromarray(picture(0, 0, (40, 40, 3))).save(content, kind)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "none of JPEG, PNG, BMP, WEBP"),
        (b"no image at all", "none of JPEG, PNG, BMP, WEBP"),
        (gif(), "none of JPEG, PNG, BMP, WEBP"),
        (png_of(0, 5), "none of JPEG, PNG, BMP, WEBP"),
        (encoded("JPEG")[:-200], "truncated"),
        (encoded("PNG")[:-200], "truncated"),
        (None, "No such file or directory"),
    ],
)
def test_what_is_no_whole_image_is_named(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """With its path, why, and what to do, in one line."""
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.jpg: isn't .*{reason}.*Fetch it again") as error:
        read_image(path, 14, 3)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["PNG", "JPEG", "BMP", "WEBP"]))
def test_damage_anywhere_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str
) -> None:
    """A damaged file gives an image of the right size all the same, or is refused."""
    path = tmp_path_factory.getbasetemp() / f"damaged.{kind.lower()}"
    path.write_bytes(data.draw(damaged(encoded(kind))))

    def read() -> None:
        assert read_image(path, 14, 3).shape == (3, 14, 14)

    refusal(read, path, 8e6)


def test_without_pillow_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an optional extra."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    for module in ("image_file", "lazy_images"):
        monkeypatch.delitem(sys.modules, f"trainers.data.{module}", raising=False)
    with pytest.raises(ConfigError, match=r"Pillow can't be imported .*pip install 'pillow>=10'"):
        load_data("image-folder", path=tmp_path)


@pytest.mark.parametrize(("height", "width"), [(14, 14), (14, 20), (20, 14)])
def test_a_shorter_side_of_the_crop_s_own_size_leaves_the_pixels_as_they_are(
    tmp_path: Path, height: int, width: int
) -> None:
    """From a file or from its bytes; only the ends of a longer side are cut away."""
    pixels = picture(2, 3, (height, width, 3))
    path = written(tmp_path / "a.png", pixels)
    top, left = (height - 14) // 2, (width - 14) // 2
    expected = pixels[top : top + 14, left : left + 14].transpose(2, 0, 1)
    for content in (path, path.read_bytes()):
        np.testing.assert_array_equal(decode_image(content, "it", 14, 3, 14), expected)


def test_bytes_are_decoded_as_their_file_is(tmp_path: Path) -> None:
    """With the usual shorter side; what is wrong with them is told under the name given."""
    path = written(tmp_path / "a.png", smooth(40, 30))
    np.testing.assert_array_equal(
        decode_image(path.read_bytes(), "it", 14, 3), read_image(path, 14, 3)
    )
    with pytest.raises(DataError, match=r"^row 7: isn't a readable image \(none of JPEG"):
        decode_image(b"no image", "row 7", 14, 3)


def test_a_claimed_length_makes_no_room(tmp_path: Path) -> None:
    """What a file doesn't hold isn't allocated, and what it holds is read as ever."""
    path = tmp_path / "short"
    path.write_bytes(bytes(range(200)))
    tracemalloc.start()
    with image_file._WithinFile(path) as file:
        assert file.read(3) == bytes(range(3))
        assert file.read(1 << 30) == bytes(range(3, 200))
        assert file.read(1 << 30) == b""
        file.seek(190)
        assert file.read() == bytes(range(190, 200))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
