"""What is written into model cards reads back through the hub's own library."""

import json

import pytest
import yaml
from huggingface_hub import ModelCard, metadata_load, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results

from gonerd.cli import main
from gonerd.evaluation.metrics.squad_v2 import Guess
from gonerd.evaluation.report.cards import write_cards
from tests.evaluation.report.conftest import classes, write_scores

COMMIT = "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"


def test_model_index_reads_back(results, tmp_path):
    (written,) = write_cards([results], tmp_path / "cards", ["small"])
    assert written.card == tmp_path / "cards" / "small" / "README.md"
    name, rows = model_index_to_eval_results(metadata_load(written.card)["model-index"])
    assert name == "small"
    by_metric = {(row.dataset_type, row.metric_name): row for row in rows}
    row = by_metric["nyu-mll/glue", "accuracy, accuracy"]
    assert (row.metric_type, row.metric_value, row.dataset_config) == ("accuracy", 0.85, "rte")
    assert (row.task_type, row.dataset_split) == ("text-classification", "validation")
    row = by_metric["made-up", "exact_spans, f1"]
    assert (row.task_type, row.metric_type, row.metric_value) == ("token-classification", "f1", pytest.approx(2 / 3))
    text = ModelCard.load(written.card).text
    assert "| accuracy, accuracy | 0.85 |" in text


def test_a_card_keeps_its_text_and_metadata(results, tmp_path):
    card = tmp_path / "models" / "small" / "README.md"
    card.parent.mkdir(parents=True)
    card.write_text("---\nlicense: mit\ntags:\n- mine\n---\n\n# My model\n\nBy hand.\n")
    write_cards([results], tmp_path / "models", ["small"])
    write_cards([results], tmp_path / "models", ["small"])  # replaces, and does not add
    found = ModelCard.load(card)
    assert "By hand." in found.text and "accuracy" not in found.text
    assert (found.data.license, found.data.tags) == ("mit", ["mine"])
    assert len(found.data.eval_results) == 3
    assert [path.name for path in card.parent.iterdir()] == ["README.md"]


def test_eval_results_of_whole_hub_splits(tmp_path, capsys):
    glue = {"name": "nyu-mll/glue", "config": "rte", "version": COMMIT}
    write_scores(tmp_path / "r", "m", "rte", classes({0}), dataset=glue)
    write_scores(tmp_path / "r", "m", "sst2", classes({0}), dataset=glue, counts={"before_limit": 99, "scored": 40})
    squad = [("q1", ("Tarn",), Guess("Tarn")), ("q2", (), Guess("x"))]
    write_scores(tmp_path / "r", "m", "squad_v2", squad)
    words = ["evaluate", "card", str(tmp_path / "r"), "--out", str(tmp_path / "c")]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "1 files in .eval_results" in said
    assert "sst2/validation has none there: only 40 of 99 examples were scored" in said
    assert "squad_v2/validation has none there: scored on local files" in said
    place = tmp_path / "c" / "m" / ".eval_results"
    assert [path.name for path in place.iterdir()] == ["rte-validation.yaml"]
    (entry,) = parse_eval_result_entries(yaml.safe_load((place / "rte-validation.yaml").read_text()))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("nyu-mll/glue", "rte", 97.5)
    assert entry.dataset_revision == COMMIT
    assert "validation, 40 examples" in entry.notes
    assert main([*words, "--local-files"]) == 0
    assert sorted(path.name for path in place.iterdir()) == ["rte-validation.yaml", "squad_v2-validation.yaml"]
    (row,) = yaml.safe_load((place / "squad_v2-validation.yaml").read_text())
    assert row["dataset"] == {"id": "rajpurkar/squad_v2", "task_id": "default"}


def test_names_cannot_leave_the_folder(tmp_path, capsys):
    write_scores(tmp_path / "r", "../../x", "rte", classes({0}))
    (written,) = write_cards([tmp_path / "r"], tmp_path / "c")
    assert written.card.resolve().is_relative_to(tmp_path / "c")
    write_scores(tmp_path / "r", "a b", "rte", classes({0}))
    write_scores(tmp_path / "q", "a-b", "rte", classes({0}))
    words = ["evaluate", "card", str(tmp_path / "r"), str(tmp_path / "q"), "--out", str(tmp_path / "d")]
    assert main(words) == 2
    assert "would share a folder" in capsys.readouterr().err
    assert main([*words, "--model", "b"]) == 2
    assert "unknown model 'b'" in capsys.readouterr().err


def test_a_broken_card_is_named_and_stays(results, tmp_path, capsys):
    card = tmp_path / "c" / "small" / "README.md"
    card.parent.mkdir(parents=True)
    card.write_text("---\n- a list\n---\n\ntext\n")
    assert main(["evaluate", "card", str(results), "--out", str(tmp_path / "c"), "--model", "small"]) == 1
    assert "README.md: its metadata are no YAML mapping" in capsys.readouterr().err
    assert card.read_text() == "---\n- a list\n---\n\ntext\n"


def test_partial_results_say_so(tmp_path):
    path = write_scores(tmp_path / "r", "m", "rte", classes({0}))
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "counts": {**value["counts"], "before_limit": 277}}))
    (written,) = write_cards([path], tmp_path / "c")
    (row,) = model_index_to_eval_results(metadata_load(written.card)["model-index"])[1]
    assert row.metric_name == "accuracy, accuracy (first 40 of 277 examples)"
