"""Sharded parquet tables of records: written to a temporary name and renamed, read lazily."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq

from .errors import GonerdError
from .files import existing, new_file

Record = TypeVar("Record")
ROWS_PER_SHARD = 1000
_ROWS_PER_BATCH = 64

_ARROW: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
    date: pa.date32(),
    datetime: pa.timestamp("us", tz="UTC"),
}


def _arrow_type(hint: Any) -> tuple[pa.DataType, bool]:
    """Maps a field's type to (arrow type, whether it may be null)."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        (inner,) = [arg for arg in get_args(hint) if arg is not type(None)]
        return _arrow_type(inner)[0], True
    if get_origin(hint) is tuple:
        return pa.list_(_arrow_type(get_args(hint)[0])[0]), False
    if dataclasses.is_dataclass(hint):
        return pa.struct(list(record_schema(typing.cast(type, hint)))), False
    return _ARROW[hint], False


def record_schema(record: type) -> pa.Schema:
    """Derives a table's schema from a record's fields, so that the two cannot drift apart."""
    hints = typing.get_type_hints(record)
    fields = []
    for f in dataclasses.fields(record):
        arrow, nullable = _arrow_type(hints[f.name])
        fields.append(pa.field(f.name, arrow, nullable=nullable))
    return pa.schema(fields)


def shard_name(index: int) -> str:
    """Returns the file name of a shard."""
    return f"part-{index:05d}.parquet"


def write_shard(path: Path, records: Iterable[Any], record: type, notes: dict[str, str] | None = None) -> int:
    """Writes one shard, with `notes` in its footer, and returns its number of rows."""
    rows = [dataclasses.asdict(item) for item in records]
    schema = record_schema(record).with_metadata(notes or {})
    with new_file(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), temporary, compression="zstd")
    return len(rows)


def shard_notes(path: Path) -> dict[str, str]:
    """Returns the notes in a shard's footer."""
    found = pq.read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in found.items()}


def write_table(folder: Path, records: Iterable[Any], record: type, rows_per_shard: int = ROWS_PER_SHARD) -> int:
    """Writes records as shards `part-00000.parquet`, … into `folder`.

    Args:
        folder: Where the shards go; made if needed.
        records: Instances of `record`; consumed lazily, one shard in memory at a time.
        record: The record class; it determines the schema.
        rows_per_shard: Rows in a shard.

    Returns:
        The number of records written. At least one shard is written, so that an empty table can be read.
    """
    total, index, buffer = 0, 0, []
    for item in records:
        buffer.append(item)
        if len(buffer) == rows_per_shard:
            total += write_shard(folder / shard_name(index), buffer, record)
            index, buffer = index + 1, []
    if buffer or index == 0:
        total += write_shard(folder / shard_name(index), buffer, record)
    return total


def shards(path: Path, what: str = "table") -> list[Path]:
    """Lists the parquet files of a table, in order.

    Args:
        path: A folder of shards or a single parquet file.
        what: What to call the table in a message.

    Raises:
        GonerdError: Nothing is there.
    """
    existing(path, f"{what}: a folder of *.parquet, or one such file", "check the path")
    found = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not found:
        raise GonerdError(f"{path}: the folder holds no *.parquet, so there is no {what} to read; check the path")
    return found


def _open(path: Path, record: type) -> pq.ParquetFile:
    try:
        table = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise GonerdError(f"{path}: not a readable parquet file ({error}); write it again") from error
    schema = record_schema(record)
    defaults = {f.name: f.default is not dataclasses.MISSING for f in dataclasses.fields(record)}
    for column in schema:
        position = table.schema_arrow.get_field_index(column.name)
        if position < 0 and not defaults[column.name]:
            table.close()
            raise GonerdError(f"{path}: column {column.name!r} is missing, so these are not {record.__name__} records")
        if position >= 0 and not _compatible(table.schema_arrow.field(position).type, column.type):
            found = table.schema_arrow.field(position).type
            table.close()
            raise GonerdError(f"{path}: column {column.name!r} is {found}, expected {column.type}; convert it")
    return table


def _compatible(found: pa.DataType, expected: pa.DataType) -> bool:
    """Whether values of one type can be read as the other (string widths and list namings differ by writer)."""
    if pa.types.is_null(found) or found == expected:
        return True
    kinds: tuple[Callable[[pa.DataType], bool], ...] = (
        lambda t: pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t),
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_timestamp,
    )
    if pa.types.is_dictionary(found):  # as pandas writes its categories
        return _compatible(found.value_type, expected)
    if _is_list(found) and _is_list(expected):
        return _compatible(found.value_type, expected.value_type)
    if pa.types.is_struct(found) and pa.types.is_struct(expected):
        inside = {field.name: field.type for field in found}
        return all(field.name not in inside or _compatible(inside[field.name], field.type) for field in expected)
    return any(kind(found) and kind(expected) for kind in kinds)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def read_table(path: Path, record: type[Record], nested: type | None = None) -> Iterator[Record]:
    """Reads records lazily; see `read_rows`."""
    return (item for _, item in read_rows(path, record, nested))


def read_rows(path: Path, record: type[Record], nested: type | None = None) -> Iterator[tuple[str, Record]]:
    """Reads records lazily, a small batch at a time, each with its place for messages.

    Args:
        path: A folder of shards or a single parquet file.
        record: The record class.
        nested: Class of the items of the record's list-of-structs field, if it has one.

    Yields:
        (file and row, record), in order of shard and row; rows count from 0.

    Raises:
        GonerdError: A file is missing, unreadable, lacks a column or holds an invalid record; the message
            names the file and the row.
    """
    names = set(record_schema(record).names)
    for shard in shards(path, f"{record.__name__} records"):
        row = 0
        with _open(shard, record) as table:
            columns = [name for name in table.schema_arrow.names if name in names]
            required = [field.name for field in record_schema(record) if not field.nullable]
            for values in _values(table, columns, shard):
                where = f"{shard} row {row}"
                for name in required:
                    if values.get(name, "") is None:
                        raise GonerdError(f"{where}: column {name!r} is null; fill it in, or remove the row")
                yield where, _build(record, nested, values, where)
                row += 1


def _values(table: pq.ParquetFile, columns: list[str], shard: Path) -> Iterator[dict[str, Any]]:
    try:
        for batch in table.iter_batches(batch_size=_ROWS_PER_BATCH, columns=columns):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise GonerdError(f"{shard}: not a readable parquet file ({error}); write it again") from error


def _build(record: type[Record], nested: type | None, values: dict[str, Any], where: str) -> Record:
    try:
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(nested(**item) if nested else item for item in value)
        return record(**values)
    except (GonerdError, TypeError) as error:
        raise GonerdError(f"{where}: {error}") from error
