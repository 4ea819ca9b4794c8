"""What a film says of itself: that it is synthetic, and what made it."""

import json
from typing import Any

from signgen import __version__
from signgen.rendering.script import Script


def marks(script: Script) -> dict[str, Any]:
    """Return what made a film, without a path: the same for the same inputs on any machine."""
    return {
        "synthetic": True,
        "tool": "signgen",
        "version": __version__,
        "model": script.model.name,
        "weights_sha256": script.model.weights,
        "seed": script.request.seed,
    }


def comment(script: Script) -> str:
    """Return the marks as the text that a container keeps."""
    return json.dumps(marks(script), ensure_ascii=False)
