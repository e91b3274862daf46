"""The whole road, with a tiny teacher; and the sample release in the tree is what the road makes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gonerd import GonerdError, Span, load_dataset
from gonerd.dataset.check import check_release
from gonerd.dataset.schema import MANIFEST, SPLITS
from gonerd.demo.road import ROAD, DemoSettings, embedded_site, run_demo
from gonerd.evaluation.metrics import METRICS, Spanned
from gonerd.labels import CORE
from tests.forked import forked_gonerd
from tests.tiny import save_tiny

ROOT = Path(__file__).resolve().parent.parent


def walk(work):
    """Walks the road with a tiny teacher; returns the folder and what was printed."""
    teacher = save_tiny(work / "teacher", "bert")
    words = ["--epochs", "1", "--max-length", "512", "--window", "32", "--lengths", "64", "--repeats", "1"]
    with forked_gonerd(work / "bin") as gonerd:
        code = (
            f"import sys; from gonerd.cli import main; from gonerd.demo import road; road._GONERD = [{str(gonerd)!r}]"
        )
        command = [sys.executable, "-P", "-c", f"{code}; sys.exit(main())", "demo", "--out", str(work / "out")]
        command += ["--teacher", str(teacher), *words]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return work / "out", done.stdout


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_the_whole_road(tmp_path):
    """One test, so that no two workers walk it."""
    out, printed = walk(tmp_path)
    every_stage_says_what_it_did(printed)
    the_report_compares_student_and_teacher(out, printed)
    (tmp_path / "sample").mkdir()
    the_sample_release_is_what_the_road_makes(out, tmp_path / "sample")


def every_stage_says_what_it_did(printed):
    for number, (title, *_) in enumerate(ROAD, start=1):
        assert f"== {number}. {title}" in printed
    assert printed.count("$ gonerd ") == sum(len(lines) for _, *lines in ROAD)
    assert "14 listed = 13 fetched + 0 already there + 1 skipped (redirects: 1)" in printed
    assert "14 listed = 14 fetched + 0 already there + 0 skipped" in printed
    assert "27 pages = 24 documents + 3 rejected (paywall: 1, soft-404: 1, too-short: 1)" in printed
    assert "annotated 24 documents" in printed
    assert re.search(r"24 documents, spans: adjudicated \d+, agreed 5\d+; decisions: ", printed)
    assert re.search(r"24 documents = train \d+, validation \d+, test \d+ \+ rejected 0", printed)
    assert re.search(r"0 errors, \d+ warnings in ", printed)
    for line in printed.split("Where to look:")[1].strip().splitlines()[:-1]:
        assert Path(line.strip().split(": ")[0]).exists(), line


def the_report_compares_student_and_teacher(out, printed):
    tested = int(re.search(r"test (\d+) \+ rejected 0", printed)[1])
    report = (out / "report" / "report.md").read_text()
    used = "longformer/unpadded-flash-merge"
    assert re.search(rf"\| gonerd/test \| student \| teacher \| {tested} \|", report)
    assert re.search(rf"- student: 2 layers, {used}, float32, ", report)
    for name in ("teacher", "student"):
        result = json.loads((out / "results" / f"{name}.gonerd.test.json").read_text())
        assert result["dataset"]["name"] == "gonerd-demo"
        assert result["counts"]["truncated"] == 0
    assert "<svg" in (out / "report" / "report.html").read_text()


def the_sample_release_is_what_the_road_makes(out, tmp_path):
    """Byte for byte, figures apart: how a curve is smoothed may depend on the processor."""
    from tools.sample import PARTS, build_sample

    (tmp_path / "annotations").symlink_to(out / "annotations")
    (tmp_path / "documents").symlink_to(out / "documents")
    made = build_sample(tmp_path)
    names = [p.relative_to(made) for p in sorted(made.rglob("*")) if p.is_file() and p.name != ".gonerd-made"]
    kept = [p.relative_to(ROOT / "gonerd") for part in PARTS for p in sorted((ROOT / "gonerd" / part).rglob("*"))]
    kept += [Path("README.md"), Path("croissant.json")]
    assert sorted(names) == sorted(p for p in kept if (ROOT / "gonerd" / p).is_file())
    for name in names:
        if name.suffix == ".png" or name.name == "manifest.json":
            continue
        assert (made / name).read_bytes() == (ROOT / "gonerd" / name).read_bytes(), f"{name}: run `make sample`"
    manifests = [json.loads((folder / MANIFEST).read_text()) for folder in (made, ROOT / "gonerd")]
    for manifest in manifests:
        manifest["files"] = {path: facts for path, facts in manifest["files"].items() if not path.endswith(".png")}
    assert manifests[0] == manifests[1], "run `make sample` and commit the result"


def test_the_sample_loads_by_its_bare_name():
    """From the checkout without importing gonerd, as `datasets` alone sees the folder."""
    code = "from datasets import load_dataset; print(load_dataset('gonerd'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(f"{name}: Dataset" in done.stdout for name in SPLITS)


def test_the_sample_is_sound():
    """What issue and card promise of it: genres, lengths, licence, spans, no error."""
    rows = [row for split in load_dataset().values() for row in split]
    words = [len(row["text"].split()) for row in rows]
    assert len(rows) >= 24
    assert sum(words) >= 40_000
    assert sum(len(row["tokens"]) > 4096 for row in rows) >= 6
    for row, count in zip(rows, words, strict=True):
        assert (600 <= count <= 1800) if row["domain"] == "news" else (2000 <= count <= 6000), row["title"]
        assert row["license"] == "CC0-1.0" and "creativecommons.org" in row["license_evidence"]
        assert {span["label"] for span in row["spans"]} == set(CORE)
    assert sum(row["domain"] == "news" for row in rows) >= 12
    assert sum(row["domain"] == "legal" for row in rows) >= 12
    assert [finding for finding in check_release("sample") if finding.severity == "error"] == []


def test_the_annotators_agree():
    """At least 0.90 exact F1 between the passes as they ship, and every difference has a decision with a reason."""
    rows = [row for split in load_dataset(config="annotators").values() for row in split]
    texts = {row["id"]: row["text"] for split in load_dataset().values() for row in split}
    made = {
        (row["document_id"], row["annotator"]): [Span(s["start"], s["end"], s["label"]) for s in row["spans"]]
        for row in rows
    }
    passes = [[made[key, who] for key in sorted(texts)] for who in ("annotator-a", "annotator-b", "gold")]
    sides = [[Spanned(tuple(span.key for span in spans)) for spans in one] for one in passes[:2]]
    assert METRICS.get("exact_spans").compute(*sides)["f1"] >= 0.90
    decisions = [row for split in load_dataset(config="adjudication").values() for row in split]
    assert all(row["reason"].strip() for row in decisions)
    for key in texts:
        decided = [(row["start"], row["end"]) for row in decisions if row["document_id"] == key]
        first, second, gold = ({s.key for s in made[key, who]} for who in ("annotator-a", "annotator-b", "gold"))
        for start, end, _ in (first ^ second) | (first ^ gold):
            assert any(a <= start and end <= b for a, b in decided), texts[key][start:end]
    for row in decisions:
        assert texts[row["document_id"]][row["start"] : row["end"]] == row["text"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the reader's own
def test_the_sample_reads_as_croissant():
    import mlcroissant

    sample = mlcroissant.Dataset(jsonld=ROOT / "gonerd" / "croissant.json")
    assert not sample.metadata.ctx.issues.errors
    rows = [row for split in load_dataset().values() for row in split]
    records = {r["documents/id"].decode(): r["documents/text"].decode() for r in sample.records("documents")}
    assert records == {row["id"]: row["text"] for row in rows}


def test_the_card_opens_with_the_datasheet():
    card = (ROOT / "gonerd" / "README.md").read_text()
    assert (ROOT / "DATASET_CARD.md").read_text().strip() in card, "run `make sample` and commit the result"
    assert "Agreement between the annotators" in card


def test_the_site_is_ended_even_when_a_stage_fails(tmp_path):
    settings = DemoSettings(out=tmp_path / "out", teacher="x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "crawl").write_text("a file where the folder should be")
    with pytest.raises(GonerdError, match="demo stage 1"):
        run_demo(settings)
    with embedded_site() as site:
        assert site.startswith("http://127.0.0.1:")
