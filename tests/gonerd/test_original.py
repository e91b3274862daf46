"""The predecessor's files, in every layout they may come in, say the same in the columns of `documents`."""

import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from itertools import pairwise

import datasets
import huggingface_hub
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonerd import GonerdError, Span, UsageError, load_dataset
from gonerd.cli import main
from gonerd.dataset.original import files as original_files
from gonerd.dataset.original.documents import documents
from gonerd.dataset.original.files import REPOSITORY
from gonerd.dataset.original.tags import FOLD, TagReader
from gonerd.dataset.schema import features
from gonerd.labels import BIO_TAGS, CORE, spans_to_tags
from tests.hub import Hub, Repo

# Two sentences with a mention of two tokens, two mentions of one label that touch, and one at the very end.
SENTENCES = [["Ada", "Lovelace", "met", "Oslo", "Bergen", "."], ["She", "joined", "Acme"]]
MENTIONS = [[(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC")], [(2, 3, "ORG")]]
PAIRS = list(zip(SENTENCES, MENTIONS, strict=True))
TOKENS = [token for sentence in SENTENCES for token in sentence]
SPANS = [("Ada Lovelace", "PER"), ("Oslo", "LOC"), ("Bergen", "LOC"), ("Acme", "ORG")]
WORDS = {"PER": "PERSON", "LOC": "GPE", "ORG": "Organization", "MISC": "work_of_art"}
NUMBERS = ["O", *(f"{prefix}-{label}" for prefix in "BI" for label in CORE)]
JOINED = " ".join(TOKENS)


def tagged(sentence, found, scheme, names=None):
    """Writes mentions as tags, straight from the definition of each scheme."""
    tags = ["O"] * len(sentence)
    ends = {end: label for _, end, label in found}
    for start, end, label in found:
        for i in range(start, end):
            first, last, touches = i == start, i == end - 1, ends.get(start) == label
            prefix = {
                "BIO": "B" if first else "I",
                "IOB1": "B" if first and touches else "I",
                "BIOES": "S" if first and last else "B" if first else "E" if last else "I",
                "BILOU": "U" if first and last else "B" if first else "L" if last else "I",
            }[scheme]
            tags[i] = f"{prefix}-{(names or {}).get(label, label)}"
    return tags


def all_tags(scheme="BIO", names=None):
    return [tag for s, m in PAIRS for tag in tagged(s, m, scheme, names)]


def numbers(tags):
    return [NUMBERS.index(tag) for tag in tags]


def write(folder, rows, split="train", suffix=".jsonl"):
    folder.mkdir(parents=True, exist_ok=True)
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    (folder / f"{split}{suffix}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def sentence_rows(tokens, tags, key, **more):
    return [
        {key: name, "sent": i, tokens: s, tags: tagged(s, m, "BIO"), **more}
        for name in ("a", "b")
        for i, (s, m) in enumerate(PAIRS)
    ]


ONE, TWO, WHOLE = ["original-train-0"], ["a", "b"], "the whole text beside each sentence"
LAYOUTS = {
    "tokens, ner_tags": (["7"], [{"id": 7, "tokens": TOKENS, "ner_tags": all_tags()}]),
    "words, labels in IOB1": (ONE, [{"words": TOKENS, "labels": all_tags("IOB1")}]),
    "text as a list, tags in BIOES": (["x"], [{"guid": "x", "text": TOKENS, "tags": all_tags("BIOES")}]),
    "long names in BILOU": (ONE, [{"Tokens": TOKENS, "NER": all_tags("BILOU", WORDS), "POS": TOKENS}]),
    "numbers": (ONE, [{"tokens": TOKENS, "ner_tags": numbers(all_tags())}]),
    "written numbers": (ONE, [{"tokens": TOKENS, "ner_tags": " ".join(map(str, numbers(all_tags())))}]),
    "numbers and tags": (ONE, [{"tokens": TOKENS, "ner_tags": numbers(all_tags()), "ner_labels": all_tags()}]),
    "parts of speech beside them": (ONE, [{"tokens": TOKENS, "tags": ["NN"] * len(TOKENS), "ner": all_tags()}]),
    "parts of speech beside numbers": (
        ONE,
        [{"tokens": TOKENS, "tags": ["NN"] * len(TOKENS), "ner_tags": numbers(all_tags())}],
    ),
    "a text column": (ONE, [{"text": JOINED, "tokens": TOKENS, "entities": all_tags()}]),
    "a text column of other tokens": (ONE, [{"text": JOINED + "!", "tokens": TOKENS, "tag": all_tags()}]),
    "strings to split": (ONE, [{"sentence": JOINED, "labels": " ".join(all_tags())}]),
    "text and a list of tags": (["x"], [{"doc_id": "x", "text": JOINED, "labels": all_tags()}]),
    "sentences in a row": (ONE, [{"sentences": SENTENCES, "ner": [tagged(*pair, "BIO") for pair in PAIRS]}]),
    "a row a sentence": (TWO, sentence_rows("tokens", "ner_tags", "doc_id", id="same")),
    "a row a sentence, by id": (TWO, sentence_rows("words", "tags", "id")),
    WHOLE: (TWO, sentence_rows("tokens", "ner_tags", "doc_id", text=JOINED)),
    "rows without tokens": (
        ONE,
        [{"tokens": [], "bio": []}, {"tokens": TOKENS, "bio": all_tags()}, {"tokens": [], "bio": []}],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("streaming", [False, True])
def test_layouts_say_the_same(tmp_path, layout, streaming):
    ids, rows = LAYOUTS[layout]
    if "number" in layout:
        (tmp_path / "label_map.json").write_text(json.dumps({str(i): tag for i, tag in enumerate(NUMBERS)}))
    loaded = load_dataset("original", data_dir=write(tmp_path, rows), split="train", streaming=streaming)
    assert loaded.features == features()
    assert [row["id"] for row in loaded] == ids
    for row in loaded:
        assert row["text"] == JOINED and row["tokens"] == TOKENS
        assert [row["text"][s : s + len(t)] for s, t in zip(row["token_starts"], TOKENS, strict=True)] == TOKENS
        assert [(row["text"][s["start"] : s["end"]], s["label"]) for s in row["spans"]] == SPANS
        assert [BIO_TAGS[tag] for tag in row["ner_tags"]] == all_tags()
        split_up = layout in ("sentences in a row", "a row a sentence", "a row a sentence, by id", WHOLE)
        assert row["sentence_starts"] == ([0, JOINED.index("She")] if split_up else [0])
        assert row["text_sha256"] == row["source_sha256"] == hashlib.sha256(JOINED.encode()).hexdigest()
        assert (row["domain"], row["license"], row["source"]) == ("other", "unknown", REPOSITORY)


def read(folder, rows, tags=None, fold=None):
    return list(documents(write(folder, rows) / "train.jsonl", "train", REPOSITORY, TagReader(tags, fold)))


def test_the_files_own_text_is_kept_with_its_white_space(tmp_path):
    text = "  Ada\tLovelace met\r\nOslo Bergen.\n"
    more = {
        "url": "http://a.example/",
        "headline": "H",
        "language": "de",
        "date": "2021-02-03T04:05",
        "publisher": "P",
        "domain": "Legal",
    }
    rows = [{"doc_id": 1, "tokens": s, "tags": tagged(s, m, "BIO"), **more} for s, m in PAIRS]
    rows[0]["text"] = text
    (row,) = read(tmp_path, rows)
    assert row["text"] == text.replace("\r\n", "\n") + " She joined Acme"
    assert [row["text"][s["start"] : s["end"]] for s in row["spans"]] == ["Ada\tLovelace", "Oslo", "Bergen", "Acme"]
    assert row["sentence_starts"] == [2, row["text"].index("She")]
    assert (row["url"], row["title"], row["published"]) == ("http://a.example/", "H", "2021-02-03")
    assert (row["source"], row["domain"], row["language"]) == ("P", "legal", "de")


@pytest.mark.parametrize(
    ("stated", "code"),
    [({}, None), ({"language": "EN"}, "en"), ({"lang": "pt-BR"}, "pt"), ({"language": "English"}, None)],
)
def test_a_language_is_a_code_or_nothing(tmp_path, stated, code):
    (row,) = read(tmp_path, [{**TAGGED, **stated}])
    assert row["language"] == code


def test_tokens_come_out_in_nfc_and_empty_ones_are_left_out(tmp_path):
    tokens = ["Zoe\u0308", "", "\u0308x", "\u200d", "😀", "שלום", "a b"]
    (row,) = read(tmp_path, [{"tokens": tokens, "tags": ["B-PER", "O", "I-PER", "O", "B-ORG", "I-ORG", "B-LOC"]}])
    assert row["tokens"] == [unicodedata.normalize("NFC", token) for token in tokens if token]
    assert unicodedata.is_normalized("NFC", row["text"])
    spans = [(row["text"][s["start"] : s["end"]], s["label"]) for s in row["spans"]]
    # The empty token is outside, so what follows it begins a mention.
    assert spans == [("Zoë", "PER"), ("\u0308x", "PER"), ("😀 שלום", "ORG"), ("a b", "LOC")]


def test_labels_fold_by_the_map_alone(tmp_path):
    labels = [*FOLD, "person", "Work_Of_Art"]
    (row,) = read(tmp_path, [{"tokens": labels, "tags": [f"B-{label}" for label in labels]}])
    folded = {row["text"][s["start"] : s["end"]]: s["label"] for s in row["spans"]}
    assert folded == {label: FOLD[label.upper()] for label in labels if FOLD[label.upper()]}
    assert set(folded.values()) == set(CORE) and FOLD["LAW"] == FOLD["NORP"] == "MISC" and FOLD["DATE"] is None
    rows = [{"tokens": ["a", "b"], "tags": ["B-docket", "B-PER"]}]
    with pytest.raises(
        GonerdError, match=r"train.jsonl line 1: field 'tags': no core label is known for 'docket'; pass"
    ):
        read(tmp_path, rows)
    assert [s["label"] for s in read(tmp_path, rows, fold={"Docket": "MISC"})[0]["spans"]] == ["MISC", "PER"]
    assert [s["label"] for s in read(tmp_path, rows, fold={"DOCKET": None, "PER": "ORG"})[0]["spans"]] == ["ORG"]
    with pytest.raises(UsageError, match="unknown core label 'MISK'; did you mean 'MISC'"):
        load_dataset("original", data_dir=tmp_path, fold={"DOCKET": "MISK"})


def test_bare_labels_and_a_change_of_label_make_mentions(tmp_path):
    (row,) = read(tmp_path, [{"tokens": list("abcdef"), "tags": ["PER", "PER", "O", "I-LOC", "I-ORG", "I-ORG"]}])
    assert [(s["start"], s["end"], s["label"]) for s in row["spans"]] == [(0, 3, "PER"), (6, 7, "LOC"), (8, 11, "ORG")]


@st.composite
def annotated(draw):
    """Tokens and mentions that do not overlap; a token may be any text that is more than white space."""
    characters = st.characters(codec="utf-8", exclude_categories=("Cs",))
    tokens = draw(st.lists(st.text(characters, min_size=1, max_size=4).filter(str.strip), min_size=1, max_size=12))
    borders = sorted(draw(st.sets(st.integers(0, len(tokens)), max_size=8)))
    return tokens, [(a, b, draw(st.sampled_from(CORE))) for a, b in pairwise(borders) if draw(st.booleans())]


@settings(max_examples=60)
@given(
    annotated(), st.sampled_from(["BIO", "IOB1", "BIOES", "BILOU", "numbers"]), st.sampled_from(["", "joined", "glued"])
)
def test_tags_to_spans_to_tags(tmp_path_factory, sample, scheme, texts):
    tokens, found = sample
    bio = tagged(tokens, found, "BIO")
    row = {"tokens": tokens, "ner_tags": numbers(bio) if scheme == "numbers" else tagged(tokens, found, scheme)}
    if texts:
        row["text"] = (" \n " if texts == "joined" else "").join(tokens)
    (document,) = read(tmp_path_factory.mktemp("round"), [row], dict(enumerate(NUMBERS)))
    text, normal = document["text"], document["tokens"]
    assert normal == [unicodedata.normalize("NFC", t.replace("\r\n", "\n").replace("\r", "\n")) for t in tokens]
    offsets = [(start, start + len(t)) for start, t in zip(document["token_starts"], normal, strict=True)]
    assert [text[a:b] for a, b in offsets] == normal
    if not texts:
        assert text == " ".join(normal)
    expected = [(offsets[a][0], offsets[b - 1][1], label) for a, b, label in found]
    assert [(s["start"], s["end"], s["label"]) for s in document["spans"]] == expected
    spans = [Span(**span) for span in document["spans"]]
    assert spans_to_tags(spans, offsets) == [BIO_TAGS[tag] for tag in document["ner_tags"]] == bio


TAGGED = {"tokens": TOKENS, "ner_tags": all_tags()}
GOOD = json.dumps(TAGGED)
NUMBERED = {"tokens": TOKENS, "ner_tags": numbers(all_tags())}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([GOOD, "", "{"], "line 3: not valid JSON"),
        ([GOOD, "[1]"], "line 2: expected an object with tokens and tags, found list"),
        ([GOOD, '{"tokens": ["a"]}'], "line 2: field 'ner_tags' is missing"),
        ([GOOD, {"tokens": ["a", "b"], "ner_tags": ["O"]}], "line 2: 2 tokens in 'tokens' but 1 tags in 'ner_tags'"),
        ([{"tokens": ["a", "b"], "ner_tags": ["O"]}], "line 1: 2 tokens in 'tokens' but 1 tags in 'ner_tags'"),
        ([GOOD, {"tokens": None, "ner_tags": ["O"]}], "line 2: field 'tokens' must be a list"),
        ([GOOD, {"tokens": [3], "ner_tags": ["O"]}], "line 2: field 'tokens': 3 is not a string"),
        ([GOOD, {"tokens": ["a"], "ner_tags": [None]}], "line 2: field 'ner_tags': null is neither a string nor"),
        ([GOOD, {"tokens": ["a"], "ner_tags": [True]}], "line 2: field 'ner_tags': true is neither"),
        ([GOOD, {"tokens": ["a"], "ner_tags": [{"start": 0}]}], "line 2: field 'ner_tags': .* is neither"),
        ([GOOD, {"tokens": ["a", ""], "ner_tags": ["O", "B-PER"]}], "line 2: field 'tokens': an empty token has the"),
        ([GOOD, {"tokens": ["a"], "ner_tags": ["-PER"]}], "line 2: field 'ner_tags': tag '-PER' is neither 'O' nor"),
        ([GOOD, {"tokens": ["a"], "ner_tags": ["O-PER"]}], "line 2: field 'ner_tags': tag 'O-PER' is neither 'O' nor"),
        (
            [GOOD, {"tokens": ["a"], "ner_tags": ["BI-PER"]}],
            "line 2: field 'ner_tags': tag 'BI-PER' is neither 'O' nor",
        ),
        ([GOOD, {"tokens": ["a"], "ner_tags": ["B-"]}], "line 2: field 'ner_tags': tag 'B-' is neither 'O' nor"),
        ([GOOD, {"tokens": ["a", "b"], "ner_tags": ["S-PER", "U-PER"]}], "no scheme has the prefixes 'S', 'U'; use"),
        ([GOOD, {"tokens": ["\ud83d"], "ner_tags": ["O"]}], "line 2: field 'tokens' holds half a surrogate pair"),
        ([GOOD, {**TAGGED, "title": "\ud83d"}], "line 2: field 'title' holds half a surrogate pair"),
        ([{"id": 1, **TAGGED}, {"id": "x\udc00", **TAGGED}], "line 2: field 'id' holds half a surrogate pair"),
        (
            [{"tokens": ["a"], "labels": ["O"], "tags": ["O"]}],
            "line 1: fields 'tags' and 'labels' could both be the entity tags; leave one, or name it 'ner_tags'",
        ),
        (
            [{"tokens": ["Ada", "met"], "tags": ["NNP", "VBD"]}],
            "line 1: field 'tags': 'NNP' is a part of speech, not a kind of entity; name the column .* 'ner_tags'",
        ),
        ([{"words": TOKENS, "pos": TOKENS}], "line 1: no columns of tokens and of tags among 'words', 'pos'; name"),
        (["{}"], "line 1: no columns of tokens and of tags among none; name them 'tokens' and 'ner_tags'"),
        ([NUMBERED], "line 1: field 'ner_tags': the tags are numbers and nothing says .* label_map.json .* labels="),
        ([{"id": 1, **TAGGED}, {"id": 2, **TAGGED}, {"id": 1, **TAGGED}], "line 3: document '1' has been before"),
        ([{"id": 1, **TAGGED}, {"id": None, **TAGGED}], "line 2: field 'id' must be a string or a whole number"),
    ],
)
def test_what_cannot_be_understood_names_file_and_line(tmp_path, rows, message):
    folder = write(tmp_path, rows, "valid")
    with pytest.raises(GonerdError, match=rf"valid\.jsonl .*{message}") as caught:
        load_dataset("original", data_dir=folder)
    assert "\n" not in str(caught.value)
    with pytest.raises(GonerdError, match=message):
        list(load_dataset("original", data_dir=folder, split="validation", streaming=True))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.json", NUMBERS),
        ("id2label.json", dict(enumerate(NUMBERS))),
        ("label2id.json", {tag: i for i, tag in enumerate(NUMBERS)}),
        ("Label-List.json", {"names": NUMBERS}),
        ("label_map.json", {"id2label": dict(enumerate(NUMBERS)), "label2id": {}}),
    ],
)
def test_numbers_stand_for_what_a_file_beside_them_says(tmp_path, name, content):
    write(tmp_path, [NUMBERED])
    (tmp_path / name).write_text(json.dumps(content))
    assert load_dataset("original", data_dir=tmp_path)["train"][0]["ner_tags"] == [
        BIO_TAGS.index(t) for t in all_tags()
    ]


def test_numbers_stand_for_what_the_caller_says(tmp_path):
    write(tmp_path, [NUMBERED])
    for labels in (NUMBERS, tuple(NUMBERS), dict(enumerate(NUMBERS))):
        (row,) = load_dataset("original", data_dir=tmp_path, split="train", labels=labels)
        assert [BIO_TAGS[tag] for tag in row["ner_tags"]] == all_tags()
    with pytest.raises(GonerdError, match="line 1: field 'ner_tags': 5 is none of the 2 numbers with a label"):
        load_dataset("original", data_dir=tmp_path, labels=["O", "B-PER"])
    for wrong in ("O", [], ["O", 3], {"a": "O"}, {"O": 0, "B-PER": 0}):
        with pytest.raises(UsageError, match="labels: does not say what numbers stand for; write"):
            load_dataset("original", data_dir=tmp_path, labels=wrong)
    (tmp_path / "labels.json").write_text("[")
    with pytest.raises(GonerdError, match=r"labels\.json: not valid JSON"):
        load_dataset("original", data_dir=tmp_path)
    (tmp_path / "labels.json").write_text('["O"]')
    (tmp_path / "id2label.json").write_text('["O", "B-PER"]')
    with pytest.raises(GonerdError, match=r"id2label\.json, labels\.json name the numbers differently; keep one"):
        load_dataset("original", data_dir=tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        {"train": "train", "validation": "val", "test": "test"},
        {"train": "GONERD-training_v2", "validation": "gonerd.dev", "test": "testing"},
        {"train": "train/data", "validation": "valid/data", "test": "test/data"},
        {"train": "data/train", "validation": "data/development", "test": "data/test"},
    ],
)
def test_split_files_are_found_by_name(tmp_path, names):
    for split, name in names.items():
        path = tmp_path / f"{name}.jsonl"
        write(path.parent, [{"id": split, **TAGGED}], path.stem)
    (tmp_path / "contest.jsonl").write_text("not a split")
    loaded = load_dataset("original", data_dir=tmp_path)
    assert {split: rows["id"][:] for split, rows in loaded.items()} == {split: [split] for split in names}
    assert all(str(rows.split) == split for split, rows in loaded.items())
    streamed = load_dataset("original", data_dir=str(tmp_path), streaming=True)
    assert {split: [row["id"] for row in rows] for split, rows in streamed.items()} == {s: [s] for s in names}
    path = tmp_path / f"{names['test']}.jsonl"
    assert list(loaded["test"].info.download_checksums.values()) == [
        {"num_bytes": path.stat().st_size, "checksum": hashlib.sha256(path.read_bytes()).hexdigest()}
    ]


def test_parts_of_splits_and_splits_that_are_not_there(tmp_path):
    write(tmp_path, [{"id": i, **TAGGED} for i in range(600)])
    write(tmp_path, [{"id": "t", **TAGGED}], "test")
    assert load_dataset("original", data_dir=tmp_path, split="train[:1%]+test")["id"][:] == [*map(str, range(6)), "t"]
    assert list(load_dataset("original", data_dir=tmp_path)) == ["train", "test"]
    assert load_dataset("original", data_dir=tmp_path, split="train")["id"][:] == [str(i) for i in range(600)]
    whole = load_dataset("original", data_dir=tmp_path, split="all")
    assert whole["id"][:] == [*map(str, range(600)), "t"]
    for streaming in (False, True):
        rows = load_dataset("original", data_dir=tmp_path, split=datasets.Split.TEST, streaming=streaming)
        assert [row["id"] for row in rows] == ["t"]
    for split in ("validation", "train["):
        with pytest.raises(UsageError, match=re.escape(f"split {split!r}")):
            load_dataset("original", data_dir=tmp_path, split=split)
    with pytest.raises(UsageError, match="unknown split 'tran'; did you mean 'train'"):
        load_dataset("original", data_dir=tmp_path, split="tran", streaming=True)


def test_folders_that_do_not_do(tmp_path):
    with pytest.raises(GonerdError, match="nowhere: no such folder"):
        load_dataset("original", data_dir=tmp_path / "nowhere")
    with pytest.raises(GonerdError, match="holds no train, validation or test file"):
        load_dataset("original", data_dir=tmp_path)
    write(tmp_path, [TAGGED], "dev")
    write(tmp_path, [TAGGED], "val")
    with pytest.raises(GonerdError, match=r"both dev\.jsonl and val\.jsonl would be the split 'validation'; keep one"):
        load_dataset("original", data_dir=tmp_path)
    with pytest.raises(GonerdError, match="~no-such-user: no such folder"):
        load_dataset("original", data_dir="~no-such-user")
    with pytest.raises(UsageError, match="leave out either data_dir or revision"):
        load_dataset("original", data_dir=tmp_path, revision="main")


def test_without_a_pinned_revision_one_must_be_named(monkeypatch):
    monkeypatch.setattr(original_files, "REVISION", None)
    with pytest.raises(UsageError, match=r"no revision of giant-oak/GONERD is pinned; pass revision="):
        load_dataset("original")


def test_a_hub_out_of_reach_is_one_sentence():
    for revision in ("main", "0" * 40):
        with pytest.raises(GonerdError, match=r"cannot be fetched from the hub .*data_dir=") as caught:
            load_dataset("original", revision=revision)
        assert "\n" not in str(caught.value)


@pytest.fixture
def hub():
    with Hub() as server:
        repo = server.repos[REPOSITORY] = Repo()
        for more in (0, 1):
            rows = {"train": 3 + more, "val": 2, "test": 1}
            repo.commit({f"{split}.jsonl": f"{GOOD}\n".encode() * count for split, count in rows.items()}, "files")
        yield server


def test_one_commit_of_the_hub_is_read_and_recorded(hub, tmp_path):
    first, main = hub.repos[REPOSITORY].commits
    code = """
import gonerd, json
for revision in {}:
    loaded = gonerd.load_dataset("original", revision=revision)
    print(json.dumps([{{name: rows.num_rows for name, rows in loaded.items()}}, loaded["test"].info.description]))
"""
    for revisions, offline in (["main", first], "0"), ([first, main], "1"):
        own = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": offline}
        done = subprocess.run(
            [sys.executable, "-P", "-c", code.format(revisions)],
            cwd=tmp_path,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        read = [json.loads(line) for line in done.stdout.splitlines()]
        commits = [{"main": main}.get(revision, revision) for revision in revisions]
        assert [description for _, description in read] == [f"{REPOSITORY} at commit {commit}" for commit in commits]
        assert [sizes["train"] for sizes, _ in read] == [{first: 3, main: 4}[commit] for commit in commits]
        assert all(list(sizes) == ["train", "validation", "test"] for sizes, _ in read)
    asked = [path for _, path in hub.asked if "/resolve/" in path]
    assert asked and not [path for path in asked if first not in path and main not in path]


def test_a_part_of_the_files_is_not_the_dataset(tmp_path, monkeypatch):
    write(tmp_path, [TAGGED])
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *args, **kwargs: str(tmp_path))
    with pytest.raises(GonerdError, match=f"{REPOSITORY} at commit 1+: only train found among its files"):
        load_dataset("original", revision="1" * 40)


def test_the_command_line_shows_and_exports_it(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "files", [{"id": "a", **TAGGED}])
    assert main(["dataset", "show", "original", "--data-dir", "files"]) == 0
    assert "train: 1 documents" in capsys.readouterr().out
    assert main(["dataset", "export", "original", "--data-dir", "files", "--out", "out"]) == 0
    exported = json.loads((tmp_path / "out" / "train.jsonl").read_text())
    assert [(exported["text"][s["start"] : s["end"]], s["label"]) for s in exported["spans"]] == SPANS
    for command in (["show", "original"], ["export", "original", "--out", "other"]):
        assert main(["dataset", *command, "--data-dir", "files", "--revision", "main"]) == 2
        assert "leave out either data_dir or revision" in capsys.readouterr().err
