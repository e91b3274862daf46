"""Splits drawn by document: disjoint, the same every time, in proportion, and never over what is scored."""

import json

import pytest

from gonerd import UsageError
from gonerd.evaluation.document_splits import DocumentSplit
from gonerd.evaluation.entries import Entry
from gonerd.evaluation.places import Place
from gonerd.evaluation.tasks import TASKS
from gonerd.evaluation.tuning import training_data
from tests.evaluation.running import write_cola


def place(folder, task="squad", **entry):
    return Place(task, TASKS.get(task), folder, Entry.model_validate({"split": "test", **entry}))


@pytest.fixture
def articles(tmp_path):
    """Twenty articles of three questions each."""
    lines = []
    for i in range(20):
        qas = [{"id": f"{i}-{j}", "question": "q", "answers": [{"text": "a", "answer_start": 0}]} for j in range(3)]
        lines.append(json.dumps({"title": f"t{i}", "context": "a b", "qas": qas}))
    (tmp_path / "squadshifts_x.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_parts_share_no_document_and_are_in_proportion(articles):
    told = {"of": "validation", "seed": 13, "train": 0.5, "validation": 0.1, "test": 0.25}
    found = {name: place(articles, split_by_document=told).load(name) for name in ("train", "validation", "test")}
    documents = {name: {example.document for example in loaded.examples} for name, loaded in found.items()}
    assert {name: len(held) for name, held in documents.items()} == {"train": 10, "validation": 2, "test": 5}
    assert len(set.union(*documents.values())) == 17
    for name, loaded in found.items():
        counts = loaded.counts()
        assert counts["read"] == 60 and sum(counts["set_aside"].values()) == 60 - 3 * len(documents[name])
        assert loaded.dataset["split"] == f"{name}: {told[name]:g} of the documents of validation, seed 13"
    again = place(articles, split_by_document=told).load("train")
    assert [e.id for e in again.examples] == [e.id for e in found["train"].examples]
    other = place(articles, split_by_document={**told, "seed": 14}).load("train")
    assert {e.document for e in other.examples} != documents["train"]


def test_a_limit_takes_examples_of_many_documents(articles):
    part = place(articles, split_by_document={"train": 1.0}).load("train", limit=10)
    assert len({example.document for example in part.examples}) > 4 and part.before_limit == 60


def test_splits_put_together_keep_their_ids_apart(tmp_path):
    """Both files of CoLA count from 0."""
    write_cola(tmp_path, count=10)
    drawn = {"of": ["train", "validation"], "train": 0.5, "test": 0.5}
    whole = place(tmp_path, "cola", split_by_document=drawn)
    found = [whole.load(name) for name in ("train", "test")]
    assert sorted(len(loaded.examples) for loaded in found) == [10, 10]
    assert {e.id.partition("/")[0] for loaded in found for e in loaded.examples} == {"train", "validation"}
    assert set(found[0].dataset["files"]) == {"train.tsv", "dev.tsv"}


DRAWN = {"of": ["train", "validation"], "test": 0.5}
MIXED = {  # a task's entry, and what may be in common; None where nothing is
    "drawn of what is scored": ({"split": "validation", "split_by_document": {"train": 0.5}}, "scored"),
    "scored of what is trained on": ({"split_by_document": DRAWN}, "scored"),
    "a range of what is trained on": ({"splits": {"test": "train[80%:]"}}, "scored"),
    "trained on all that is scored": ({"split": "validation", "splits": {"train": "validation"}}, "scored"),
    "ranges that meet": ({"splits": {"train": "validation[:80%]", "test": "validation[79%:]"}}, "scored"),
    "a share and a count": ({"splits": {"train": "validation[:80%]", "test": "validation[100:]"}}, "scored"),
    "one file twice": ({"files": {"train": "a.jsonl", "test": "a.jsonl"}}, "scored"),
    "chosen on what is scored": ({"held_out": "validation", "splits": {"test": "validation"}}, "held out"),
    "chosen on what is drawn": (
        {"held_out": "validation", "split_by_document": {"of": ["validation", "test"], "test": 1.0}},
        "held out",
    ),
    "chosen on what is trained on": ({"held_out": "validation", "splits": {"train": "validation"}}, "held out"),
    "shares of one draw": ({"split_by_document": {**DRAWN, "train": 0.5}}, None),
    "ranges that do not meet": ({"splits": {"train": "validation[:80%]", "test": "validation[80%:]"}}, None),
    "counts that do not meet": ({"splits": {"train": "validation[:80]", "test": "validation[80:90]"}}, None),
    "splits of their own": ({"held_out": "validation"}, None),
}


@pytest.mark.parametrize("name", MIXED)
def test_what_is_scored_is_not_trained_on(name, tmp_path):
    entry, role = MIXED[name]
    found = place(tmp_path, **entry)
    if role is None:
        found.check_apart()
        return
    with pytest.raises(UsageError, match=f"which is {role}, may hold examples of .*; make them shares of one"):
        training_data(found)


def test_an_epoch_is_not_chosen_on_what_is_scored(tmp_path):
    """Where nobody named what to choose on, and validation is drawn from, the last epoch stays."""
    drawn = {"of": ["validation", "test"], "test": 1.0}
    assert place(tmp_path, split_by_document=drawn).held_out() == "none"
    assert place(tmp_path).held_out() == "validation" and place(tmp_path, split="validation").held_out() == "none"
    assert place(tmp_path, splits={"train": "validation"}).held_out() == "none"
    with pytest.raises(UsageError, match="unknown split of task 'squad' 'other'"):
        place(tmp_path).load("other")


@pytest.mark.parametrize("told", [{}, {"train": 0.6, "test": 0.5}, {"train": 1, "colour": "red"}])
def test_impossible_shares(told):
    with pytest.raises(ValueError):
        DocumentSplit.model_validate(told)
