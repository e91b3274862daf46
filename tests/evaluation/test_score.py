"""Prediction files in the official formats, from the command line to the numbers."""

import json

import pytest

from gonerd.cli import main

SQUAD = {
    "data": [
        {
            "title": "Wells",
            "paragraphs": [
                {
                    "context": "Tarn is deep.",
                    "qas": [
                        {"id": "q1", "question": "?", "answers": [{"text": "Tarn", "answer_start": 0}]},
                        {"id": "q2", "question": "?", "answers": []},
                    ],
                }
            ],
        }
    ]
}
TRIVIA = {
    "Domain": "Web",
    "Data": [
        {
            "QuestionId": "t1",
            "Question": "?",
            "Answer": {"NormalizedAliases": ["mt ker", "ker"]},
            "SearchResults": [{"Filename": "a.txt"}, {"Filename": "b.txt"}],
        }
    ],
}
HOTPOT = [
    {
        "_id": "h1",
        "question": "?",
        "answer": "Lake Orsa",
        "supporting_facts": [["O", 0], ["V", 1]],
        "context": [["O", ["Lake Orsa."]], ["V", ["a", "b"]]],
    }
]
GOLD_JSONL = {"id": "d1", "text": "Ann met Bo.", "spans": [{"start": 0, "end": 3, "label": "PER"}]}
CONLL = "-DOCSTART- O\n\nAnn I-PER\nBo B-PER\n\nOslo I-LOC\n"
PREDICTED = "-DOCSTART- O\n\nAnn B-PER\nBo O\n\nOslo B-LOC\n"

CASES = {
    "classes by name": (
        "rte",
        ("dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n1\ta\tb\tnot_entailment\n"),
        ("RTE.tsv", "index\tprediction\n0\tentailment\n1\tentailment\n"),
        {"score": 0.5, "accuracy.accuracy": 0.5},
    ),
    "numbers": (
        "stsb",
        ("dev.tsv", "index\tsentence1\tsentence2\tscore\n0\ta\tb\t1\n1\ta\tb\t2\n2\ta\tb\t4\n"),
        ("STS-B.tsv", "index\tprediction\n2\t9\n0\t1.5\n1\t2.5\n"),
        {"spearman.spearman": 1.0},
    ),
    "SQuAD 1.1": (
        "squad",
        ("dev.json", json.dumps(SQUAD)),
        ("p.json", '{"q1": "the tarn", "q2": "x"}'),
        {"score": 0.5, "squad_v1.exact_match": 50, "squad_v1.f1": 50},
    ),
    "SQuAD 2.0": (
        "squad_v2",
        ("dev.json", json.dumps(SQUAD)),
        ("p.json", '{"q1": "tarn", "q2": ""}'),
        {"score": 1, "squad_v2.exact": 100, "squad_v2.NoAns_total": 1},
    ),
    "HotpotQA": (
        "hotpotqa",
        ("dev.json", json.dumps(HOTPOT)),
        ("p.json", '{"answer": {"h1": "lake"}, "sp": {"h1": [["O", 0]]}}'),
        {"hotpotqa.f1": 2 / 3, "hotpotqa.sp_recall": 0.5, "hotpotqa.joint_prec": 1, "hotpotqa.joint_recall": 0.25},
    ),
    "TriviaQA": (
        "triviaqa_web",
        ("web-dev.json", json.dumps(TRIVIA)),
        ("p.json", '{"t1--a.txt": "The Ker", "t1--b.txt": "no"}'),
        {"triviaqa.exact_match": 50},
    ),
    "CoNLL": (
        "conll2003",
        ("eng.testa", CONLL),
        ("p.conll", PREDICTED),
        {"exact_spans.recall": 2 / 3, "conlleval.accuracy": 200 / 3, "long_ner.f1": 0.8, "counts.scored": 1},
    ),
    "GONERD": (
        "gonerd",
        ("gold.jsonl", json.dumps(GOLD_JSONL)),
        ("p.jsonl", json.dumps({"id": "d1", "spans": [{"start": 0, "end": 3, "label": "PER", "score": 0.9}]})),
        {"score": 1, "exact_spans.f1": 1, "long_ner.f1": 1},
    ),
}


def written(folder, pair):
    path = folder / pair[0]
    path.write_text(pair[1], encoding="utf-8")
    return str(path)


def score(folder, task, references, predictions, *more):
    gold, guess = written(folder, references), written(folder, predictions)
    return main(["evaluate", "score", task, "--predictions", guess, "--references", gold, *more])


def at(value, place):
    for part in place.split("."):
        value = value["metrics"] if part in value.get("metrics", {}) and part not in value else value
        value = value["metrics"][part] if part not in value else value[part]
    return value


@pytest.mark.parametrize("name", CASES)
def test_official_files(name, tmp_path, capsys):
    task, references, predictions, expected = CASES[name]
    assert score(tmp_path, task, references, predictions, "--out", str(tmp_path / "r.json"), "--model", "m") == 0
    found = json.loads(capsys.readouterr().out)
    for place, value in expected.items():
        assert at(found, place) == pytest.approx(value), place
    # What was written says the same, and its score follows from the predictions beside it.
    assert main(["evaluate", "validate", str(tmp_path / "r.json")]) == 0
    assert "score of" in capsys.readouterr().out
    kept = json.loads((tmp_path / "r.json").read_text())
    assert (kept["metrics"], kept["score"], kept["model"]["name"]) == (found["metrics"], found["score"], "m")


REFUSED = {
    "ids without prediction": ("rte", 0, ("RTE.tsv", "0\tentailment\n"), 1, "lacks 1 id ('1') of", "pass --partial"),
    "unknown ids": ("rte", 0, ("p", "0\t1\n1\t1\n7\t1\n"), 1, "does not know 1 id ('7')", ""),
    "no such class": ("rte", 0, ("p", "0\tperhaps\n1\t1\n"), 1, "p line 1: 'perhaps' is no class of RTE", ""),
    "an id twice": ("rte", 0, ("p", "0\t1\n0\t1\n"), 1, "p line 2: id '0' occurs twice", ""),
    "NaN": ("stsb", 1, ("p", "0\tnan\n1\t2\n2\t2\n"), 1, "p line 1: 'nan' is no finite number", ""),
    "an answer that is no text": ("squad", 2, ("p", '{"q1": 3}'), 1, "the answer to 'q1' is int", ""),
    "other words": (
        "conll2003",
        6,
        ("p", PREDICTED.replace("Bo", "Bob")),
        1,
        "sentence 0, word 1: the references have 'Bo'",
        "",
    ),
    "a word cut off": (
        "conll2003",
        6,
        ("p", PREDICTED.replace("Bo O\n", "")),
        1,
        "2 words in the references, 1 in the predictions",
        "",
    ),
    "a sentence left out": (
        "conll2003",
        6,
        ("p", PREDICTED.replace("\nOslo B-LOC\n", "")),
        1,
        "no sentence may be left out",
        "",
    ),
    "IOB1 read as BIO": (
        "conll2003",
        6,
        ("p", CONLL.replace("B-PER", "I-PER")),
        1,
        "pass --predicted-scheme IOB1",
        "",
    ),
    "a span without label": (
        "gonerd",
        7,
        ("p", '{"id": "d1", "spans": [{"start": 1, "end": 2}]}'),
        1,
        "p line 1: a span needs",
        "",
    ),
    "no scores for answers": (
        "squad_v2",
        3,
        ("p", '{"q1": "a", "q2": ""}'),
        1,
        "no finite score for 'q1'",
        "",
        "--na-prob",
        "na",
    ),
    "an option of another task": (
        "rte",
        0,
        ("p", "0\t1\n1\t1\n"),
        2,
        "unknown option of task 'rte' 'scheme'",
        "",
        "--scheme",
        "BIO",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_one_sentence(name, tmp_path, capsys, monkeypatch):
    task, case, predictions, code, first, second, *more = REFUSED[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "na").write_text("{}")
    assert score(tmp_path, task, list(CASES.values())[case][1], predictions, *more) == code
    error = capsys.readouterr().err
    assert first in error and second in error
    assert len(error.splitlines()) == 1


def test_partial_predictions_count_as_the_official_scorers_do(tmp_path, capsys):
    _, references, _, _ = CASES["SQuAD 1.1"]
    assert score(tmp_path, "squad", references, ("p.json", '{"q1": "tarn", "other": "x"}'), "--partial") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["squad_v1"]["exact_match"] == 50
    assert (found["counts"]["missing"], found["counts"]["unknown"]) == (1, 1)
    assert score(tmp_path, "squad_v2", references, ("p.json", '{"q1": "tarn"}'), "--partial") == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["squad_v2"]["NoAns_exact"] == 0
    assert score(tmp_path, "hotpotqa", CASES["HotpotQA"][1], ("p.json", '{"answer": {}}'), "--partial") == 1
    assert "no prediction for any of the 1 ids" in capsys.readouterr().err
    # A class cannot be left out.
    assert score(tmp_path, "rte", CASES["classes by name"][1], ("p", "0\t1\n"), "--partial") == 2
    assert "every example needs a prediction" in capsys.readouterr().err


def test_no_answer_scores_and_their_threshold(tmp_path, capsys):
    (tmp_path / "na.json").write_text('{"q1": 0.1, "q2": 0.9}')
    references, predictions = ("dev.json", json.dumps(SQUAD)), ("p.json", '{"q1": "tarn", "q2": "deep"}')
    more = ["--na-prob", str(tmp_path / "na.json")]
    assert score(tmp_path, "squad_v2", references, predictions, *more) == 0
    found = json.loads(capsys.readouterr().out)["metrics"]["squad_v2"]
    assert (found["exact"], found["best_exact"], found["best_exact_thresh"]) == (50, 100, 0.1)
    assert score(tmp_path, "squad_v2", references, predictions, *more, "--option", "na_prob_thresh=0.5") == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["squad_v2"]["exact"] == 100


def test_references_without_gold_are_refused(tmp_path, capsys):
    assert score(tmp_path, "sst2", ("test.tsv", "index\tsentence\n0\tfine\n"), ("p", "0\t1\n")) == 1
    assert "1 id ('0') has no gold answer" in capsys.readouterr().err
