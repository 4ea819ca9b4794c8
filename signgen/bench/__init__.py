"""Benchmarks: how fast this machine renders, trains, draws and films, and where the time goes.

Machines are noisy, so whatever is compared is measured in turns in the same run. Weights change no
speed: without a trained model an untrained one of the recipe ``mini`` is measured.
"""

from typing import Any

Figures = dict[str, Any]  # plain values for JSON
