"""Seeded damage to a file's bytes, for the tests that throw bad files at a reader."""

from collections.abc import Iterator

import numpy as np

_EXTREMES = (
    b"\x00" * 4,
    b"\xff" * 4,
    b"\x00\x00\xc0\x7f",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x80\x7f",
)


def mutations(original: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield ``count`` damaged versions: flipped, cut, grown, doubled, shuffled, extreme numbers."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        damaged = bytearray(original)
        for _ in range(int(rng.integers(1, 5))):
            _damage(damaged, rng)
        yield bytes(damaged)


def _damage(data: bytearray, rng: np.random.Generator) -> None:
    size = len(data)
    # Headers stand at both ends of most formats, so half of the damage goes there.
    near = int(rng.integers(0, 2)) and size > 400
    at = int(rng.integers(0, min(size, 400) if near else max(size, 1)))
    if near and rng.random() < 0.5:
        at = size - 1 - at
    match int(rng.integers(0, 7)):
        case 0:
            data[at : at + 1] = bytes([int(rng.integers(0, 256))])
        case 1:
            data[at : at + 1] = bytes([data[at] ^ (1 << int(rng.integers(0, 8)))]) if size else b""
        case 2:
            del data[at:]
        case 3:
            del data[at : at + int(rng.integers(1, 64))]
        case 4:
            data[at:at] = rng.bytes(int(rng.integers(1, 64)))
        case 5:
            block = bytes(data[at : at + int(rng.integers(1, 256))])
            data[at:at] = block
        case _:
            extreme = _EXTREMES[int(rng.integers(0, len(_EXTREMES)))]
            data[at : at + 4] = extreme
