"""How wide the studio's world is: narrow, which stays as it is, or wide, which may grow."""

from typing import Literal, get_args

Breadth = Literal["narrow", "wide"]
BREADTHS: tuple[Breadth, ...] = get_args(Breadth)
