"""Pictures are read as they are meant to be seen, or refused in one line."""

import io
import logging
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_sequences.errors import ImageError, OutputError, single_line
from pose_sequences.images import MATTE, read_image, write_png
from tests.pose_sequences.frames import moving_frames
from tests.pose_sequences.mutation import mutations

pytestmark = pytest.mark.light

PICTURE = moving_frames(1, 40, 30)[0]


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=format, **options)
    return buffer.getvalue()


def png_stating(width: int, height: int) -> bytes:
    """A PNG that states a size and has no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def refusal(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(single_line(str(path)))
    return message


def test_a_written_png_is_read_back_exactly(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", PICTURE, overwrite=False)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), PICTURE)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "txt"])
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_content_decides_and_not_the_suffix(tmp_path: Path, format: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(encoded(Image.fromarray(PICTURE), format))
    read = read_image(path)
    assert read.shape == PICTURE.shape
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - PICTURE).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.fromarray(PICTURE), "PNG", exif=exif.tobytes()))
    with Image.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture))
    np.testing.assert_array_equal(read_image(path), expected)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_every_kind_of_pixel_becomes_rgb(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(PICTURE).convert(mode)
    (tmp_path / "a.png").write_bytes(encoded(picture, "PNG"))
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.png"), np.asarray(picture.convert("RGB"))
    )


def test_sixteen_bit_grey_keeps_its_brightness(tmp_path: Path) -> None:
    deep = np.linspace(0, 65_535, 30 * 40).astype(np.uint16).reshape(30, 40)
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(deep), "PNG"))
    expected = np.rint(deep / 65_535 * 255)
    assert np.abs(read_image(tmp_path / "a.png") - expected[:, :, None]).max() <= 1


def test_cmyk_jpeg_keeps_its_colours(tmp_path: Path) -> None:
    picture = Image.fromarray(PICTURE).convert("CMYK")
    (tmp_path / "a.jpg").write_bytes(encoded(picture, "JPEG", quality=95))
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - PICTURE).mean() < 6


def test_transparent_pixels_become_mid_grey_and_are_noted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    layers = np.dstack([PICTURE, np.full(PICTURE.shape[:2], 255, np.uint8)])
    layers[:, :20, 3] = 0
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(layers), "PNG"))
    with caplog.at_level(logging.INFO, logger="pose_sequences.images"):
        read = read_image(tmp_path / "a.png")
    assert (read[:, :20] == MATTE).all()
    np.testing.assert_array_equal(read[:, 20:], PICTURE[:, 20:])
    assert "flattened" in caplog.text


def test_an_opaque_alpha_channel_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(PICTURE).convert("RGBA"), "PNG"))
    with caplog.at_level(logging.INFO):
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), PICTURE)
    assert not caplog.text


def test_a_transparent_palette_colour_becomes_mid_grey(tmp_path: Path) -> None:
    picture = Image.new("P", (8, 6), 1)
    picture.putpalette([200, 0, 0, 0, 200, 0])
    (tmp_path / "a.png").write_bytes(encoded(picture, "PNG", transparency=1))
    assert (read_image(tmp_path / "a.png") == MATTE).all()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_truncated_picture_is_refused_wherever_it_ends(tmp_path: Path, format: str) -> None:
    whole = encoded(Image.fromarray(PICTURE), format)
    for size in {1, len(whole) // 3, len(whole) // 2, len(whole) * 9 // 10}:
        (tmp_path / "a").write_bytes(whole[:size])
        assert "no intact" in refusal(tmp_path / "a")


@pytest.mark.parametrize("format", ["GIF", "BMP", "TIFF", "PPM"])
def test_other_formats_are_refused_whatever_their_name(tmp_path: Path, format: str) -> None:
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(PICTURE), format))
    assert "first bytes" in refusal(tmp_path / "a.png")


def test_an_animation_is_refused(tmp_path: Path) -> None:
    first, second = (Image.fromarray(frame) for frame in moving_frames(2))
    animation = encoded(first, "PNG", save_all=True, append_images=[second])
    (tmp_path / "a.png").write_bytes(animation)
    assert "animation of 2" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("side", [5_001, 15_000, 60_000])
def test_too_many_pixels_are_refused_by_the_header_alone(tmp_path: Path, side: int) -> None:
    (tmp_path / "a.png").write_bytes(png_stating(side, side))
    assert "too large" in refusal(tmp_path / "a.png")


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(20_000_001)
    assert "20 MB" in refusal(tmp_path / "a.png")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert "is empty" in refusal(tmp_path / "empty.png")
    assert "directory" in refusal(tmp_path / "folder.png")
    assert "symbolic links" in refusal(tmp_path / "loop.png")
    assert "pipe" in refusal(tmp_path / "pipe.png")
    assert "No such file" in refusal(tmp_path / "missing.png")
    assert "no possible" in refusal(Path("a\0.png"))


@pytest.mark.parametrize("name", ["-i.png", "a b.png", "a\nb.png", "ä漢.png"])
def test_any_name_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_png(name, PICTURE, overwrite=False)
    np.testing.assert_array_equal(read_image(name), PICTURE)


@pytest.mark.parametrize(("format", "seed"), [("PNG", 1), ("JPEG", 2), ("WEBP", 3)])
def test_damaged_pictures_are_read_or_refused_and_nothing_else(
    tmp_path: Path, format: str, seed: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encoded(Image.fromarray(PICTURE), format, exif=exif.tobytes())
    path = tmp_path / "a"
    refusals = []
    for damaged in mutations(whole, 700, seed):
        path.write_bytes(damaged)
        try:
            picture = read_image(path)
        except ImageError as error:
            refusals.append(str(error))
        else:
            assert picture.dtype == np.uint8
            assert picture.ndim == 3
            assert picture.shape[2] == 3
    assert len(refusals) > 300
    assert not any("\n" in refusal for refusal in refusals)


@pytest.mark.parametrize(
    "picture", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_what_is_no_rgb_picture_is_not_written(tmp_path: Path, picture: np.ndarray) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_png(tmp_path / "a.png", picture, overwrite=False)
    assert not list(tmp_path.iterdir())


def test_an_existing_picture_is_replaced_only_on_request(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", PICTURE, overwrite=False)
    with pytest.raises(OutputError, match="exists already"):
        write_png(tmp_path / "a.png", PICTURE // 2, overwrite=False)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), PICTURE)
    write_png(tmp_path / "a.png", PICTURE // 2, overwrite=True)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), PICTURE // 2)
