"""Result files of every version load, and what does not follow the schema is named."""

import json

import pytest
from pydantic import BaseModel

from gonerd import GonerdError
from gonerd.cli import main
from gonerd.evaluation.environment import environment
from gonerd.evaluation.metrics import METRICS, Spanned
from gonerd.evaluation.run import RunSettings, evaluate_model
from gonerd.evaluation.schema import CURRENT, EfficiencyResult, ScoresResult, parse, read_result
from gonerd.evaluation.schema.table import schema_markdown
from gonerd.evaluation.schema.upgrades import UPGRADES
from gonerd.evaluation.tasks import TASKS
from gonerd.labels import BIO_TAGS

SHA = "0" * 64


def environ():
    return {**environment(model=False), "git": {"commit": "a" * 40, "dirty": False}}


def first_version(folder):
    """What version 1 wrote for the packaged release: half of the gold found, its predictions beside it."""
    examples = TASKS.get("gonerd").load("test").examples
    found = [list(example.spans[::2]) for example in examples]
    sides = [[Spanned(tuple(s.key for s in spans)) for spans in side] for side in ([e.spans for e in examples], found)]
    micro = METRICS.get("exact_spans").compute(*sides)
    scores = {"micro": micro, **micro.pop("labels")}
    value = {
        "kind": "scores",
        "model": "m",
        "model_path": "models/m",
        "weights_sha256": SHA,
        "layers": 4,
        "parameters": 100,
        "attention": "longformer/blocked-sdpa",
        "dtype": "torch.float32",
        "task": "gonerd",
        "task_version": "1",
        "data": "sample",
        "dataset": {"name": "gonerd", "version": "0.1.0", "files": {"README.md": {"sha256": SHA, "bytes": 1}}},
        "split": "test",
        "documents": len(examples),
        "documents_before_limit": len(examples),
        "max_length": 512,
        "stride": 64,
        "windows": 30,
        "words": 12146,
        "words_unseen": 0,
        "words_truncated": 0,
        "training": {"seed": 3, "epochs": 1.0},
        "scores": scores,
        "seqeval_strict": {"f1": 0.5, "precision": 0.5, "recall": 0.5, "seqeval": "1.2.2"},
        "environment": environ(),
    }
    folder.mkdir(exist_ok=True)
    path = folder / "m.gonerd.test.json"
    path.write_text(json.dumps(value))
    rows = [
        {"id": e.id, "spans": [{"start": s.start, "end": s.end, "label": s.label, "score": 0.5} for s in spans]}
        for e, spans in zip(examples, found, strict=True)
    ]
    (folder / "m.gonerd.test.predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path, value


def timed():
    cell = {
        **{"model": "m", "length": 512, "batch": 1, "seconds": 2.0, "quartiles": [1.5, 2.5], "repeats": 5},
        **{"tokens_per_second": 256.0, "peak_bytes": 30, "weight_bytes": 10, "growth_bytes": 20, "parameters": 2},
        **{"weights_sha256": SHA, "layers": 1, "attention": "sdpa", "dtype": "torch.float32", "device": "cpu"},
        **{"threads": 1, "allocator_keeps_memory": True},
    }
    return {"kind": "efficiency", "seed": 0, "cells": [cell], "environment": environ()}


def test_the_first_version_loads(tmp_path):
    path, value = first_version(tmp_path)
    result = read_result(path)
    assert isinstance(result, ScoresResult)
    assert result.schema_version == CURRENT
    assert result.score == value["scores"]["micro"]["f1"]
    assert (result.model.name, result.model.path, result.settings.seed) == ("m", "models/m", 3)
    assert (result.counts.words, result.counts.truncated, result.counts.read) == (12146, 0, None)
    assert result.metrics["exact_spans"]["labels"].keys() == value["scores"].keys() - {"micro"}
    times = parse(timed(), "times.json")
    assert isinstance(times, EfficiencyResult)
    assert times.cells[0].quartiles == (1.5, 2.5)


def test_what_loads_is_written_back_unchanged(tmp_path):
    for value in (read_result(first_version(tmp_path)[0]), parse(timed(), "times.json")):
        assert parse(json.loads(value.model_dump_json()), "again") == value


def test_what_the_runner_writes_loads(save_model, tmp_path, capsys):
    """A model that was never trained, over the beginning of the packaged release."""
    names = dict(enumerate(BIO_TAGS))
    model = save_model("bert", "token-classification", id2label=names, label2id={tag: i for i, tag in names.items()})
    evaluate_model(model, tmp_path / "results", settings=RunSettings(max_length=128, stride=16, batch_size=16, limit=1))
    assert main(["evaluate", "validate", str(tmp_path / "results")]) == 0
    assert "scores, schema 2, score of 1 examples computed again" in capsys.readouterr().out
    (path,) = (tmp_path / "results").glob("*.json")
    result = read_result(path)
    assert result.model.attention and result.model.weights_sha256
    assert (result.counts.before_limit, result.counts.scored, result.counts.truncated) == (4, 1, 0)


def test_every_version_has_its_upgrade():
    assert UPGRADES.names() == [f"from_{version}" for version in range(1, CURRENT)]


def test_the_command_checks_and_scores_again(tmp_path, capsys):
    path, value = first_version(tmp_path / "results")
    (tmp_path / "results" / "efficiency.json").write_text(json.dumps(timed()))
    assert main(["evaluate", "validate", str(tmp_path / "results")]) == 0
    out = capsys.readouterr().out
    assert "efficiency.json: efficiency, schema 1, reads as 2" in out
    assert "m.gonerd.test.json: scores, schema 1, reads as 2, score of 4 examples computed again" in out
    value["scores"]["micro"]["f1"] = 0.9
    path.write_text(json.dumps(value))
    assert main(["evaluate", "validate", str(tmp_path / "results")]) == 1
    out = capsys.readouterr()
    assert "metrics.exact_spans.f1 is 0.9, but the predictions beside it give 0." in out.out
    assert "1 of the files are not valid" in out.err


def test_results_of_the_first_version_compare(tmp_path, capsys):
    path, _ = first_version(tmp_path)
    assert main(["evaluate", "compare", str(path), str(path)]) == 0
    out = capsys.readouterr().out
    assert "kept        100.0%" in out
    assert "0 gained, 0 lost" in out


BROKEN = {
    "no JSON": ("{", "not valid JSON"),
    "no result": ("[]", "no result file (field 'kind'"),
    "a version to come": ('{"kind": "scores", "schema_version": 99}', "field 'schema_version' is 99"),
    "a part is missing": ('{"kind": "scores", "model": "m"}', "not a whole result of version 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_named(name, tmp_path):
    text, message = BROKEN[name]
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(GonerdError) as error:
        read_result(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)


CHANGES = {
    "an unknown field": (lambda v: v.update(colour="red"), "colour: Extra inputs"),
    "a hash that is none": (lambda v: v["model"].update(weights_sha256="x"), "model.weights_sha256"),
    "a score beyond 1": (lambda v: v.update(score=1.5), "score: "),
    "more scored than there are": (lambda v: v["counts"].update(scored=9), "counts: Value error, 9 scored, but 4"),
    "counts that do not add up": (lambda v: v["counts"].update(read=7), "counts: Value error, 7 read, but 4 kept"),
    "a commit that is none": (lambda v: v["environment"]["git"].update(commit="main"), "environment.git.commit"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_does_not_follow_the_schema_is_named(name, tmp_path):
    change, message = CHANGES[name]
    value = json.loads(read_result(first_version(tmp_path)[0]).model_dump_json())
    change(value)
    with pytest.raises(GonerdError, match=r"^r\.json: ") as error:
        parse(value, "r.json")
    assert message in str(error.value)


def test_times_are_checked_against_each_other():
    for field, wrong in (("peak_bytes", 31), ("seconds", 3.0)):
        value = timed()
        value["cells"][0][field] = wrong
        with pytest.raises(GonerdError, match=r"cells\.0: Value error"):
            parse({**value, "schema_version": 2}, "t.json")


def test_the_document_names_every_field():
    text = schema_markdown()

    def names(record):
        for name, field in record.model_fields.items():
            yield name
            for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    yield from names(part)

    for record in (ScoresResult, EfficiencyResult):
        assert all(f"{name}`" in text or f"{name}[]`" in text for name in names(record))
