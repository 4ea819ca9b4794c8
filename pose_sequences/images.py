"""Pictures in and out: PNG, JPEG and WebP become uint8 arrays, arrays become PNG.

Files are untrusted: bounded before anything is decoded, told apart by content and never by suffix.
"""

import io
import logging
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pose_sequences.errors import ImageError, OutputError
from pose_sequences.inputs import read_input
from pose_sequences.outputs import fresh_file

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 20_000_000
MAX_PIXELS = 25_000_000
MATTE = (128, 128, 128)  # behind transparent pixels: mid grey, neither lit nor dark

_ORIENTATION = 0x0112  # EXIF tag
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I")

# what Pillow's readers raise on damaged files; its documentation names OSError alone
_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)

logger = logging.getLogger(__name__)


def read_image(path: str | Path) -> npt.NDArray[np.uint8]:
    """Read a picture as it is meant to be seen.

    EXIF orientation is applied; transparent pixels are flattened on mid grey, with a note in the
    log; grey, palette, 16-bit and CMYK pictures become RGB.

    path: PNG, JPEG or WebP of at most 20 MB and 25 million pixels.
    Returns (H, W, 3) in RGB order.
    Raises ImageError for anything else, damaged and truncated files included.
    """
    path = Path(path)
    content = _read_bytes(path)
    # Pillow warns about odd EXIF tags, by itself on stderr
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        picture = _decode(path, content)
    for note in notes:
        logger.warning("%s: %s", path, note.message)
    return picture


def write_png(path: str | Path, picture: npt.NDArray[np.uint8], *, overwrite: bool) -> None:
    """Write a picture (H, W, 3) as PNG; OutputError if it cannot stand where it was asked for."""
    path = Path(path)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise OutputError(
            path,
            f"a picture of {picture.dtype} {picture.shape} cannot be written",
            "give uint8 (H, W, 3)",
        )
    from PIL import Image

    with fresh_file(path, overwrite=overwrite) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")


def _read_bytes(path: Path) -> bytes:
    content = read_input(path, ImageError, MAX_BYTES, "save it smaller or as JPEG")
    if not content:
        raise ImageError(path, "is empty", "give a PNG, JPEG or WebP picture")
    return content


def _decode(path: Path, content: bytes) -> npt.NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_header(path, picture)
            picture.load()
            return _to_rgb(path, _upright(picture))
    except Image.DecompressionBombError as error:
        raise _too_large(path, "more than 178 million pixels") from error
    except ImageError:
        raise
    except _FAULTS as error:
        raise ImageError(
            path,
            f"is no intact PNG, JPEG or WebP picture ({_reason(error)})",
            "open it in a picture editor and save it again as PNG",
        ) from error


def _check_header(path: Path, picture: "Image") -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise _too_large(path, f"{width}x{height} pixels")
    # JPEGs of phones often carry a depth map or a second exposure behind the picture: no animation
    count = getattr(picture, "n_frames", 1) if picture.format in ("PNG", "WEBP") else 1
    if count > 1:
        raise ImageError(
            path, f"is an animation of {count} pictures", "save one of its pictures as PNG"
        )


def _too_large(path: Path, size: str) -> ImageError:
    return ImageError(
        path,
        f"is too large ({size}; the limit is {MAX_PIXELS // 1_000_000} million)",
        "scale it down",
    )


def _upright(picture: "Image") -> "Image":
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(picture.getexif().get(_ORIENTATION, 1))
    return picture if turn is None else picture.transpose(turn)


def _to_rgb(path: Path, picture: "Image") -> npt.NDArray[np.uint8]:
    if picture.mode in _SIXTEEN_BITS:
        deep = np.asarray(picture).astype(np.int64).clip(0, 65_535)
        grey = ((deep * 255 + 32_767) // 65_535).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if not picture.has_transparency_data:
        return np.array(picture.convert("RGB"))
    layers = np.array(picture.convert("RGBA"))
    colour, alpha = layers[:, :, :3], layers[:, :, 3:].astype(np.uint16)
    if alpha.min() == 255:
        return np.ascontiguousarray(colour)
    logger.info("%s: transparent pixels are flattened on mid grey", path)
    blend = colour * alpha + np.array(MATTE, np.uint16) * (255 - alpha)
    return ((blend + 127) // 255).astype(np.uint8)


def _reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    # its own words name a memory buffer, which tells the reader nothing
    if isinstance(error, UnidentifiedImageError):
        return "its first bytes belong to none of them"
    return f"{error}" or type(error).__name__
