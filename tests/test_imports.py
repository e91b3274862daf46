"""Rooms are entered through gonerd.*: no bare folder names, nothing imports upward."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"crawl", "annotation", "models", "evaluation"}
# What each room may import, beside the ground floor and itself.
ALLOWED = {"gonerd": set(), "crawl": set(), "annotation": set(), "models": set(), "evaluation": {"models"}}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


@pytest.mark.parametrize("path", [str(p.relative_to(ROOT)) for room in ALLOWED for p in (ROOT / room).rglob("*.py")])
def test_rooms(path):
    room = path.partition("/")[0]
    for name in imports(ROOT / path):
        parts = name.split(".")
        assert parts[0] not in ROOMS, f"{path} imports {name} by its bare folder name"
        entered = {parts[1]} & ROOMS if parts[0] == "gonerd" and len(parts) > 1 else set()
        assert entered <= ALLOWED[room] | {room}, f"{path} imports {name}, which its room may not"


def test_every_package_is_shipped():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {path.parent.relative_to(ROOT) for room in ALLOWED for path in (ROOT / room).rglob("__init__.py")}
    names = {".".join(("gonerd", *(f.parts[1:] if f.parts[0] == "gonerd" else f.parts))) for f in found}
    assert names == set(settings["packages"])


def test_no_module_bears_the_package_name():
    """`gonerd/gonerd.py` would make `datasets` refuse the folder as a dataset with a script."""
    assert not (ROOT / "gonerd" / "gonerd.py").exists()
