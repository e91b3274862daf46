"""A corpus holds what its members hold, whatever interrupts its making."""

import collections
import gzip
import json
import random
import string

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from gonerd.errors import GonerdError, UsageError
from gonerd.models.cli import app
from gonerd.models.corpus import Mix, build_corpus, open_corpus, read_mix
from gonerd.models.corpus import build as building
from gonerd.models.corpus.progress import Progress


@pytest.fixture(autouse=True)
def no_rest(monkeypatch):
    """`datasets` sleeps five seconds after the last row of parquet, for threads of a process that is about to end."""
    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0)


def texts(count, seed, words=40):
    rng = random.Random(seed)
    return [" ".join("".join(rng.choices(string.ascii_lowercase, k=4)) for _ in range(words)) for _ in range(count)]


@pytest.fixture
def sources(tmp_path):
    """Two members: parquet of 90 documents in two files, and packed JSON lines of 70."""
    folder = tmp_path / "sources"
    (folder / "books").mkdir(parents=True)
    books = texts(90, 1)
    pq.write_table(pa.table({"body": books[:50], "year": list(range(50))}), folder / "books" / "a.parquet")
    pq.write_table(pa.table({"body": books[50:], "year": list(range(40))}), folder / "books" / "b.parquet")
    news = texts(70, 2)
    with gzip.open(folder / "news.jsonl.gz", "wt") as handle:
        handle.writelines(json.dumps({"text": text}) + "\n" for text in news)
    return folder, books, news


def mix_of(folder, tokenizer, **fields):
    members = [
        {"name": "books", "path": folder / "books", "column": "body", "weight": 2},
        {"name": "news", "path": folder / "news.jsonl.gz"},
    ]
    values = {"members": members, "tokenizer": str(tokenizer), "max_length": 32, "rows_per_shard": 50, "seed": 5}
    return Mix.model_validate({**values, "held_out": 0.1, **fields})


def content(corpus, split):
    return [int(token) for row in corpus.rows(split) for token in row["input_ids"][1:-1]]


def test_every_token_is_there(sources, tiny_roberta, tmp_path):
    from transformers import AutoTokenizer

    folder, books, news = sources
    corpus = build_corpus(mix_of(folder, tiny_roberta), tmp_path / "corpus")
    tokenizer = AutoTokenizer.from_pretrained(tiny_roberta)
    expected = collections.Counter()
    for text in books + news:
        expected.update(tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"])
        expected[tokenizer.sep_token_id] += 1
    held = content(corpus, "held-out")
    assert collections.Counter(content(corpus, "train") + held) == expected
    assert 0 < held.count(tokenizer.sep_token_id) < 50
    facts = corpus.statistics
    assert facts["documents"] == 160 and facts["dropped"] == {}
    assert facts["tokens"] == sum(expected.values()) - 160
    assert facts["members"]["books"]["documents"] == 90
    assert sum(shard["tokens"] - 2 * shard["rows"] for part in facts["shards"].values() for shard in part) == (
        facts["tokens"] + facts["documents"]
    )


def test_shards_are_plain_arrow(sources, tiny_roberta, tmp_path):
    build_corpus(mix_of(sources[0], tiny_roberta), tmp_path / "corpus")
    files = sorted(str(path) for path in (tmp_path / "corpus").glob("train-*.arrow"))
    loaded = datasets.load_dataset("arrow", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert {len(row["input_ids"]) for row in loaded.select(range(len(loaded) - 1))} == {32}
    assert loaded.features["input_ids"].feature.dtype == "uint16"


def digests(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != ".lock"}


@pytest.mark.parametrize("when", ["before the state", "after the state", "in a shard"])
@pytest.mark.parametrize("kept", [1, 3])
def test_a_killed_build_ends_with_the_same_bytes(sources, tiny_roberta, tmp_path, monkeypatch, when, kept):
    folder, books, _ = sources
    pq.write_table(pa.table({"body": books[:30] + texts(40, 9)}), folder / "books" / "c.parquet")  # duplicates to know
    monkeypatch.setattr(building, "_BATCH", 8)
    mix = mix_of(folder, tiny_roberta, rows_per_shard=40)
    whole = build_corpus(mix, tmp_path / "whole")
    assert whole.statistics["dropped"] == {"exact duplicate": 30}

    class Killed(BaseException):
        pass

    original, written = Progress._keep, Progress._write

    def keep(self, stream):
        if when == "before the state" and self._kept == kept:
            raise Killed
        original(self, stream)
        if when == "after the state" and self._kept == kept:
            raise Killed

    def write(self, split, rows):
        written(self, split, rows)
        if when == "in a shard" and self._kept == kept:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "_keep", keep)
        patched.setattr(Progress, "_write", write)
        with pytest.raises(Killed):
            build_corpus(mix, tmp_path / "killed")
    with pytest.raises(GonerdError, match="not complete"):
        open_corpus(tmp_path / "killed")
    build_corpus(mix, tmp_path / "killed")
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def test_weights_and_ends(sources, tiny_roberta, tmp_path):
    first = build_corpus(mix_of(sources[0], tiny_roberta, stop="first"), tmp_path / "first").statistics["members"]
    # Drawn two to one, books end first; the news drawn until then are about half as many.
    assert first["books"]["documents"] == 90
    assert 30 <= first["news"]["documents"] <= 60


def test_budget_of_tokens(sources, tiny_roberta, tmp_path):
    facts = build_corpus(mix_of(sources[0], tiny_roberta, tokens=2000), tmp_path / "c").statistics
    longest = 5 * 40
    assert 2000 <= facts["tokens"] < 2000 + longest
    assert facts["dropped"] == {"over the token budget": 64 - facts["documents"]}


def test_sentences_are_joined(tiny_roberta, tmp_path):
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps({"text": f"line {i}"}) + "\n" for i in range(10)))
    member = {"name": "lines", "path": tmp_path / "lines.jsonl", "join": 4}
    mix = Mix.model_validate({"members": [member], "tokenizer": str(tiny_roberta), "max_length": 64, "held_out": 0})
    assert build_corpus(mix, tmp_path / "corpus").statistics["documents"] == 3


def test_complete_is_complete(sources, tiny_roberta, tmp_path):
    mix = mix_of(sources[0], tiny_roberta)
    build_corpus(mix, tmp_path / "c")
    before = digests(tmp_path / "c")
    build_corpus(mix, tmp_path / "c")
    assert digests(tmp_path / "c") == before
    with pytest.raises(GonerdError, match=r"another mix .*'filters.min_characters'"):
        build_corpus(mix_of(sources[0], tiny_roberta, filters={"min_characters": 9}), tmp_path / "c")
    assert digests(tmp_path / "c") == before


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"path": "books", "column": "text"}, "no column 'text'; set 'column' to one of 'body', 'year'"),
        ({"path": "books", "column": "year"}, "column 'year' holds int, no text"),
        ({"path": "nowhere"}, "no such file or folder"),
        ({"path": "empty.parquet"}, "the file is empty"),
        ({"path": "torn.parquet"}, "cannot be read"),
        ({"path": "late.jsonl"}, "cannot be read|where text is expected"),
        ({"path": "mixed"}, "holds .jsonl, .txt files"),
        ({"hub": "nobody/nothing"}, "'m' \\(nobody/nothing on the hub\\) cannot be read"),
    ],
)
def test_bad_members(sources, tiny_roberta, tmp_path, member, message):
    folder = sources[0]
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), folder / "empty.parquet")
    (folder / "torn.parquet").write_bytes((folder / "books" / "a.parquet").read_bytes()[:-40])
    (folder / "late.jsonl").write_text('{"text": "one"}\n{"text": ["two"]}\n')
    (folder / "mixed").mkdir()
    (folder / "mixed" / "a.txt").write_text("a")
    (folder / "mixed" / "b.jsonl").write_text('{"text": "b"}\n')
    if "path" in member:
        member["path"] = folder / member["path"]
    mix = Mix.model_validate({"members": [{"name": "m", **member}], "tokenizer": str(tiny_roberta)})
    with pytest.raises(GonerdError, match=message) as failed:
        build_corpus(mix, tmp_path / "c")
    assert "\n" not in str(failed.value)
    assert not list((tmp_path / "c").glob("*.arrow"))


def test_nothing_foreign_is_touched(sources, tiny_roberta, tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "thesis.txt").write_text("mine")
    with pytest.raises(GonerdError, match=r"thesis\.txt"):
        build_corpus(mix_of(sources[0], tiny_roberta), tmp_path / "c")


def test_nothing_stays(sources, tiny_roberta, tmp_path):
    with pytest.raises(GonerdError, match="160 too short"):
        build_corpus(mix_of(sources[0], tiny_roberta, filters={"min_characters": 10_000}), tmp_path / "c")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("membrs: []", "unknown key 'membrs'; did you mean 'members'"),
        ("filters: {min_charcters: 3}", "unknown key 'filters.min_charcters'; did you mean 'filters.min_characters'"),
        ("held_out: 1.5", "'held_out'"),
        ("max_length: long", "'max_length'"),
    ],
)
def test_wrong_mixes(tmp_path, line, message):
    path = tmp_path / "mix.yaml"
    path.write_text(f"members: [{{name: a, path: b}}]\ntokenizer: t\n{line}\n")
    with pytest.raises(UsageError, match=message):
        read_mix(path)


def test_command(sources, tiny_roberta, tmp_path):
    folder, *_ = sources
    path = tmp_path / "mix.yaml"
    path.write_text(f"members: [{{name: news, path: {folder / 'news.jsonl.gz'}}}]\nmax_length: 64\n")
    command = ["corpus", str(path), "--out", str(tmp_path / "c"), "--tokenizer", str(tiny_roberta)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0
    assert done.output.startswith("70 documents, ")
