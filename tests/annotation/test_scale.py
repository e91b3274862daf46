"""The layer is the same whatever runs where, and continues after a kill."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import spacy

from gonerd import Document, GonerdError
from gonerd.annotation.run import annotate_documents
from gonerd.annotation.scale import blocks, loaded
from gonerd.annotation.scale.plan import Plan
from gonerd.cli import main
from gonerd.errors import UsageError
from gonerd.io import read_annotations
from gonerd.scale.stages import SlurmOptions, Where
from gonerd.tables import shard_notes, write_table

NAMES = {"Ana Ruiz": "PER", "Oslo": "LOC", "Kestrel Holdings, Inc.": "ORG"}
DOCUMENTS = 150  # five shards


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name != ".lock"
    }


@pytest.fixture(scope="session")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that knows three names, in next to no time."""
    folder = tmp_path_factory.mktemp("pipelines") / "gazetteer"
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler", name="ner")
    ruler.add_patterns([{"label": label, "pattern": name} for name, label in NAMES.items()])  # type: ignore[attr-defined]
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    texts = [f"{' '.join(['Ana Ruiz left Oslo.'] * (i % 7))} Mr. Odell {i} joined Kestrel Holdings, Inc. there."
             for i in range(DOCUMENTS)]  # fmt: skip
    write_table(tmp_path / "docs", [Document(f"d{i}", text.strip()) for i, text in enumerate(texts)], Document)
    return tmp_path / "docs"


def test_the_same_bytes_whatever_the_tasks(docs: Path, gazetteer: Path, tmp_path: Path, capfd: Any) -> None:
    """In this process; in two others, recycled after each task; in one task. Statistics add up to the same."""
    one = annotate_documents(docs, tmp_path / "a" / "layer", str(gazetteer))
    assert one is not None and one.documents == DOCUMENTS
    expected = digests(tmp_path / "a" / "layer")
    assert len(expected) == 6
    for name, where in {"b": Where(workers=2), "c": Where(tasks=1), "d": Where(tasks=3, workers=2)}.items():
        assert annotate_documents(docs, tmp_path / name / "layer", str(gazetteer), where=where) == one
        assert digests(tmp_path / name / "layer") == expected
        assert os.listdir(tmp_path / name) == ["layer"]
    added = [json.loads(shard_notes(p)["effects"])["persons"]["added"] for p in (tmp_path / "a").rglob("part-*")]
    assert len(added) == 5 and sum(added) == one.effects["persons"]["added"] == DOCUMENTS
    assert capfd.readouterr() == ("", "")


def test_a_failed_task_is_one_sentence_and_the_rest_is_kept(
    docs: Path, gazetteer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotate_documents(docs, tmp_path / "whole" / "layer", str(gazetteer))
    annotated = blocks._annotated

    def fails(annotator: Any, documents: list[Document], layer: str) -> Any:
        if documents[0].id == "d64":
            raise GonerdError("shard 2 cannot be annotated")
        return annotated(annotator, documents, layer)

    monkeypatch.setattr(blocks, "_annotated", fails)
    with pytest.raises(GonerdError, match="shard 2 cannot be annotated"):
        annotate_documents(docs, tmp_path / "layer", str(gazetteer))
    assert len(list((tmp_path / "layer").glob("part-*.parquet"))) == 2
    monkeypatch.undo()
    (tmp_path / "layer" / "part-00001.parquet").write_bytes(b"PAR1 half")
    summary = annotate_documents(docs, tmp_path / "layer", str(gazetteer), where=Where(tasks=2))
    assert summary is not None and summary.shards_reused == 1, "what is cut short is made again"
    whole, made = digests(tmp_path / "whole" / "layer"), digests(tmp_path / "layer")
    assert {k: v for k, v in made.items() if k != "layer.json"} == {k: v for k, v in whole.items() if k != "layer.json"}


def test_a_shard_that_is_gone_at_the_end_is_noticed(
    docs: Path, gazetteer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "write_shard", lambda *_: None)
    with pytest.raises(GonerdError, match=r"part-00000\.parquet: this shard of the layer is missing; run the same"):
        annotate_documents(docs, tmp_path / "layer", str(gazetteer))
    assert not json.loads((tmp_path / "layer" / "layer.json").read_text())["complete"]


def test_other_versions_on_another_machine_are_refused(docs: Path, gazetteer: Path, tmp_path: Path) -> None:
    slurm = Where("slurm", slurm=SlurmOptions("cpu"), dry_run=True)
    assert annotate_documents(docs, tmp_path / "layer", str(gazetteer), where=slurm) is None
    plan = Plan.read(tmp_path / ".layer.annotate")
    elsewhere = plan.model_copy(update={"settings": {**plan.settings, "pipeline": "en_other-1.0"}})
    with pytest.raises(GonerdError, match=r"this machine has pipeline .*, the run began with 'en_other-1\.0'"):
        loaded.annotator_of(elsewhere)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Where("loca"), "unknown executor 'loca'; did you mean 'local'"),
        (Where(workers=0), "--workers 0"),
        (Where(tasks=0), "--tasks 0 --workers 1"),
        (Where(dry_run=True), "--dry-run goes with --executor slurm"),
        (Where("slurm", dry_run=True), "--slurm-partition"),
    ],
)
def test_wrong_use_leaves_no_trace(docs: Path, tmp_path: Path, where: Where, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        annotate_documents(docs, tmp_path / "layer", where=where)
    assert sorted(os.listdir(tmp_path)) == ["docs"]


def test_a_missing_extra_is_named(docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ["annotate", "run", str(docs), "--out", str(tmp_path / "layer"), "--executor", "ray"]
    assert main(words) == 1
    assert (
        "needs the package 'ray', which is not installed; run: pip install 'gonerd[scale]'" in capsys.readouterr().err
    )


def test_what_people_made_stays(docs: Path, gazetteer: Path, tmp_path: Path) -> None:
    row = {"id": "d0", "text": "Mr. Odell 0 joined Kestrel Holdings, Inc. there.", "spans": []}
    (tmp_path / "in.jsonl").write_text(json.dumps(row) + "\n")
    words = ["annotate", "import", str(tmp_path / "in.jsonl"), "--documents", str(docs), "--out", str(tmp_path / "ana")]
    assert main(words) == 0
    before = digests(tmp_path / "ana")
    with pytest.raises(GonerdError, match="people made this layer, and document 'd0' would be overwritten"):
        annotate_documents(docs, tmp_path / "ana", str(gazetteer))
    assert digests(tmp_path / "ana") == before


def test_files_are_found_from_another_folder(
    docs: Path, gazetteer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers of a cluster begin where they like; a plan names files from the root."""
    monkeypatch.chdir(gazetteer.parent)
    (tmp_path / "map.yaml").write_text("PER: PER\nLOC: LOC\nORG: MISC\n")
    slurm = Where("slurm", slurm=SlurmOptions("cpu"), dry_run=True)
    annotate_documents(docs, tmp_path / "layer", "gazetteer:2", label_map=str(tmp_path / "map.yaml"), where=slurm)
    plan = Plan.read(tmp_path / ".layer.annotate")
    monkeypatch.chdir(tmp_path)
    assert plan.recipe.pipelines == (f"{gazetteer}:2",)
    assert loaded.annotator_of(plan).pipelines[0].weight == 2
    loaded.forget_annotators()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_a_killed_run_of_two_workers_continues(docs: Path, tmp_path: Path) -> None:
    """Killed without warning in the middle, with spaCy's own pipeline."""
    long = [Document(f"d{i}", "Angela Merkel flew from Berlin to Paris. " * 20 + f"Train {i}.") for i in range(250)]
    write_table(docs, long, Document)
    command = [sys.executable, "-P", "-m", "gonerd", "annotate", "run", str(docs), "--out"]
    annotate_documents(docs, tmp_path / "whole" / "layer")
    command += [str(tmp_path / "layer"), "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 100
        while not list((tmp_path / "layer").glob("part-*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.sleep(1)  # workers end when they see that their parent is gone
    done = len(list((tmp_path / "layer").glob("part-*.parquet")))
    assert 1 <= done < 8
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"annotated 250 documents ({done} shards kept" in again.stdout
    made, whole = digests(tmp_path / "layer"), digests(tmp_path / "whole" / "layer")
    assert made.pop("layer.json") != whole.pop("layer.json"), "it says how many shards were kept"
    assert made == whole
    assert not (tmp_path / ".layer.annotate").exists()


@pytest.mark.slow
def test_slurm_runs_what_is_submitted(
    docs: Path, gazetteer: Path, tmp_path: Path, slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both stages as jobs of a stand-in for Slurm; then the scripts of a dry run, submitted by hand."""
    here = ["annotate", "run", str(docs), "--pipeline", str(gazetteer)]
    command = [sys.executable, "-P", "-m", "gonerd", *here]
    words = ["--executor", "slurm", "--slurm-partition", "cpu", "--tasks", "2", "--slurm-memory", "3"]
    annotate_documents(docs, tmp_path / "a" / "layer", str(gazetteer))
    expected = digests(tmp_path / "a" / "layer")
    done = subprocess.run([*command, *words, "--out", str(tmp_path / "b" / "layer")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "job scripts, logs and documents that wait" in done.stderr and not done.stdout
    assert "--dependency=afterok:1" in slurm.read_text().splitlines()[1]
    assert digests(tmp_path / "b" / "layer") == expected
    waiting = tmp_path / "b" / ".layer.annotate"
    stands = {path: path.read_bytes() for path in waiting.rglob("*") if path.is_file()}
    Path(f"{slurm}.queued").write_text("2\n77\n")
    assert main([*here, "--out", str(tmp_path / "b" / "layer")]) == 1
    assert "jobs of an earlier run are queued or running (`squeue --jobs=2`)" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in waiting.rglob("*") if path.is_file()} == stands
    assert digests(tmp_path / "b" / "layer") == expected
    Path(f"{slurm}.queued").write_text("77\n")
    assert main([*here, *words, "--out", str(tmp_path / "b" / "layer")]) == 0
    said = capsys.readouterr().out
    assert "annotated 150 documents (5 shards kept from before)" in said, "nothing is left to submit"
    slurm.unlink()
    assert main([*here, *words, "--dry-run", "--out", str(tmp_path / "c" / "layer")]) == 0
    assert not slurm.exists() and not list((tmp_path / "c" / "layer").glob("part-*"))
    (submit,) = (tmp_path / "c").glob(".layer.annotate/logs/submit.sh")
    assert "#SBATCH --mem-per-cpu=3G" in (submit.parent / "1-annotate.sbatch").read_text()
    subprocess.run(["bash", str(submit)], check=True, capture_output=True)
    assert digests(tmp_path / "c" / "layer") == expected


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_ray(docs: Path, gazetteer: Path, tmp_path: Path) -> None:
    """A real local cluster of two workers."""
    pytest.importorskip("ray")
    annotate_documents(docs, tmp_path / "a" / "layer", str(gazetteer))
    words = [
        "--pipeline",
        str(gazetteer),
        "--executor",
        "ray",
        "--workers",
        "2",
        "--out",
        str(tmp_path / "b" / "layer"),
    ]
    command = [sys.executable, "-P", "-W", "error", "-m", "gonerd", "annotate", "run", str(docs), *words]
    environment = {**os.environ, "RAY_TMPDIR": "/tmp", "no_proxy": "*"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert digests(tmp_path / "b" / "layer") == digests(tmp_path / "a" / "layer")


@pytest.mark.slow
def test_a_million_tokens_in_flat_memory(gazetteer: Path, tmp_path: Path) -> None:
    """Names at known places in many pieces; ten times the text adds the text and its spans, no model's work."""
    peaks = {}
    for tokens in (100_000, 1_000_000):
        filler, parts, expected, at = "the board met again and went over what was left to do .", [], set(), 0
        for i in range(tokens // 18):
            name = list(NAMES)[i % 3]
            sentence = f"{filler} Then {name} came by train {i} ." + ("\n\n" if i % 11 == 0 else " ")
            expected.add((at + len(filler) + 6, at + len(filler) + 6 + len(name), NAMES[name]))
            parts.append(sentence)
            at += len(sentence)
        text = "".join(parts).strip()
        write_table(tmp_path / f"docs-{tokens}", [Document("long", text)], Document)
        code = (
            "import resource, sys\nfrom pathlib import Path\nfrom gonerd.annotation.run import annotate_documents\n"
            "annotate_documents(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], rules=[])\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
        )
        words = [str(tmp_path / f"docs-{tokens}"), str(tmp_path / f"layer-{tokens}"), str(gazetteer)]
        done = subprocess.run([sys.executable, "-P", "-c", code, *words], capture_output=True, text=True, check=True)
        peaks[tokens] = int(done.stdout)
        (annotation,) = read_annotations(tmp_path / f"layer-{tokens}")
        assert {s.key for s in annotation.spans} == expected
    assert len(text.split()) > 950_000
    assert peaks[1_000_000] - peaks[100_000] < 250, peaks
