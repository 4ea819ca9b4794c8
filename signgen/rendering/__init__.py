"""Rendering: files in, a film of the signer out, with a report of what made it.

The door: ``prepare`` reads and checks everything, ``shoot`` makes the frames and writes them as
they come. What a model is made of is not known here.
"""

from signgen.rendering.request import Request
from signgen.rendering.script import Script, prepare
from signgen.rendering.shooting import Shot, shoot

__all__ = ["Request", "Script", "Shot", "prepare", "shoot"]
