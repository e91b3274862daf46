"""Many cells: where their data lie, several at once, one that fails, what they would take."""

import json
import subprocess
import sys

import pytest

from gonerd import UsageError
from gonerd.cli import main
from gonerd.evaluation.finding import described, find_places
from gonerd.evaluation.matrix import Cell, as_json, from_json
from gonerd.evaluation.run import RunSettings
from gonerd.evaluation.schema import read_result
from gonerd.evaluation.tuning import training_data
from tests.evaluation.running import everything, save_headed, write_cola, write_ner, write_squad


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return everything(tmp_path_factory.mktemp("made"))


def layout(folder, text):
    path = folder / "data.yaml"
    path.write_text(text)
    return path


def test_cells_at_once_and_one_that_fails(made, tmp_path, capsys):
    """Two processes; the model whose classes are others is named at the end, and the rest is there."""
    other = save_headed(tmp_path / "other", "token-classification", ("O", "B-X"))
    tagger, place = made["ner_folder"]
    data = layout(tmp_path, f"tasks:\n  news: {{task: ner_folder, data_dir: {place.data_dir}, split: test}}\n")
    words = ["evaluate", "run", str(tagger), str(other), "--data", str(data), "--limit", "3"]
    words += ["--out", str(tmp_path / "out")]
    assert main([*words, "--jobs", "2"]) == 1
    said = capsys.readouterr()
    assert "m-ner_folder on news/test: score" in said.out
    assert "error: other.news.test: " in said.err and "its classes (X) are not those" in said.err
    assert said.err.rstrip().endswith("1 of 2 cells failed, as said above; the same command runs these again")
    result = read_result(tmp_path / "out" / "m-ner_folder.news.test.json")
    assert (result.task.name, result.task.entry, result.task.title) == ("ner_folder", "news", "news")
    assert main([*words[:3], *words[4:]]) == 0  # without it, in this very process: all is there
    assert main(["evaluate", "validate", str(tmp_path / "out")]) == 0


def test_a_cell_travels_to_another_process(made):
    cell = Cell("m", made["ner_folder"][1], RunSettings(limit=3, seed=4))
    assert from_json(json.loads(json.dumps(as_json(cell)))) == cell


def test_what_it_would_take(made, tmp_path, capsys):
    """Nothing is written, what is predicted already is not counted, and what has no head has to be trained."""
    bare = save_headed(tmp_path / "bare", "masked-lm")
    words = ["evaluate", "run", str(made["cola"][0]), "--task", "cola", "--data-dir", str(made["cola"][1].data_dir)]
    words += ["--max-length", "48", "--stride", "8", "--epochs", "1", "--out", str(tmp_path / "out")]
    assert main([*words, "--limit", "10"]) == 0
    capsys.readouterr()
    before = sorted(tmp_path.rglob("*"))
    assert main([*words[:3], str(bare), *words[3:], "--dry-run"]) == 0
    assert sorted(tmp_path.rglob("*")) == before
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("m-cola.cola.validation: 40 examples, 10 predicted already, about 30 windows")
    assert "fine-tuning 0.0 s" in first
    assert second.startswith("bare.cola.validation: 40 examples, 0 predicted already")
    assert "fine-tuning 0.0" not in second
    assert last.startswith("2 cells, about ")


def test_places_of_a_file(tmp_path):
    write_cola(tmp_path / "d" / "cola", count=10)
    write_ner(tmp_path / "d" / "ner", name="all.jsonl")
    path = layout(
        tmp_path,
        "data_root: d\ntasks:\n  cola: cola\n  gonerd:\n  news: {task: ner_folder, data_dir: ner, "
        'files: {validation: all.jsonl}, splits: {train: "validation[:75%]", test: "validation[75%:]"}, split: test}\n',
    )
    places = described(path)
    assert list(places) == ["cola", "gonerd", "news"]
    assert len(places["cola"].load().examples) == 10
    parts = [places["news"].load(split) for split in ("train", None)]
    assert [[e.id for e in part.examples] for part in parts] == [[f"d{i}" for i in range(9)], ["d9", "d10", "d11"]]
    counts = parts[1].counts()
    assert counts["read"] == 12 and counts["set_aside"] == {"outside validation[75%:]": 9}
    assert parts[0].dataset["sha256"] != parts[1].dataset["sha256"]
    assert [p.name for p in find_places([], data=str(path), split="validation")] == ["cola", "gonerd", "news"]


def test_places_below_a_root(tmp_path):
    write_cola(tmp_path / "glue" / "CoLA", count=5)
    write_squad(tmp_path / "qa")
    found = find_places(["cola", "squad", "gonerd"], data_root=tmp_path)
    assert [place.data_dir for place in found] == [tmp_path / "glue" / "CoLA", tmp_path / "qa", None]
    write_squad(tmp_path / "other")
    with pytest.raises(UsageError, match="could be it"):
        find_places(["squad"], data_root=tmp_path)
    with pytest.raises(UsageError, match="no folder bears its name"):
        find_places(["hotpotqa"], data_root=tmp_path)


WRONG = {
    "an unknown task": (["--task", "colla"], "unknown task 'colla'; did you mean 'cola'"),
    "an unknown key": (["--data", "{yaml}"], "tasks.cola.colour: Extra inputs"),
    "two sources": (["--data-dir", "x", "--data-root", "y"], "pass one of them"),
    "one folder for two": (["--tasks", "cola,rte", "--data-dir", "x"], "--data-dir is for a single task"),
    "a release of another": (["--task", "cola", "--data", "sample"], "only task 'gonerd' takes a release"),
    "a size that is none": (["--batch-size", "many"], "--batch-size 'many'"),
    "seeds that are none": (["--seeds", "1,1"], "give different whole numbers"),
    "an option of no task": (["--task", "cola", "--option", "scheme=BIO"], "unknown option 'scheme'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_words(name, made, tmp_path, capsys):
    words, message = WRONG[name]
    path = layout(tmp_path, "tasks:\n  cola: {data_dir: x, colour: red}\n")
    words = [word.format(yaml=path) for word in words]
    assert main(["evaluate", "run", str(made["cola"][0]), *words, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_two_processes_share_the_examples(made, tmp_path):
    """Under accelerate's launcher each predicts about half, and the predictions are those of one process."""
    model, place = made["ner_folder"]
    data = layout(tmp_path, f"tasks:\n  news: {{task: ner_folder, data_dir: {place.data_dir}, split: test}}\n")
    words = ["-m", "gonerd", "evaluate", "run", str(model), "--data", str(data), "--out"]
    launch = [sys.executable, "-P", "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0"]
    launch += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]  # what accelerate launch starts as well
    for command in ([*launch, *words, str(tmp_path / "two")], [sys.executable, "-P", *words, str(tmp_path / "one")]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("m-ner_folder on news/test: ") == 1
    parts = sorted((tmp_path / "two" / "cache").rglob("predictions-*.jsonl"))
    assert [len(part.read_text().splitlines()) for part in parts] == [6, 6]
    name = "m-ner_folder.news.test.predictions.jsonl"
    assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_types_that_a_limit_leaves_out_are_learnt(tmp_path):
    """The head has every type of the data, though the few training examples bear one."""
    rows = [{"tokens": ["the", "judge"], "tags": ["O", f"B-{label}"]} for label in ("PER", "LOC", "ORG")]
    for name, kept in (("train.jsonl", rows[:2]), ("test.jsonl", rows)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in kept))
    place = find_places(["ner_folder"], data_dir=tmp_path, split="test")[0]
    labels = training_data(place, limit=1).labels
    assert labels == ("O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER")
