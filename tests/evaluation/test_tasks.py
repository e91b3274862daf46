"""Tasks read the files of their original distributions: tiny ones written for these tests, all facts invented."""

import dataclasses
import gzip
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gonerd import GonerdError, UsageError
from gonerd.cli import main
from gonerd.evaluation.metrics import METRICS, Spanned
from gonerd.evaluation.metrics.hotpotqa import Hop
from gonerd.evaluation.tasks import KINDS, TASKS, Hub, Tally
from gonerd.evaluation.tasks_table import tasks_markdown
from tools import schema, tasks

NAMES = (
    *("cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli", "squad", "squad_v2"),
    *("conll2003", "hotpotqa", "triviaqa_web", "triviaqa_wikipedia", "gonerd", "ner_folder"),
)


def write(path, text, packed=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    if packed:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(text.encode()))
    else:
        path.write_bytes(text.encode())
    return path


def load(name, folder, split=None, **options):
    return TASKS.get(name).load(split, folder, **options)


def golds(name, loaded):
    return [TASKS.get(name).gold(example) for example in loaded.examples]


def test_every_task_is_complete():
    assert set(NAMES) == set(TASKS.names())
    for name in NAMES:
        task = TASKS.get(name)
        assert task.name == name
        assert task.kind in KINDS
        assert task.group in ("short", "long-qa", "long-ner")
        assert task.default_split in task.splits
        assert set(task.headline) <= set(task.metrics)
        assert all(METRICS.get(metric).name == metric for metric in task.metrics)
        assert all(METRICS.get(metric).counts for metric in task.headline)
        assert task.version and task.licence and task.source
        if task.hub is not None and name != "conll2003":
            assert re.fullmatch("[0-9a-f]{40}", task.hub.revision)


def test_the_generated_documents_are_fresh():
    for tool, render in ((tasks, tasks_markdown), (schema, schema.schema_markdown)):
        assert tool.TARGET.read_text(encoding="utf-8") == render(), "run `make docs` and commit the result"


def test_the_table_of_the_command(capsys):
    assert main(["evaluate", "tasks"]) == 0
    out = capsys.readouterr().out
    assert all(re.search(rf"^{name} ", out, flags=re.MULTILINE) for name in NAMES)
    assert main(["evaluate", "tasks", "--markdown"]) == 0
    assert capsys.readouterr().out == tasks_markdown()


GLUE = {
    # file, its text, (id, text, pair, gold) of each example
    "cola": ("dev.tsv", 'x01\t1\t\tHe "slept.\nx01\t0\t*\tSlept he\t\n', [("0", 'He "slept.', None, 1)]),
    "sst2": (
        "dev.tsv",
        'sentence\tlabel\na "fine film \t1\ndull\t0\n',
        [("0", 'a "fine film ', None, 1), ("1", "dull", None, 0)],
    ),
    "mrpc": (
        "dev.tsv",
        '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t7\t8\tA "b.\tB a.\r\n',
        [("0", 'A "b.', "B a.", 1)],
    ),
    "qqp": (
        "dev.tsv",
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n41\t1\t2\tWhy?\tHow?\t0\n42\t3\tbroken\n",
        [("41", "Why?", "How?", 0)],
    ),
    "mnli": (
        "dev_matched.tsv",
        "index\tgenre\tsentence1\tsentence2\tlabel1\tgold_label\n0\tg\tP.\tH.\tneutral\tneutral\n1\tg\tP.\tH.\tneutral\t-\n",
        [("0", "P.", "H.", 1)],
    ),
    "qnli": ("dev.tsv", "index\tquestion\tsentence\tlabel\n5\tQ?\tS.\tnot_entailment\n", [("5", "Q?", "S.", 1)]),
    "rte": ("dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tentailment\n", [("0", "A.", "B.", 0)]),
    "wnli": ("dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\t1\n", [("0", "A.", "B.", 1)]),
    "stsb": (
        "dev.tsv",
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
        '3\tg\tf\ty\t9\ts\ts\tA "b\tC\t2.500\n',
        [("3", 'A "b', "C", 2.5)],
    ),
}
ASIDE = {"cola": {"too few columns": 1}, "qqp": {"too few columns": 1}, "mnli": {"no gold label": 1}}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", GLUE)
def test_glue_files(name, packed, tmp_path):
    file, text, expected = GLUE[name]
    write(tmp_path / "INNER" / file, text, packed)
    loaded = load(name, tmp_path)
    assert [(e.id, e.text, e.pair, e.gold) for e in loaded.examples] == expected
    assert loaded.tally.set_aside == ASIDE.get(name, {})
    assert loaded.tally.read == len(expected) + sum(ASIDE.get(name, {}).values())
    assert len(loaded.dataset["sha256"]) == 64
    assert list(loaded.dataset["files"]) == [f"{file}.gz" if packed else file]


def test_glue_test_files_have_no_gold(tmp_path):
    write(tmp_path / "test.tsv", "index\tsentence\n0\tHe slept.\n")
    assert golds("cola", load("cola", tmp_path, "test")) == [None]


def test_other_shapes_of_stsb(tmp_path):
    write(tmp_path / "sts-dev.csv", 'genre\tf\t2012\t0001\t4.2\tOne "two\tThree\nbroken\trow\n')
    loaded = load("stsb", tmp_path)
    assert [(e.text, e.pair, e.gold) for e in loaded.examples] == [('One "two', "Three", 4.2)]
    assert loaded.tally.set_aside == {"too few columns": 1}
    write(tmp_path / "commas" / "stsb-en-dev.csv", '"One, two",Three,4.2\n')
    loaded = load("stsb", tmp_path / "commas")
    assert [(e.text, e.pair, e.gold) for e in loaded.examples] == [("One, two", "Three", 4.2)]


def test_bad_glue_files_are_named(tmp_path):
    write(tmp_path / "a" / "dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tmaybe\n")
    with pytest.raises(GonerdError, match=r"dev\.tsv line 2: 'maybe' is no class of RTE"):
        load("rte", tmp_path / "a")
    with pytest.raises(GonerdError, match="no column 'question', so it is not a file of QNLI"):
        load("qnli", tmp_path / "a")
    write(tmp_path / "b" / "dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\t1\n0\tC.\tD.\t1\n")
    with pytest.raises(GonerdError, match="id '0' occurs twice"):
        load("rte", tmp_path / "b")
    write(tmp_path / "c" / "dev.tsv", "sentence1\tsentence2\tscore\na\tb\tnan\n")
    with pytest.raises(GonerdError, match="'nan' is no finite number"):
        load("stsb", tmp_path / "c")
    write(tmp_path / "d" / "other.tsv", "")
    with pytest.raises(GonerdError, match=r"no file for the split 'validation' of rte \(looked for dev\.tsv"):
        load("rte", tmp_path / "d")
    with pytest.raises(UsageError, match="did you mean 'validation'"):
        load("rte", tmp_path / "a", "validatoin")
    with pytest.raises(UsageError, match="unknown option of task 'rte' 'scheme'"):
        load("rte", tmp_path / "a", scheme="BIO")


SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "Wells",
            "paragraphs": [
                {
                    "context": "The well of Tarn is deep.",
                    "qas": [
                        {"id": "q1", "question": "Where?", "answers": [{"text": "Tarn", "answer_start": 12}]},
                        {"id": "q2", "question": "How?", "answers": [{"text": "deep", "answer_start": 3}]},
                        {"id": "q3", "question": "When?", "answers": [], "is_impossible": True},
                    ],
                }
            ],
        }
    ],
}


def test_squad_files(tmp_path):
    write(tmp_path / "dev-v2.0.json", json.dumps(SQUAD))
    loaded = load("squad_v2", tmp_path)
    assert [(e.id, e.document, e.answers, e.starts) for e in loaded.examples] == [
        ("q1", "Wells", ("Tarn",), (12,)),
        ("q2", "Wells", ("deep",), (-1,)),
        ("q3", "Wells", (), ()),
    ]
    assert loaded.tally.notes == {"answer not at its offset": 1}
    lines = [{"title": "Wells", **paragraph} for paragraph in SQUAD["data"][0]["paragraphs"]] * 2
    lines[1] = {"context": "x", "qas": [{"id": "q9", "question": "?", "answers": []}]}
    write(tmp_path / "squadshifts_tarn.jsonl", "\n".join(map(json.dumps, lines)))
    assert [e.id for e in load("squad", tmp_path).examples] == ["q1", "q2", "q3", "q9"]
    write(tmp_path / "bad" / "dev-v1.1.json", json.dumps({"data": [{"paragraphs": [{"context": 3, "qas": []}]}]}))
    with pytest.raises(GonerdError, match=r"article 0, paragraph 0: field 'context' must be of type str, found int"):
        load("squad", tmp_path / "bad")


HOTPOT = [
    {
        "_id": "h1",
        "question": "Which lake?",
        "answer": "Lake Orsa",
        "supporting_facts": [["Orsa", 1], ["Vale", 0], ["Gone", 7]],
        "context": [["Orsa", ["It is old.", " Lake Orsa is cold."]], ["Vale", ["A valley."]]],
    },
    {"_id": "h2", "question": "Is it?", "answer": "yes", "supporting_facts": [], "context": [["Orsa", ["Lake."]]]},
]


@pytest.mark.parametrize("lines", [False, True])
def test_hotpotqa_files(lines, tmp_path):
    name = "hotpot_dev_distractor_v1.json"
    write(
        tmp_path / (f"{name}l" if lines else name), "\n".join(map(json.dumps, HOTPOT)) if lines else json.dumps(HOTPOT)
    )
    loaded = load("hotpotqa", tmp_path)
    first, second = loaded.examples
    assert first.context == "Orsa\nIt is old. Lake Orsa is cold.\n\nVale\nA valley."
    assert [first.context[s.start : s.end] for s in first.sections] == [
        "It is old.",
        " Lake Orsa is cold.",
        "A valley.",
    ]
    assert [first.context[start : start + 9] for start in first.starts] == ["Lake Orsa"]
    assert golds("hotpotqa", loaded)[0] == Hop("Lake Orsa", frozenset({("Orsa", 1), ("Vale", 0), ("Gone", 7)}))
    assert second.answers == ("yes",)
    assert loaded.tally.notes == {"supporting fact without its sentence": 1}


def triviaqa(folder):
    answer = {"Value": "Mt. Ker", "Aliases": ["Mt. Ker", "Ker"], "NormalizedAliases": ["mt ker", "ker"]}
    question = {
        "QuestionId": "t1",
        "Question": "Which hill?",
        "Answer": {**answer, "HumanAnswers": ["The Ker!"]},
        "EntityPages": [{"Filename": "Ker.txt", "Title": "Ker"}],
        "SearchResults": [{"Filename": "1/1_2.txt"}, {"Filename": "../../secret.txt"}, {"Filename": "1/1_2.txt"}],
    }
    write(folder / "secret.txt", "not evidence")
    write(folder / "evidence" / "wikipedia" / "Ker.txt", "Ker is a hill.")
    write(folder / "evidence" / "web" / "1" / "1_2.txt", "Hills: Ker.")
    write(folder / "qa" / "web-dev.json", json.dumps({"Data": [question], "Domain": "Web", "VerifiedEval": False}))
    only = {key: value for key, value in question.items() if key != "SearchResults"}
    only["EntityPages"] = [*only["EntityPages"], {"Filename": "Lost.txt"}]
    gone = {**only, "QuestionId": "t2", "EntityPages": [{"Filename": "Lost.txt"}]}
    write(folder / "qa" / "wikipedia-dev.json", json.dumps({"Data": [only, gone], "Domain": "Wikipedia"}))


def test_triviaqa_layout(tmp_path):
    triviaqa(tmp_path)
    web = load("triviaqa_web", tmp_path)
    assert [(e.id, e.context, e.document) for e in web.examples] == [
        ("t1--Ker.txt", "Ker is a hill.", "t1"),
        ("t1--1/1_2.txt", "Hills: Ker.", "t1"),
    ]
    assert golds("triviaqa_web", web)[0] == ("mt ker", "ker", "ker")
    # What lies outside the evidence is not read, whatever a file name says.
    assert web.tally.set_aside == {"evidence file missing": 1}
    assert web.tally.notes == {"document named twice": 1}
    wiki = load("triviaqa_wikipedia", tmp_path)
    assert [(e.id, e.context) for e in wiki.examples] == [("t1", "Ker is a hill.")]
    assert wiki.tally.set_aside == {"no evidence at hand": 1}
    assert wiki.tally.notes == {"evidence file missing": 2}
    task, tally = TASKS.get("triviaqa_wikipedia"), Tally()
    references = task.references(tmp_path / "qa" / "wikipedia-dev.json", tally)
    assert {key: document for key, (document, _) in references.items()} == {"t1": "t1", "t2": "t2"}
    with pytest.raises(GonerdError, match="keep TriviaQA's layout"):
        list(task.examples(write(tmp_path / "else" / "qa" / "wikipedia-dev.json", "{}"), Tally()))


def test_the_verified_part_of_triviaqa(tmp_path):
    triviaqa(tmp_path)
    value = json.loads((tmp_path / "qa" / "web-dev.json").read_text())
    (question,) = value["Data"]
    question["QuestionPartOfVerifiedEval"] = True
    question["EntityPages"][0]["DocPartOfVerifiedEval"] = False
    question["SearchResults"] = [{"Filename": "1/1_2.txt", "DocPartOfVerifiedEval": True}]
    other = {**question, "QuestionId": "t9", "QuestionPartOfVerifiedEval": False}
    write(
        tmp_path / "qa" / "verified-web-dev.json",
        json.dumps({**value, "VerifiedEval": True, "Data": [question, other]}),
    )
    loaded = load("triviaqa_web", tmp_path, "verified")
    assert [e.id for e in loaded.examples] == ["t1--1/1_2.txt"]
    assert loaded.tally.notes == {
        "document not part of the verified set": 1,
        "question not part of the verified set": 1,
    }


CONLL = """-DOCSTART- -X- O O

Ann NNP I-NP I-PER
Bo NNP I-NP B-PER
met VBD I-VP O

Oslo NNP I-NP I-LOC

-DOCSTART- -X- O O

Zürich NNP I-NP I-LOC
AG NNP I-NP I-ORG
"""


def test_conll_2003_with_and_without_context(tmp_path):
    (tmp_path / "eng.testa").write_bytes(CONLL.encode("latin-1"))
    loaded = load("conll2003", tmp_path)
    first, second = loaded.examples
    assert first.text == "Ann Bo met\nOslo"
    assert [first.text[s.start : s.end] for s in first.spans] == ["Ann", "Bo", "Oslo"]
    assert first.sentences == (0, 3)
    assert first.tagged().sentences == (("B-PER", "B-PER", "O"), ("B-LOC",))
    assert second.tagged().words == (("Zürich", "AG"),)
    assert second.tagged().sentences == (("B-LOC", "B-ORG"),)
    alone = load("conll2003", tmp_path, context="sentence")
    assert [(e.id, e.document, e.text) for e in alone.examples] == [
        ("0.0", "0", "Ann Bo met"),
        ("0.1", "0", "Oslo"),
        ("1.0", "1", "Zürich AG"),
    ]
    with pytest.raises(UsageError, match="unknown context 'paragraph'"):
        load("conll2003", tmp_path, context="paragraph")
    with pytest.raises(UsageError, match="unknown tag scheme 'BIO2'"):
        load("conll2003", tmp_path, scheme="BIO2")


def test_a_scheme_that_is_not_the_files_is_refused(tmp_path):
    write(tmp_path / "test.conll", "Ann I-PER\n. O\n")
    with pytest.raises(GonerdError, match="this is IOB1 rather than BIO; pass --scheme IOB1"):
        load("ner_folder", tmp_path, "test")
    assert load("ner_folder", tmp_path, "test", scheme="IOB1").examples[0].tagged().sentences == (("B-PER", "O"),)
    write(tmp_path / "bad" / "test.conll", "Ann S-PER\n")
    with pytest.raises(GonerdError, match=r"test\.conll line 1: tag 'S-PER' .* does not belong to scheme BIO"):
        load("ner_folder", tmp_path / "bad", "test")
    write(tmp_path / "cut" / "test.conll", "Ann\n")
    with pytest.raises(GonerdError, match=r"test\.conll line 1: 'Ann' has no tag"):
        load("ner_folder", tmp_path / "cut", "test")


def test_tables_of_tokens(tmp_path):
    rows = [{"id": "r1", "tokens": ["Ann", "slept"], "ner_tags": ["B-PER", "O"]}]
    write(tmp_path / "train.jsonl", json.dumps(rows[0]))
    assert [(e.id, e.text) for e in load("ner_folder", tmp_path, "train").examples] == [("r1", "Ann slept")]
    features = {"ner_tags": {"_type": "List", "feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}}}
    table = pa.table({"id": ["r2"], "tokens": [["Bo", "ran"]], "ner_tags": [[1, 0]]})
    named = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(named, tmp_path / "validation-00000.parquet")
    loaded = load("ner_folder", tmp_path, "validation")
    assert loaded.examples[0].tagged().sentences == (("B-PER", "O"),)
    (tmp_path / "unnamed").mkdir()
    pq.write_table(table, tmp_path / "unnamed" / "test.parquet")
    with pytest.raises(GonerdError, match=r"test\.parquet row 0: nothing says what the tag 1 stands for"):
        load("ner_folder", tmp_path / "unnamed", "test")
    write(tmp_path / "unnamed" / "label_map.json", '{"0": "O", "1": "B-PER"}')
    assert load("ner_folder", tmp_path / "unnamed", "test").examples[0].spans[0].label == "PER"


def test_the_packaged_release():
    loaded = load("gonerd", None)
    assert (loaded.tally.read, len(loaded.examples)) == (4, 4)
    assert loaded.dataset["name"] == "gonerd"
    assert len(loaded.dataset["sha256"]) == 64
    example = loaded.examples[0]
    assert TASKS.get("gonerd").gold(example) == Spanned(tuple(s.key for s in example.spans), example.text)
    assert len(load("gonerd", None, limit=2).examples) == 2


@pytest.mark.parametrize("name", ["rte", "squad", "hotpotqa", "triviaqa_web", "triviaqa_wikipedia", "conll2003"])
def test_rows_of_the_hub_equal_the_files(name, tmp_path):
    """The same examples through `datasets`, from a folder in the hub's layout, have the same digest."""
    from datasets import Dataset, Features, List, Value
    from datasets.features import ClassLabel

    files = tmp_path / "files"
    if name == "rte":
        write(files / "dev.tsv", GLUE["rte"][1])
        rows = Dataset.from_list([{"sentence1": "A.", "sentence2": "B.", "label": 0, "idx": 0}])
    elif name == "squad":
        write(files / "dev-v1.1.json", json.dumps(SQUAD))
        (paragraph,) = SQUAD["data"][0]["paragraphs"]
        rows = Dataset.from_list(
            [
                {
                    "id": q["id"],
                    "title": "Wells",
                    "context": paragraph["context"],
                    "question": q["question"],
                    "answers": {key: [a[key] for a in q["answers"]] for key in ("text", "answer_start")},
                }
                for q in paragraph["qas"]
            ]
        )
    elif name == "hotpotqa":
        write(files / "hotpot_dev_distractor_v1.json", json.dumps(HOTPOT))
        rows = Dataset.from_list(
            [
                {
                    "id": r["_id"],
                    "question": r["question"],
                    "answer": r["answer"],
                    "context": dict(
                        zip(("title", "sentences"), map(list, zip(*r["context"], strict=True)), strict=True)
                    ),
                    "supporting_facts": {
                        "title": [title for title, _ in r["supporting_facts"]],
                        "sent_id": [index for _, index in r["supporting_facts"]],
                    },
                }
                for r in HOTPOT
            ]
        )
    elif name == "conll2003":
        write(files / "eng.testa", "Ann I-PER\nran O\n\nOslo I-LOC\n")
        names = ["O", "B-PER", "I-PER", "B-LOC"]
        features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))})
        rows = Dataset.from_dict({"tokens": [["Ann", "ran"], ["Oslo"]], "ner_tags": [[1, 0], [3]]}, features=features)
    else:
        triviaqa(files)
        searched = {"filename": ["1/1_2.txt"], "search_context": ["Hills: Ker."]}
        rows = Dataset.from_list(
            [
                {
                    "question_id": "t1",
                    "question": "Which hill?",
                    "answer": {"normalized_aliases": ["mt ker", "ker", "ker"]},
                    "entity_pages": {"filename": ["Ker.txt"], "wiki_context": ["Ker is a hill."]},
                    "search_results": searched,
                }
            ]
        )
    (tmp_path / "hub").mkdir()
    rows.to_parquet(tmp_path / "hub" / "validation.parquet")
    task = TASKS.get(name)
    there = dataclasses.replace(task, hub=Hub(str(tmp_path / "hub"))).load("validation")
    here = task.load("validation", files, **({"context": "sentence"} if name == "conll2003" else {}))
    if name == "conll2003":  # the hub's rows are numbered through, the file's within their document
        assert [e.tagged() for e in there.examples] == [e.tagged() for e in here.examples]
        return
    assert there.dataset["sha256"] == here.dataset["sha256"]
    assert there.examples == here.examples


def test_no_hub_is_one_sentence():
    with pytest.raises(
        GonerdError, match=r"nyu-mll/glue at '[0-9a-f]{40}' cannot be loaded from the hub \(.*--data-dir"
    ):
        TASKS.get("rte").load()
    with pytest.raises(UsageError, match="is not on the hub"):
        TASKS.get("ner_folder").load()
    with pytest.raises(UsageError, match="leave one of them out"):
        TASKS.get("rte").load(data_dir=".", revision="main")


def test_the_examples_command(tmp_path, capsys):
    write(tmp_path / "dev.tsv", GLUE["qqp"][1])
    assert main(["evaluate", "examples", "qqp", "--data-dir", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"] == {
        "read": 2,
        "set_aside": {"too few columns": 1},
        "notes": {},
        "before_limit": 1,
        "scored": 1,
    }
    assert main(["evaluate", "examples", "qqq", "--data-dir", str(tmp_path)]) == 2
    assert "did you mean 'qqp'" in capsys.readouterr().err
