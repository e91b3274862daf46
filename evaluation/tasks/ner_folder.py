"""Any folder with annotated words: CoNLL columns, or JSONL or parquet with a column of tokens and one of tags."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.dataset.original.files import label_names
from gonerd.errors import GonerdError, UsageError
from gonerd.files import existing

from . import TASKS, Tally
from ._columns import check_scheme, in_bio
from ._examples import TaggedExample
from ._files import read_json
from ._ner import OPTIONS, NerTask

_SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "testa"),
    "test": ("test", "testb"),
}
_TABLES = (".jsonl", ".json", ".parquet")
_TOKENS, _TAGS, _IDS = ("tokens", "words"), ("ner_tags", "tags", "labels"), ("id", "doc_id", "document_id")


@dataclass(frozen=True, kw_only=True)
class NerFolder(NerTask):
    """Each line of CoNLL columns is a word; each row of a table is a document, or a sentence, as the file has it."""

    def locate(self, folder: Path, split: str) -> list[Path]:
        """Finds the files whose name, or that of the folder they lie in, speaks of the split."""
        existing(folder, "folder", "pass the folder of the data as --data-dir")
        if split in self.files:  # told by name
            return super().locate(folder, split)
        found = []
        for path in sorted([*folder.glob("*"), *folder.glob("*/*")]):
            name = path.name.removesuffix(".gz").lower().replace("-", ".").replace("_", ".").split(".")
            around = [] if path.parent == folder else [path.parent.name.lower()]
            if path.is_file() and not path.name.startswith(".") and {*name, *around} & set(_SPLITS[split]):
                found.append(path)
        if not found:
            raise GonerdError(
                f"{folder}: no file is named after the split {split!r}; name it {split}.conll or the like"
            )
        return found

    def examples(self, path: Path, tally: Tally, **options: str) -> Iterator[TaggedExample]:
        """Reads a file; what it is follows from its ending."""
        kind = Path(path.name.removesuffix(".gz")).suffix
        if kind not in _TABLES:
            for example in super().examples(path, tally, **options):
                yield _renamed(example, path)
            return
        rows, names = _parquet(path) if kind == ".parquet" else (read_json(path, "rows of tokens and tags"), None)
        if not isinstance(rows, list):
            raise GonerdError(f"{path}: holds no list of rows; write one object with tokens and tags a line, as .jsonl")
        names = names or label_names(path.parent)
        found = [self._row(row, number, path, names, options) for number, row in enumerate(rows)]
        check_scheme([tags for _, _, tags in found], options.get("scheme", self.scheme), str(path), "--scheme")
        for key, tokens, tags in found:
            yield from self.parts(key, [(tokens, tags)], tally, {"context": "document"})

    def _row(
        self, row: Any, number: int, path: Path, names: Mapping[int, str] | None, options: Mapping[str, str]
    ) -> tuple[str, list[str], list[str]]:
        where = f"{path} row {number}"
        tokens, tags = _column(row, _TOKENS, where), _column(row, _TAGS, where)
        if len(tokens) != len(tags):
            raise GonerdError(f"{where}: {len(tokens)} tokens but {len(tags)} tags; every token needs one tag")
        written = [_written(tag, names, where) for tag in tags]
        key = next((row[name] for name in _IDS if name in row), f"{path.name}:{number}")
        return str(key), tokens, in_bio(written, options.get("scheme", self.scheme), where)

    def rows(self, rows: Iterable[Mapping[str, Any]], tally: Tally, **options: str) -> Iterator[TaggedExample]:
        """A folder lies on no hub."""
        raise UsageError(f"task {self.name!r} reads a folder; pass it as --data-dir")


def _renamed(example: TaggedExample, path: Path) -> TaggedExample:
    """Puts the file before the number, for there may be several files in a split."""
    from dataclasses import replace

    return replace(example, id=f"{path.name}:{example.id}", document=f"{path.name}:{example.document}")


def _column(row: Any, names: tuple[str, ...], where: str) -> list[Any]:
    for name in names:
        if isinstance(row, dict) and isinstance(row.get(name), list):
            return list(row[name])
    raise GonerdError(f"{where}: no list called {' or '.join(map(repr, names))}; rename the column")


def _written(tag: Any, names: Mapping[int, str] | None, where: str) -> str:
    if isinstance(tag, str):
        return tag
    if names is None or tag not in names:
        raise GonerdError(
            f"{where}: nothing says what the tag {json.dumps(tag, default=str)} stands for; put a label_map.json such "
            'as {"0": "O", "1": "B-PER"} beside the file'
        )
    return names[tag]


def _parquet(path: Path) -> tuple[list[Any], Mapping[int, str] | None]:
    """Reads a parquet file, with the names that `datasets` keeps for numbered tags."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise GonerdError(f"{path}: not a readable parquet file ({error}); write it again") from error
    features = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    for name in _TAGS:
        inner = features.get(name, {})
        inner = inner.get("feature", inner) if isinstance(inner, dict) else {}
        if isinstance(inner, dict) and inner.get("names"):
            return table.to_pylist(), dict(enumerate(inner["names"]))
    return table.to_pylist(), None


TASKS.register("ner_folder")(
    NerFolder(
        name="ner_folder",
        title="Any NER folder (CoNLL columns, JSONL, parquet)",
        version="1",
        group="long-ner",
        hub=None,
        licence="that of the folder's data",
        source="the folder's own",
        scheme="BIO",
        options=OPTIONS,
    )
)
