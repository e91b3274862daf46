"""What a full disk says, in the words of each library that writes by itself, and what is none."""

import errno

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from gonerd.errors import GonerdError
from gonerd.room import room_for, why_no_room
from tests.disk import room_for_files_of

MANY = torch.zeros(100_000)


def parquet(path):
    pq.write_table(pa.table({"a": torch.rand(100_000).numpy()}), path)


WRITERS = {
    "text": lambda path: path.write_text("x" * 200_000),
    "parquet": parquet,
    "safetensors": lambda path: save_file({"a": MANY}, path),
    "torch": lambda path: torch.save({"a": MANY}, path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_told_as_one(name, tmp_path):
    path = tmp_path / "file"
    said = r"out: cannot be written \(.+\); make room"
    with pytest.raises(GonerdError, match=said), room_for(tmp_path / "out"), room_for_files_of(50_000):
        WRITERS[name](path)
    with room_for(tmp_path / "out"):
        WRITERS[name](path)


def test_other_errors_stay_what_they_are(tmp_path):
    torn = tmp_path / "torn.pt"
    torn.write_bytes(b"PK\x03\x04 and no more")  # read by the same part of PyTorch that writes
    with pytest.raises(RuntimeError, match="StreamReader failed") as found, room_for(tmp_path):
        torch.load(torn, weights_only=True)
    assert why_no_room(found.value) is None
    assert why_no_room(FileNotFoundError(errno.ENOENT, "no such file")) is None
    assert why_no_room(ValueError("I/O error (os error 5)")) is None
    with pytest.raises(GonerdError, match=r"^its own sentence$"), room_for(tmp_path):
        raise GonerdError("its own sentence")
