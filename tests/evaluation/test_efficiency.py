"""Efficiency cells run real models in processes of their own."""

import json

import pytest

from gonerd import GonerdError, UsageError
from gonerd.evaluation.efficiency import measure_efficiency
from gonerd.models.conversion import convert
from gonerd.models.halving import halve
from gonerd.models.load import weights_sha256
from gonerd.models.save import save


@pytest.mark.slow
def test_cells_measure_what_was_asked(tiny_roberta, tmp_path):
    model, tokenizer = convert(tiny_roberta, max_length=512, window=32)
    save(model, tokenizer, tmp_path / "teacher", {})
    save(halve(model), tokenizer, tmp_path / "student", {})
    models = [tmp_path / "teacher", tmp_path / "student"]
    cells = measure_efficiency(models, tmp_path / "results", lengths=[64, 256], repeats=2)
    assert [(c["model"], c["length"], c["layers"]) for c in cells] == [
        ("teacher", 64, 4),
        ("student", 64, 2),
        ("teacher", 256, 4),
        ("student", 256, 2),
    ]
    for c in cells:
        assert 0 < c["seconds"] < 60
        assert c["quartiles"][0] <= c["seconds"] <= c["quartiles"][1]
        assert c["attention"] == "longformer/unpadded-flash-merge"
        assert c["peak_bytes"] == c["weight_bytes"] + c["growth_bytes"]
    counted = sum(p.numel() for p in model.parameters())
    assert cells[0]["parameters"] == counted
    assert cells[0]["weight_bytes"] >= 4 * counted
    written = json.loads((tmp_path / "results" / "efficiency.json").read_text())
    assert written["cells"] == cells
    assert cells[0]["weights_sha256"] == weights_sha256(model) != cells[1]["weights_sha256"]


@pytest.mark.slow
def test_a_failing_cell_says_which(tmp_path):
    with pytest.raises(GonerdError, match="nowhere at 64 tokens x 1"):
        measure_efficiency([tmp_path / "nowhere"], tmp_path / "results", lengths=[64])
    assert not (tmp_path / "results").exists()
    with pytest.raises(UsageError, match="bear the same name"):
        measure_efficiency([tmp_path / "a" / "x", tmp_path / "b" / "x"], tmp_path / "results")
