"""Markup out of values: every text is escaped here, so that no other file can forget it.

Names of clips come from anybody's disk; what the page says is known by its sections.
"""

from base64 import b64encode
from html import escape

Attribute = str | int | float | bool | None
_VOID = frozenset(("meta", "img", "input", "br"))
_STRANGE = "\N{REPLACEMENT CHARACTER}"


class Markup(str):
    """Text that is HTML already; any other text is escaped where it is put into an element."""

    __slots__ = ()


def text(words: str) -> Markup:
    """Return text as HTML; what cannot be printed, such as a turn of the writing direction, goes.

    A name that cannot be written in UTF-8 would make the page unwritable, too.
    """
    if isinstance(words, Markup):
        return words
    return Markup(escape("".join(c if c.isprintable() else _STRANGE for c in words)))


def element(name: str, /, *content: str, **attributes: Attribute) -> Markup:
    """Return an element; of its attributes True stands alone, None and False are left out.

    An underscore is written as a hyphen, and one at the end, which Python's own words need, goes.
    """
    words = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{words}>")
    return Markup(f"<{name}{words}>{''.join(map(text, content))}</{name}>")


def joined(*parts: str) -> Markup:
    """Return parts one after another."""
    return Markup("\n".join(map(text, parts)))


def name_of(words: str) -> Markup:
    """Return a name that somebody else chose, set apart from the writing direction around it."""
    return element("bdi", words)


def data_uri(kind: str, content: bytes) -> str:
    """Return bytes of a media type as an address that needs no network."""
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    word = key.rstrip("_").replace("_", "-")
    return f" {word}" if value is True else f' {word}="{text(str(value))}"'
