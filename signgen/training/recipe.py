"""Recipes: TOML tables as flat, frozen settings; an unknown key or a wrong type is an error.

[models], [samples], and a table for each stage, which holds what its loop and its objective take.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pose_sequences.errors import InputError
from signgen.training.model_settings import STAGES, ModelSettings
from signgen.training.settings import (
    AutoencoderTraining,
    DecoderTraining,
    DenoiserTraining,
    DistilTraining,
    FusionTraining,
    Optimisation,
    PainterTraining,
    SampleSettings,
    TemporalTraining,
)

Settings = TypeVar("Settings")

_WORDS = {int: "a whole number", float: "a number", str: "words", bool: "true or false"}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All settings of a training; ``loops`` holds the Optimisation of each stage."""

    models: ModelSettings = field(default_factory=ModelSettings)
    samples: SampleSettings = field(default_factory=SampleSettings)
    autoencoder: AutoencoderTraining = field(default_factory=AutoencoderTraining)
    fusion: FusionTraining = field(default_factory=FusionTraining)
    denoiser: DenoiserTraining = field(default_factory=DenoiserTraining)
    temporal: TemporalTraining = field(default_factory=TemporalTraining)
    distil: DistilTraining = field(default_factory=DistilTraining)
    decoder: DecoderTraining = field(default_factory=DecoderTraining)
    painter: PainterTraining = field(default_factory=PainterTraining)
    loops: dict[str, Optimisation] = field(
        default_factory=lambda: {stage: Optimisation() for stage in STAGES}
    )

    def __post_init__(self) -> None:
        if self.loops["fusion"].accumulation > 1:
            raise ValueError(
                "fusion.accumulation is above 1, but its samples are compared with the whole "
                "batch; lower batch_size instead"
            )

    def tables(self) -> dict[str, Any]:
        """Return what a TOML file of this recipe would say."""
        tables = asdict(self)
        loops = tables.pop("loops")
        return {name: {**table, **loops.get(name, {})} for name, table in tables.items()}

    def objective_keys(self, stage: str) -> list[str]:
        """Return the keys of a stage's table that its loop does not take."""
        return [f.name for f in fields(getattr(self, stage))]


def load_recipe(config: str, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe and change some of its keys.

    config: a path, or the name of one that ships; changes: ``key=value`` for every table that has
    the key, or ``table.key=value``. Raises InputError for a file or a key that cannot be used.
    """
    path = _find(config)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(path, f"cannot be read as TOML ({error})", "mend it") from error
    for change in changes:
        _apply(change, tables)
    kinds = _kinds()
    for name in tables:
        if name not in kinds or not isinstance(tables[name], dict):
            raise InputError(
                path, f"has {name!r}, which is no table of a recipe", f"use {', '.join(kinds)}"
            )
    made: dict[str, Any] = {"loops": {}}
    for name, (own, loop) in kinds.items():
        values = dict(tables.get(name, {}))
        where = f"[{name}]"
        if loop:
            names = {f.name for f in fields(Optimisation)}
            shared = {key: values.pop(key) for key in list(values) if key in names}
            made["loops"][name] = _made(Optimisation, shared, path, where)
        made[name] = _made(own, values, path, where)
    try:
        return Recipe(**made)
    except ValueError as error:
        raise InputError(path, str(error), "mend the recipe") from error


def _kinds() -> dict[str, tuple[type, bool]]:
    hints = get_type_hints(Recipe)
    return {f.name: (hints[f.name], f.name in STAGES) for f in fields(Recipe) if f.name != "loops"}


def _find(config: str) -> Path:
    shipped = resources.files("signgen") / "configs" / f"{config}.toml"
    if not config.endswith(".toml") and shipped.is_file():
        return Path(str(shipped))
    path = Path(config)
    if not path.is_file():
        names = sorted(p.name[:-5] for p in (resources.files("signgen") / "configs").iterdir())
        raise InputError(path, "is no recipe", f"give a .toml file or one of {', '.join(names)}")
    return path


def _apply(change: str, tables: dict[str, Any]) -> None:
    key, equals, text = change.partition("=")
    table, dot, name = key.strip().rpartition(".")
    if not equals or not name:
        raise ValueError(f"--set {change}: write it as key=value or table.key=value")
    homes = [table] if dot else [home for home, names in _keys().items() if name in names]
    if not homes or name not in _keys().get(homes[0], ()):
        raise ValueError(f"--set {change}: no table of a recipe has a key {key.strip()!r}")
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for home in homes:
        wanted = _wanted(value, _keys()[home][name])
        if wanted:
            raise ValueError(f"--set {change}: give {wanted}")
        tables.setdefault(home, {})[name] = value


def _keys() -> dict[str, dict[str, Any]]:
    """Return the keys of each table, and what they hold."""
    shared = get_type_hints(Optimisation)
    return {
        name: get_type_hints(own) | (shared if loop else {})
        for name, (own, loop) in _kinds().items()
    }


def _made(kind: type[Settings], values: dict[str, Any], path: Path, where: str) -> Settings:
    hints = get_type_hints(kind)
    for key, value in values.items():
        if key not in hints:
            raise InputError(
                path, f"has no key {key!r} in {where}", f"use {', '.join(sorted(hints))}"
            )
        wanted = _wanted(value, hints[key])
        if wanted:
            raise InputError(path, f"has {where} {key} = {value!r}", f"give {wanted}")
        values[key] = _typed(value, hints[key])
    try:
        return kind(**values)
    except ValueError as error:
        raise InputError(path, f"{where}: {error}", "mend the recipe") from error


def _wanted(value: Any, hint: Any) -> str:
    """Return what a key holds, nothing if the value is that."""
    if getattr(hint, "__origin__", None) is tuple:
        items = value if isinstance(value, (list, tuple)) else [None]
        item = hint.__args__[0]
        return f"a list, each {_WORDS[item]}" if any(_wanted(v, item) for v in items) else ""
    kinds = (int, float) if hint is float else (hint,)
    return (
        "" if type(value) in kinds and value == value else _WORDS[hint]
    )  # not a number: != itself


def _typed(value: Any, hint: Any) -> Any:
    """Return a value as its key holds it: TOML has no tuples, and may leave out a decimal point."""
    if isinstance(value, list):
        return tuple(_typed(item, hint.__args__[0]) for item in value)
    return float(value) if hint is float else value
