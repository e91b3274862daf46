"""The whole road, with a tiny teacher; and the sample release in the tree is what the road makes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gonerd import GonerdError
from gonerd.demo.road import ROAD, DemoSettings, embedded_site, run_demo
from gonerd.labels import CORE

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    from tests.tiny import save_tiny

    work = tmp_path_factory.mktemp("demo")
    teacher = save_tiny(work / "teacher", "bert")
    words = ["--epochs", "1", "--max-length", "128", "--window", "32", "--lengths", "64", "--repeats", "1"]
    command = [
        sys.executable,
        "-P",
        "-m",
        "gonerd",
        "demo",
        "--out",
        str(work / "out"),
        "--teacher",
        str(teacher),
        *words,
    ]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return work / "out", done.stdout


@pytest.mark.slow
def test_every_stage_says_what_it_did(walked):
    printed = walked[1]
    for number, (title, *commands) in enumerate(ROAD, start=1):
        assert f"== {number}. {title}" in printed
        assert printed.count("$ gonerd ") == sum(len(lines) for _, *lines in ROAD), commands
    assert "2 listed = 2 fetched + 0 already there + 0 skipped" in printed
    assert "4 pages = 4 documents + 0 rejected" in printed
    assert "annotated 4 documents" in printed
    assert "4 documents = train 2, validation 1, test 1 + rejected 0" in printed
    for line in printed.split("Where to look:")[1].strip().splitlines()[:-1]:
        assert Path(line.strip().split(": ")[0]).exists(), line


@pytest.mark.slow
def test_the_report_compares_student_and_teacher(walked):
    out, _ = walked
    report = (out / "report" / "report.md").read_text()
    assert re.search(r"\| gonerd \| student \| student \| 2 \| longformer/blocked-sdpa", report)
    for name in ("teacher", "student"):
        result = json.loads((out / "results" / f"{name}.gonerd.test.json").read_text())
        assert result["dataset"]["name"] == "gonerd-demo"
        assert result["words_truncated"] == 0
    assert "<svg" in (out / "report" / "report.html").read_text()


@pytest.mark.slow
def test_the_sample_release_is_what_the_road_makes(walked):
    """Rows, not bytes: those depend on the parquet library's version."""
    import datasets

    made = datasets.load_dataset(str(walked[0] / "dataset"))
    kept = datasets.load_dataset(str(ROOT / "gonerd"))
    assert list(kept) == ["train", "validation", "test"]
    for split in kept:
        assert made[split].to_list() == kept[split].to_list(), "run `make sample` and commit the result"


def test_the_sample_loads_by_its_bare_name():
    code = "from datasets import load_dataset; print(load_dataset('gonerd'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in ("train", "validation", "test") if f"{name}: Dataset" in done.stdout] == [
        "train",
        "validation",
        "test",
    ]


def test_the_sample_is_sound():
    """Every span is its text, one document exceeds 4,000 tokens, and the manifest's hashes hold."""
    import hashlib

    from gonerd.dataset.load import load_dataset

    rows = [row for split in load_dataset().values() for row in split]
    assert len(rows) == 4
    assert max(len(row["tokens"]) for row in rows) > 4000
    for row in rows:
        assert row["license"] == "CC0-1.0"
        assert hashlib.sha256(row["text"].encode()).hexdigest() == row["text_sha256"]
        for span in row["spans"]:
            surface = row["text"][span["start"] : span["end"]]
            assert surface == surface.strip() != ""
            assert span["label"] in CORE
    manifest = json.loads((ROOT / "gonerd" / "data" / "manifest.json").read_text())
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((ROOT / "gonerd" / name).read_bytes()).hexdigest() == digest, name


def test_the_card_opens_with_the_datasheet():
    card = (ROOT / "gonerd" / "README.md").read_text()
    assert (ROOT / "DATASET_CARD.md").read_text().strip() in card, "run `make sample` and commit the result"


def test_the_site_is_ended_even_when_a_stage_fails(tmp_path):
    settings = DemoSettings(out=tmp_path / "out", teacher="x")
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(GonerdError, match="demo stage 1"):
        run_demo(settings)
    with embedded_site() as site:
        assert site.startswith("http://127.0.0.1:")
