"""Every `gonerd` command that a document or an example names exists, with the options that it is given."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from gonerd.cli import build_app

ROOT = Path(__file__).resolve().parent.parent
GENERATED = {ROOT / "docs" / name for name in ("CLI.md", "SOURCES.md", "TASKS.md", "RESULTS_SCHEMA.md", "RESULTS.md")}
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")} - GENERATED)
EXAMPLES = sorted(ROOT.glob("configs/**/*.yaml"))
OPEN = {"…", "..."}  # a command that goes on in some way
ENDS = {"|", ">", ">>", "&&", ";"}


def typed(path):
    """Yields the commands of a file, as words, and whether each stands in a block that can be copied."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        lines = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
        yield from ((shlex.split(line, comments=True), True) for line in lines if line.startswith("gonerd "))
        return
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    for block in blocks:
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if re.match(r"(\w+=\S+ )*gonerd ", line):
                yield shlex.split(line[line.index("gonerd ") :], comments=True), True
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for code in re.findall(r"`((?:accelerate launch [^`]*-m )?gonerd [a-z][^`]*)`", prose):
        yield shlex.split(" ".join(code[code.index("gonerd ") :].split())), False


@pytest.fixture(scope="module")
def groups():
    return get_command(build_app()).commands


@pytest.mark.parametrize("path", [*DOCUMENTS, *EXAMPLES], ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_commands_can_be_typed(path, groups):
    for words, copied in typed(path):
        said = shlex.join(words)
        _, name, *rest = words
        assert name in groups, said
        command = groups[name]
        if getattr(command, "commands", None):
            if not rest:  # the group as a whole
                continue
            child, *rest = rest
            if rest and rest[0] == "|":  # several commands at once, `gonerd dataset build | show`
                assert {child, *rest} - {"|"} <= command.commands.keys(), said
                continue
            assert child in command.commands, said
            command = command.commands[child]
        whole = copied and not OPEN & set(rest)
        end = next((i for i, word in enumerate(rest) if word in ENDS), len(rest))
        # What is left out may be the value of the option before it.
        given = [word for i, word in enumerate(rest[:end]) if word not in OPEN or (i and rest[i - 1].startswith("--"))]
        found, left, _ = command.make_parser(typer.Context(command)).parse_args(given)
        assert not left, said
        if whole:
            asked = [param.name for param in command.params if param.required and not found.get(param.name)]
            assert not asked, f"{said}: {asked} are required"


def test_there_is_something_to_check():
    counts = {str(path.relative_to(ROOT)): len(list(typed(path))) for path in [*DOCUMENTS, *EXAMPLES]}
    assert counts["README.md"] > 40
    assert counts["docs/REVIEW.md"] > 10
    assert counts["configs/data/local.yaml"] == 2
