"""The mixes and recipes that ship are read without complaint."""

from pathlib import Path

import pytest

from gonerd.models.corpus import read_mix
from gonerd.models.distill import read_recipe

CONFIGS = Path(__file__).resolve().parents[3] / "configs"


@pytest.mark.parametrize("path", sorted((CONFIGS / "corpus").glob("*.yaml")), ids=lambda path: path.stem)
def test_mixes(path):
    mix = read_mix(path)
    assert mix.name == path.stem
    assert all(member.hub for member in mix.members)


@pytest.mark.parametrize("path", sorted((CONFIGS / "distill").glob("*.yaml")), ids=lambda path: path.stem)
def test_recipes(path):
    recipe = read_recipe(path, model="owner/encoder")
    assert recipe.name == path.stem
    assert recipe.steps[-1].name == "student"
