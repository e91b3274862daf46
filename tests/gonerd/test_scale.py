"""Stages behind executors: markers, errors, and Slurm's scripts, run by a stand-in for Slurm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

from gonerd.cli import main
from gonerd.errors import GonerdError, UsageError
from gonerd.scale.ahead import begin_importing
from gonerd.scale.executors import run_stages
from gonerd.scale.processes import Processes
from gonerd.scale.stages import SlurmOptions, Stage
from gonerd.scale.submitted import check_ended, note_job

# Another installed package is called `tests` too, and worker processes look up a step's module by its name.
sys.path.append(str(Path(__file__).parent))
from scale_steps import Note, Process, meet

OPTIONS = SlurmOptions(partition="cpu", time="01:30:00", memory=3, account="project-1", qos="long")


def ran(folder: Path, name: str) -> list[str]:
    path = folder / name
    return sorted(path.read_text().split()) if path.exists() else []


def test_stages_run_in_order_and_once(tmp_path: Path, capfd: Any) -> None:
    stages = [Stage("one", [Note(tmp_path, "one")]), Stage("two", [Note(tmp_path, "two")], tasks=1)]
    for _ in range(2):
        assert run_stages(stages, tmp_path / "logs", tasks=3)
    assert ran(tmp_path, "one") == ["0/3", "1/3", "2/3"]
    assert ran(tmp_path, "two") == ["0/1"]
    assert capfd.readouterr() == ("", "")
    assert "Processing done" in (tmp_path / "logs" / "one" / "logs" / "task_00000.log").read_text()


def test_worker_processes_give_way_to_fresh_ones(tmp_path: Path) -> None:
    stage = Stage("one", [Process(tmp_path)], recycle=1)
    run_stages([stage], tmp_path / "logs", tasks=6, workers=2)
    first, second, third = ({*ran(tmp_path, f"{rank}"), *ran(tmp_path, f"{rank + 1}")} for rank in (0, 2, 4))
    assert not first & second | second & third | first & third


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_is_raised_and_the_rest_is_kept(tmp_path: Path, workers: int, capfd: Any) -> None:
    def stages(*fails: int) -> list[Stage]:
        return [Stage("one", [Note(tmp_path, "one", fails)]), Stage("two", [Note(tmp_path, "two")])]

    with pytest.raises(GonerdError, match="task 2 cannot"):
        run_stages(stages(2), tmp_path / "logs", tasks=3, workers=workers)
    assert ran(tmp_path, "two") == []
    assert (tmp_path / "logs" / "one" / "errors" / "00002.txt").read_text() == "task 2 cannot\n"
    run_stages(stages(), tmp_path / "logs", tasks=3, workers=workers)
    assert ran(tmp_path, "one") == ["0/3", "1/3", "2/3"]
    assert not (tmp_path / "logs" / "one" / "errors" / "00002.txt").exists()
    assert capfd.readouterr() == ("", "")


def test_processes_serve_all_stages(tmp_path: Path) -> None:
    """Of two workers every stage is run by the same two, the one that has a single task too."""
    begin_importing(["scale_steps"], "local", 2)
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    stages = [Stage("one", [Note(tmp_path, "one")]), Stage("two", [Note(tmp_path, "two")], tasks=1)]
    run_stages(stages, tmp_path / "logs", tasks=8, workers=2)
    told = {path.name: path.read_text().split() for path in tmp_path.glob("*.process")}
    assert len(told) == 9
    assert {parent for _, parent in told.values()} == {str(server)}
    assert len({process for process, _ in told.values()}) <= 2


def test_an_unknown_error_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run_stages([Stage("x", [Note(tmp_path, "x", (0,), "unknown")])], tmp_path / "logs")
    note = (tmp_path / "logs" / "x" / "errors" / "00000.txt").read_text()
    assert note == "unexpected ZeroDivisionError: by zero\n"


def slurm_stages(folder: Path) -> list[Stage]:
    return [Stage("read", [Note(folder, "read")]), Stage("settle", [Note(folder, "settle")], tasks=1)]


def test_slurm_scripts(tmp_path: Path) -> None:
    stages = slurm_stages(tmp_path)
    done = run_stages(stages, tmp_path / "jobs", executor="slurm", tasks=7, workers=2, slurm=OPTIONS, dry_run=True)
    assert done is False
    scripts = sorted(path.name for path in (tmp_path / "jobs").glob("*.s*"))
    assert scripts == ["1-read.sbatch", "2-settle.sbatch", "submit.sh"]
    for name in scripts:
        subprocess.run(["bash", "-n", str(tmp_path / "jobs" / name)], check=True)
    wanted = {"read": "0-6%2", "settle": "0-0%1"}
    for path in (tmp_path / "jobs").glob("*.sbatch"):
        lines = re.findall(r"^#SBATCH --([a-z-]+)(?:=(.*))?$", path.read_text(), re.MULTILINE)
        options = dict(lines)
        assert options["partition"] == "cpu"
        assert (options["time"], options["mem-per-cpu"], options["account"]) == ("01:30:00", "3G", "project-1")
        assert (options["qos"], options["cpus-per-task"], options["nodes"]) == ("long", "1", "1")
        assert options["array"] == wanted[options["job-name"].removeprefix("gonerd-")]
        assert str(Path(sys.executable).parent) in path.read_text()
    first, second = re.findall(r"^job\d=\$\(.*", (tmp_path / "jobs" / "submit.sh").read_text(), re.MULTILINE)
    assert "--dependency" not in first and first.endswith("1-read.sbatch)")
    assert '"--dependency=afterok:$job1"' in second and second.endswith("2-settle.sbatch)")


@pytest.mark.slow
def test_slurm_runs_what_is_submitted(tmp_path: Path, slurm: Path, gonerd_pages: Path) -> None:
    """The whole extraction, as jobs; then the scripts of a dry run, submitted by hand."""
    out = {name: tmp_path / name for name in ("here", "submitted-out", "by-hand")}
    here = ["crawl", "extract", str(gonerd_pages)]
    command = [sys.executable, "-P", "-m", "gonerd", *here]
    words = ["--executor", "slurm", "--slurm-partition", "cpu", "--tasks", "2"]
    assert main([*here, "--out", str(out["here"])]) == 0
    done = subprocess.run([*command, *words, "--out", str(out["submitted-out"])], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert slurm.read_text().count("\n") == 5
    assert "--dependency=afterok:4" in slurm.read_text().splitlines()[4]
    Path(f"{slurm}.queued").write_text("1\n")
    assert main([*here, "--near", "0.5", "--out", str(out["submitted-out"])]) == 1, "the plan is its job's"
    Path(f"{slurm}.queued").write_text("")
    slurm.unlink()
    assert main([*here, *words, "--dry-run", "--out", str(out["by-hand"])]) == 0
    assert not slurm.exists() and not out["by-hand"].exists()
    (submit,) = tmp_path.glob(".by-hand.extract/logs/*/submit.sh")
    subprocess.run(["bash", str(submit)], check=True, capture_output=True)
    assert (submit.parent / "jobs.txt").read_text().split() == ["1", "2", "3", "4", "5"]
    expected = {path.name: path.read_bytes() for path in out["here"].glob("*.parquet")}
    assert expected
    for name in ("submitted-out", "by-hand"):
        assert {path.name: path.read_bytes() for path in out[name].glob("*.parquet")} == expected


@pytest.fixture
def gonerd_pages(tmp_path: Path) -> Path:
    body = "".join(f"<p>Sentence {i} about the northern quay and what the board decided there.</p>" for i in range(9))
    html = f"<!doctype html><html><body><article><h1>Quay</h1>{body}</article></body></html>"
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(html)}\r\n\r\n{html}"
    head = "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: https://example.org/1\r\nWARC-Record-ID: <urn:x>\r\n"
    path = tmp_path / "x.warc"
    path.write_text(f"{head}WARC-Date: 2025-03-01T10:00:00Z\r\nContent-Length: {len(http)}\r\n\r\n{http}\r\n\r\n")
    return path


def test_jobs_that_have_not_ended(tmp_path: Path, slurm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queued, logs = Path(f"{slurm}.queued"), tmp_path / "work" / "logs"
    logs.joinpath("one").mkdir(parents=True)
    check_ended(logs)
    assert note_job(logs / "one", "charged to p1, 20 hours left\nSubmitted batch job 41 on cluster east\n") == "41"
    assert note_job(logs / "one", "Submitted batch job 105\n") == "105"
    queued.write_text("4\n10\n")
    check_ended(logs)
    queued.write_text("105\n7\n41\n41\n")
    with pytest.raises(GonerdError, match=r"work: jobs of .*`squeue --jobs=41,105`.* `scancel 41 105`"):
        check_ended(logs)
    queued.unlink()  # the cluster's controller does not answer
    with pytest.raises(GonerdError, match=r"one/jobs.txt: .*remove that file if they have"):
        check_ended(logs)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GonerdError, match="run the command on a login node"):
        check_ended(logs)
    with pytest.raises(GonerdError, match="'quota exceeded', which names no job"):
        note_job(logs, "quota exceeded\n")


def test_slurm_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GonerdError, match="no `sbatch` on this machine; run the command on a login node"):
        run_stages(slurm_stages(tmp_path), tmp_path / "jobs", executor="slurm", slurm=OPTIONS)
    with pytest.raises(UsageError, match="--slurm-partition"):
        run_stages(slurm_stages(tmp_path), tmp_path / "jobs", executor="slurm", dry_run=True)


def test_something_said_in_every_process(tmp_path: Path) -> None:
    """All of them do it at the same time, or the first would wait for ever; one that dies is told of in a sentence."""
    with Processes(2, tmp_path / "console.log") as processes:
        assert processes.each(meet, tmp_path) in {path.name for path in tmp_path.iterdir()}
        with pytest.raises(GonerdError, match="a worker process was ended from outside"):
            processes.each(os._exit, 3)
