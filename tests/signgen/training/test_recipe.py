"""Recipes: every key is known, typed, and can be changed from outside."""

import re
from pathlib import Path

import pytest

from pose_sequences.errors import InputError
from signgen.training.model_settings import STAGES
from signgen.training.recipe import load_recipe


def recipe_file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_bundled_recipe_is_complete() -> None:
    recipe = load_recipe("mini")
    assert set(recipe.loops) == set(STAGES)
    assert recipe.models.size == 256


@pytest.mark.parametrize("name", ["mini", "mini-cpu"])
def test_the_shares_of_the_stages_are_the_whole_time(name: str) -> None:
    recipe = load_recipe(name)
    shares = [recipe.loops[stage].share for stage in recipe.models.stages]
    assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[denoiser]\nlearning_rat = 1", "learning_rat"),
        ("[denoyser]\nsteps = 1", "denoyser"),
        ("steps = 1", "steps"),
        ("[denoiser]\nsteps = 1.5", "give a whole number"),
        ("[denoiser]\nsteps = true", "give a whole number"),
        ("[denoiser]\nlearning_rate = nan", "give a number"),
        ("[denoiser]\nlearning_rate = -1", "0 or more"),
        ("[denoiser]\nbeta2 = 1", "less than 1"),
        ("[samples]\nself_pairs = 1.5", "0 to 1"),
        ("[samples]\ncache_latents = 1", "true or false"),
        ("[models]\nmethod = 3", "give words"),
        ("[models]\nsites = 'all'", "a list, each words"),
        ("[denoiser]\nsteps = 0", "at least 1"),
        ("[denoiser]\nbatch_size = 8\naccumulation = 3", "does not divide"),
        ("[fusion]\nbatch_size = 8\naccumulation = 2", "whole batch"),
        ("[denoiser]\nprecision = 'float16'", "float16"),
        ("[denoiser]\ndrop_all = 0.99", "add up"),
        ("[models]\nchannels = [1, 'a']", "a list, each a whole number"),
        ("[models", "TOML"),
    ],
)
def test_a_faulty_recipe_is_refused_with_the_fault(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_recipe(recipe_file(tmp_path, text))


def test_an_unknown_name_lists_the_recipes_there_are() -> None:
    with pytest.raises(InputError, match="mini"):
        load_recipe("nosuch")


def test_a_plain_key_changes_every_table_that_has_it() -> None:
    recipe = load_recipe("mini", ["steps=7", "denoiser.batch_size=4", "min_time=0.5"])
    assert {loop.steps for loop in recipe.loops.values()} == {7}
    assert recipe.loops["denoiser"].batch_size == 4
    assert recipe.loops["fusion"].batch_size != 4
    assert recipe.denoiser.min_time == 0.5


@pytest.mark.parametrize(
    "change",
    ["nokey=1", "denoiser.nokey=1", "steps", "=3", "steps=many", "grain=nan", "channels=[0.5]"],
)
def test_a_change_that_cannot_be_made_is_refused_in_its_own_words(change: str) -> None:
    with pytest.raises(ValueError, match=rf"^--set {re.escape(change)}: "):
        load_recipe("mini", [change])


def test_the_tables_of_a_recipe_say_all_of_it() -> None:
    recipe = load_recipe("mini")
    tables = recipe.tables()
    assert tables["denoiser"]["drop_all"] == recipe.denoiser.drop_all
    assert tables["denoiser"]["batch_size"] == recipe.loops["denoiser"].batch_size


@pytest.mark.parametrize(
    ("name", "self_pairs", "flips"),
    [("fpdm-sd21", 0.05, 0.0), ("fpdm-phoenix", 0.05, 0.0), ("cfld-sd15", 0.5, 0.5)],
)
def test_published_recipes_pair_and_optimise_as_published(
    name: str, self_pairs: float, flips: float
) -> None:
    recipe = load_recipe(name)
    assert (recipe.samples.self_pairs, recipe.samples.flip_reference) == (self_pairs, flips)
    assert {recipe.loops[stage].beta2 for stage in recipe.models.stages} == {0.999}
