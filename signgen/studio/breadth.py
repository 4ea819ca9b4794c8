"""How wide the studio's world is: narrow, what the bundled model knows, or wide."""

from typing import Literal, get_args

Breadth = Literal["narrow", "wide"]
BREADTHS: tuple[Breadth, ...] = get_args(Breadth)
