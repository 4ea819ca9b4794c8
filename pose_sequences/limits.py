"""The numbers that every door of the package agrees on: what a clip of one signer can be.

Limits of a single format stand with its reader.
"""

MIN_FPS, MAX_FPS = 0.1, 1000.0
MAX_SIDE = 65_535  # pixels of a frame's width or height
MAX_FRAMES = 100_000
