"""The benchmark on models of one narrow layer: all kinds run through, figures merge, tables say what was scaled."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from gonerd.errors import GonerdError, UsageError
from gonerd.models.bench.bodies import PATTERNS
from gonerd.models.bench.child import main
from gonerd.models.bench.plan import VARIANTS, BenchSettings, groups
from gonerd.models.bench.results import read, run
from gonerd.models.bench.subjects import document_lengths, make
from gonerd.models.bench.tables import markdown
from gonerd.models.bench.turns import AGAINST, measure
from gonerd.models.cli import app

SMALL = {"lengths": (64,), "rounds": 1, "layers": 1, "hidden": 32, "threads": 1, "malloc": ("default",)}
TINY = BenchSettings(**SMALL, patterns=("longformer",), kinds=("train",), train_length=64)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench") / "attention.json"
    return run(TINY, out), out


def test_cells_have_figures(measured):
    result, out = measured
    assert read(out) == result
    (machine,) = result["machines"]
    assert result["machines"][machine]["cores"] >= 1
    assert [cell["variant"] for cell in result["cells"]] == sorted(VARIANTS["train"])
    for cell in result["cells"]:
        assert cell["machine"] == machine
        assert 0 < cell["wall_min"] <= cell["wall_median"]
        assert 0 < cell["cpu_min"] <= cell["cpu_median"]
        assert cell["growth_bytes"] > 0
        assert (cell["tokens"], cell["layers"], cell["depth"]) == (64, 1, 12)
    ours, theirs, full = (
        next(c for c in result["cells"] if c["variant"] == v) for v in VARIANTS["train"][1::-1] + VARIANTS["train"][2:]
    )
    assert ours["attention"] == "longformer/unpadded-flash-merge"
    assert theirs["attention"] == "longformer/huggingface"
    assert full["attention"] == "roberta/sdpa"
    assert ours["against"] == "hf"
    assert ours["max_difference"] < 1e-4


def test_pieces_are_merged(measured, tmp_path, monkeypatch):
    result, out = measured
    path = tmp_path / "attention.json"
    path.write_text(out.read_text())

    def instead(group, rounds, threads):
        return [{**cell, "length": group.jobs[0]["length"], "wall_min": 9.0} for cell in result["cells"]]

    monkeypatch.setattr("gonerd.models.bench.results.measure", instead)
    again = run(BenchSettings(**SMALL, patterns=("longformer",), kinds=("train",), train_length=96), path)
    assert [(c["length"], c["wall_min"] == 9.0) for c in again["cells"]] == [(64, False)] * 3 + [(96, True)] * 3
    replaced = run(TINY, path)
    assert len(replaced["cells"]) == 6
    assert all(cell["wall_min"] == 9.0 for cell in replaced["cells"])
    path.write_text("{}")
    with pytest.raises(GonerdError, match="field 'kind'"):
        run(TINY, path)


def test_tables(measured):
    result, out = measured
    text = markdown(result)
    header = next(line for line in text.splitlines() if line.startswith("| tokens"))
    assert [cell.strip() for cell in header.strip("|").split("|")] == [
        "tokens", "variant", "layers", "wall s (median)", "CPU s (median)", "MB", "faster", "difference",
    ]  # fmt: skip
    rows = [line for line in text.splitlines() if line.startswith("| 64")]
    assert [row.split(" | ")[1] for row in rows] == ["Hugging Face", "ours", "RoBERTa, SDPA"]
    assert all(row.split(" | ")[2] == "1 x12" for row in rows)
    hf, ours, _ = (next(c for c in result["cells"] if c["variant"] == v) for v in VARIANTS["train"])
    assert rows[0].split(" | ")[3] == f"{12 * hf['wall_min']:.3g} ({12 * hf['wall_median']:.3g})"
    assert rows[1].split(" | ")[6] == f"{hf['wall_min'] / ours['wall_min']:.2f}"
    done = CliRunner().invoke(app, ["bench", "--show", "--out", str(out)])
    assert done.stdout.strip() == text
    assert isinstance(CliRunner().invoke(app, ["bench", "--show"]).exception, UsageError)


def test_half_the_layers_are_held_against_all_and_half_the_floor():
    job = {"kind": "length", "pattern": "lsg", "length": 64, "malloc": "tuned", "hidden": 32, "seed": 0, "body": 4}
    rest = {"threads": 1, "tokens": 64, "growth_bytes": 1e6, "cpu_min": 1, "cpu_median": 1, "wall_median": 1}
    times = {"hf": (12, 4, 2.0), "ours-half": (6, 2, 0.5), "floor": (12, 4, 0.25)}
    cells = [
        {**job, **rest, "machine": "m", "variant": name, "depth": depth, "layers": layers, "wall_min": wall}
        for name, (depth, layers, wall) in times.items()
    ]
    facts = {"processor": "P", "cores": 2, "extensions": [], "libc": "l", "torch": "t", "transformers": "t"}
    rows = [line.split(" | ") for line in markdown({"machines": {"m": facts}, "cells": cells}).splitlines()]
    (half,) = (row for row in rows if len(row) > 2 and row[1] == "ours, half the layers")
    assert half[2] == "2 x3"
    assert half[6] == "4.00"  # 6 s over 1.5 s
    assert half[7] == "4.00"  # 1.5 s over half of 0.75 s


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_subject_runs_and_outputs_agree(pattern, tmp_path):
    """In one process, through what a child does with the lines it reads; long enough for BigBird's blocks."""
    given = {**SMALL, "lengths": (768,), "patterns": (pattern,)}
    settings = BenchSettings(**given, documents=3, cap=1000, train_length=64)
    for group in groups(settings):
        kind = group.jobs[0]["kind"]
        for job in group.jobs:
            answers = []
            main({**job, "output": str(tmp_path / f"{job['variant']}.npy")}, ["\n", "\n"], answers.append)
            assert [set(answer) for answer in answers[1:]] == [
                {"growth_bytes", "attention", "tokens", "threads"}, {"wall", "cpu"},
            ]  # fmt: skip
            assert ("unpadded" in answers[1]["attention"]) == job["variant"].startswith("ours")
            assert ("int8" in answers[1]["attention"]) == ("int8" in job["variant"])
        for one, other in AGAINST[kind].items():
            a, b = (np.load(tmp_path / f"{name}.npy") for name in (one, other))
            if (pattern, one) != ("bigbird", "hf-padded"):  # whose last block lies elsewhere in a padded batch
                assert np.abs(a - b).max() < (0.1 if "int8" in one else 1e-5)


def test_documents_are_unequal_and_capped():
    lengths = document_lengths({"kind": "mixed", "seed": 0, "documents": 2000, "length": 4096})
    assert max(lengths) == 4096
    assert 850 < sorted(lengths)[1000] < 950
    assert 1100 < sum(lengths) / 2000 < 1280  # of this lognormal, cut at 4,096: 1,191
    sentences = document_lengths({"kind": "sentences", "seed": 0, "documents": 2000, "length": 128})
    assert sorted(sentences)[1000] == 11 and 11.5 < sum(sentences) / 2000 < 13
    job = {"kind": "mixed", "pattern": "longformer", "variant": "ours", "hidden": 32, "layers": 1, "dropout": 0.0}
    subject = make({**job, "seed": 0, "documents": 2, "length": 50})
    assert subject.tokens == sum(document_lengths({**job, "seed": 0, "documents": 2, "length": 50}))


def test_refusals(tmp_path):
    for words, message in (
        (["--patterns", "longfromer"], r"unknown pattern of the benchmark 'longfromer'; did you mean 'longformer'"),
        (["--kinds", "speed"], "unknown kind"),
        (["--malloc", "je"], "unknown malloc"),
        (["--layers", "13"], "give 1 to 12"),
        (["--hidden", "100"], "multiple of 32"),
        (["--lengths", "512,x"], "whole numbers above 0"),
    ):
        done = CliRunner().invoke(app, ["bench", *words])
        with pytest.raises(UsageError, match=message):
            raise done.exception
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"kind": "efficiency"}))
    with pytest.raises(GonerdError, match="field 'kind'"):
        read(other)


def test_a_process_that_fails_is_named():
    (group,) = groups(TINY)
    bad = replace(group, jobs=({**group.jobs[0], "layers": "many"},))
    with pytest.raises(GonerdError, match=r"train longformer hf at 64 tokens: .*Error: .* \(exit code 1\)"):
        measure(bad, 1, 1)
