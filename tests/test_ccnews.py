"""The path to a CC-NEWS month: figures follow from measured rates, and the commands in it are commands."""

import json
import re
import shlex

import pytest
import typer

from gonerd.cli import build_app
from tools.ccnews import RATES, TARGET, Month, render


def test_the_document_is_what_the_rates_say():
    assert TARGET.read_text(encoding="utf-8") == render(Month(), json.loads(RATES.read_text(encoding="utf-8"))), (
        "run `make docs` and commit the result"
    )


def test_hours_and_cost_by_hand():
    speed = {"pages_a_second": {"workers_1": 20.0}, "packed_bytes_a_page": 50_000}
    rates = {
        "machine": {"cores": 2, "load_before": 0.0},
        "speed": speed,
        "memory": [{"pages": 5000, "worker_mb": 300.0}],
        "settle": [{"documents": 1_000_000, "seconds": 36.0, "peak_mb": 1024.0}],
    }
    text = render(Month(files=100, gigabytes=1.0, pages=7_200_000, price=0.1, known=0.5), rates)
    for words in (
        "100 core hours, or\n10 US dollars", "72,000 a\nfile", "0.10 TB", "| 2 | 50.0 | 16.0 |", "| 16 | 6.2 | 128.0 |",
        "1.00 GB for a million documents, so 7.2 GB and 0.1 hours", "or 3.60 GB when 50% of", "300 MB a worker",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize("number", range(3))
def test_the_commands_are_understood(number):
    text = TARGET.read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line for line in text.splitlines() if "gonerd crawl extract" in line and line.count("--") > 2]
    assert len(commands) == 3
    words = shlex.split(commands[number].partition("gonerd ")[2])
    command = typer.main.get_command(build_app())
    for name in words[:2]:
        command = command.commands[name]
    context = command.make_context("extract", words[2:], resilient_parsing=False)
    assert context.params["warc"] == ["warc.paths.gz"]
    assert re.search("documents$", str(context.params["out"]))
