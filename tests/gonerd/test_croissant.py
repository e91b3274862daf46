"""Croissant metadata, judged by the standard's own reader: valid without a word, and every row comes out of it."""

import hashlib
import json
import logging
import shutil
import warnings
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gonerd.dataset.croissant import croissant
from gonerd.dataset.schema import CONFIGS, SPLITS, features, shard
from gonerd.errors import UsageError
from gonerd.labels import BIO_TAGS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the reader's own dependencies
    import mlcroissant
    from mlcroissant._src.core.rdf import make_context

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the reader's, of pandas
ABOUT = {"name": "quays", "version": "1.2.0", "description": "Letters of a harbour.", "license": "cc0-1.0"}
TEXT = "Łucja 🙂 saw\nمرفأ Sable."
WORDS = {"tokens": ["Łucja", "🙂", "saw"], "token_starts": [0, 6, 8], "ner_tags": [1, 0, 0]}
SPANS = [{"start": 0, "end": 5, "label": "PER"}, {"start": 12, "end": 22, "label": "LOC"}]


def document(name, **changes):
    plain = {"id": name, "domain": "news", "text": TEXT, "sentence_starts": [0], "spans": SPANS}
    return {**dict.fromkeys(features("documents")), **plain, **WORDS, "published": "2025-03-04", **changes}


WITHHELD = {"text": None, "title": None, "tokens": [], "token_starts": [], "ner_tags": [], "sentence_starts": []}
ROWS = {
    "documents": [document("a"), document("b", spans=[]), document("c", **WITHHELD), document("d", title="Ports")],
    "sentences": [
        {"id": "a-0", "document_id": "a", "domain": "news", "index": 0, "start": 0, "end": 11, "text": TEXT[:11]}
        | WORDS
        | {"spans": SPANS[:1]}
    ],
    "spans": [
        {"id": "a-0", "document_id": "a", "domain": "news", "start": 0, "end": 5, "label": "PER", "text": "Łucja"}
        | {"sentence": sentence, "first_token": sentence, "last_token": sentence}
        for sentence in (None, 7)
    ],
    "annotators": [
        {"document_id": "a", "annotator": "one", "guideline_version": "1", "text_sha256": "f" * 64, "spans": SPANS}
    ],
    "adjudication": [
        {"document_id": "a", "kind": "label", "start": 0, "end": 5, "text": "Łucja"}
        | {"marked": "PER / ORG", "decision": "PER", "reason": "A first name."}
    ],
}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A release of every config, documents of the training split in two shards, the validation split empty."""
    folder = tmp_path_factory.mktemp("a release")
    for config, rows in ROWS.items():
        held = {"train": rows[:-1] or rows, "validation": [], "test": rows[-1:]}
        for split, part in held.items():
            of = 2 if (config, split) == ("documents", "train") else 1
            for i in range(of):
                path = folder / shard(config, split, i, of)
                path.parent.mkdir(parents=True, exist_ok=True)
                table = pa.Table.from_pylist(part[i::of], schema=features(config).arrow_schema)
                pq.write_table(table, path, row_group_size=1)
    (folder / "data/manifest.json").write_text("{}")
    (folder / "croissant.json").write_text(json.dumps(croissant(facts(folder), **ABOUT, date_published="2025-06-07")))
    return folder


def facts(folder):
    paths = sorted(folder.rglob("*.parquet"), reverse=True)
    return {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
            "rows": pq.read_metadata(path).num_rows,
        }
        for path in paths
    }


def opened(path, caplog):
    """Opens the description with the reference reader, which must have nothing to say about it."""
    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=path)
    issues = dataset.metadata.ctx.issues
    assert (issues.errors, issues.warnings, caplog.text) == (set(), set(), "")
    return dataset


def plain(value):
    """Turns the reader's bytes, NumPy numbers and full field names into what the rows were made of."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key.rpartition("/")[2]: plain(item) for key, item in value.items()}
    return value.item() if hasattr(value, "item") else value


def rows_of(folder, config):
    """The rows as pyarrow reads them, in the order of the files' names."""
    for path in sorted((folder / "data" / config).glob("*.parquet")):
        yield from ({"split": path.name.partition("-")[0], **row} for row in pq.read_table(path).to_pylist())


@pytest.mark.parametrize("config", CONFIGS)
def test_every_row_comes_out_of_the_reference_reader(config, release, tmp_path, caplog):
    copy = shutil.copytree(release, tmp_path / "elsewhere")
    found = [plain(row) for row in opened(copy / "croissant.json", caplog).records(config)]
    assert found == list(rows_of(release, config))
    assert len(found) >= len(ROWS[config])


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_is_asked_for_by_its_field(split, release, caplog):
    records = opened(release / "croissant.json", caplog).records("documents", filters={"documents/split": split})
    assert [plain(row)["id"] for row in records] == [
        row["id"] for row in rows_of(release, "documents") if row["split"] == split
    ]


def test_enumerations_name_splits_and_tags(release, caplog):
    dataset = opened(release / "croissant.json", caplog)
    assert [row["splits/name"] for row in dataset.records("splits")] == list(SPLITS)
    assert [(row["tags/id"], row["tags/name"]) for row in dataset.records("tags")] == list(enumerate(BIO_TAGS))


def test_files_are_listed_with_size_and_hash(release):
    listed = json.loads((release / "croissant.json").read_text())["distribution"]
    objects = {entry["contentUrl"]: entry for entry in listed if entry["@type"] == "cr:FileObject"}
    assert set(objects) == {path.relative_to(release).as_posix() for path in release.rglob("*.parquet")}
    for path, entry in objects.items():
        data = (release / path).read_bytes()
        assert (entry["sha256"], entry["contentSize"]) == (hashlib.sha256(data).hexdigest(), f"{len(data)} B")


def test_fields_are_the_columns():
    files = {shard(config, "train", 0, 1): {"sha256": "0" * 64, "bytes": 1} for config in CONFIGS}
    sets = {entry["@id"]: entry for entry in croissant(files, **ABOUT)["recordSet"]}
    for config in CONFIGS:
        fields = {field["name"]: field for field in sets[config]["field"]}
        assert list(fields) == ["split", *features(config)]
        lists = {name for name, type_ in zip(features(config), features(config).arrow_schema.types, strict=True)
                 if pa.types.is_list(type_)}  # fmt: skip
        assert {name for name, field in fields.items() if field.get("isArray")} == lists
    spans = next(field for field in sets["documents"]["field"] if field["name"] == "spans")
    types = {sub["name"]: sub["dataType"] for sub in spans["subField"]}
    assert types == {"start": "cr:Int32", "end": "cr:Int32", "label": "sc:Text"}


def test_the_same_arguments_give_the_same_bytes(release):
    files = facts(release)
    turned = dict(reversed(files.items()))
    made = [json.dumps(croissant(f, **ABOUT, date_published="2025-06-07")) for f in (files, turned)]
    assert made == [(release / "croissant.json").read_text()] * 2


def test_the_context_is_the_standards():
    version = SimpleNamespace(is_v0=lambda: False, is_v1_1=lambda: True)
    assert croissant({}, **ABOUT)["@context"] == make_context(version)


def test_what_is_said_about_the_dataset():
    said = croissant({}, **ABOUT, date_published="2025-06-07", url="https://example.org/quays")
    assert said["license"] == "https://spdx.org/licenses/CC0-1.0.html"
    assert said["citeAs"] == (
        "@misc{quays, title = {quays, version 1.2.0}, author = {{The GONERD authors}}, year = {2025}, "
        "url = {https://example.org/quays}}"
    )
    assert (said["version"], said["datePublished"]) == ("1.2.0", "2025-06-07")
    bare = croissant({}, **{**ABOUT, "license": "other", "name": "my quays"}, cite_as=None)
    assert not {"url", "datePublished"} & bare.keys()
    assert bare["license"].startswith("Each document has a licence of its own")
    assert bare["citeAs"].startswith("@misc{my-quays, title = {my quays, version 1.2.0}")
    for license_, stated in {"MIT": "https://spdx.org/licenses/MIT.html", "https://x.org/l": "https://x.org/l"}.items():
        assert croissant({}, **{**ABOUT, "license": license_})["license"] == stated


def test_an_unknown_config_is_refused():
    with pytest.raises(UsageError, match="unknown config 'documnets'; did you mean 'documents'"):
        croissant({"data/documnets/train-00000-of-00001.parquet": {"sha256": "0" * 64, "bytes": 1}}, **ABOUT)
