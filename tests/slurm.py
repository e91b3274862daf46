"""A stand-in for Slurm's commands, which runs what is submitted here and now."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

SBATCH = """#!{python}
# Runs a job array here and now, one task after the other, and prints an id as sbatch does.
import os, re, subprocess, sys
script = sys.argv[-1]
first, last = re.search(r"^#SBATCH --array=(\\d+)-(\\d+)", open(script).read(), re.M).groups()
with open(os.environ["SUBMITTED"], "a") as log:
    log.write(" ".join(sys.argv[1:-1]) + chr(10))
number = sum(1 for _ in open(os.environ["SUBMITTED"]))
for task in range(int(first), int(last) + 1):
    env = dict(os.environ, SLURM_ARRAY_TASK_ID=str(task), SLURM_NODELIST="n1", SLURM_JOB_ID=str(number))
    done = subprocess.run(["bash", script], env=env, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        sys.exit(done.returncode)
print(f"{{number}};east" if "--parsable" in sys.argv else f"Submitted batch job {{number}} on cluster east")
"""
SRUN = '#!/bin/bash\nwhile [[ $1 == -* ]]; do [[ $1 == -n ]] && shift; shift; done\nexec "$@"\n'


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Slurm's commands; returns the file in which it notes what was submitted.

    Jobs whose ids stand in the file `submitted.queued` beside it are said to be queued or running.
    """
    tools = tmp_path / "bin"
    tools.mkdir()
    launch = f"#!{sys.executable}\nfrom datatrove.tools.launch_pickled_pipeline import main\nmain()\n"
    written = {
        "sbatch": SBATCH.format(python=sys.executable),
        "srun": SRUN,
        "squeue": '#!/bin/bash\n[[ "$*" == "--noheader --format=%F" ]] && cat "$SUBMITTED.queued"\n',
        "scontrol": "#!/bin/bash\necho n1\n",
        "launch_pickled_pipeline": launch,
    }
    for name, text in written.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("SUBMITTED", str(tmp_path / "submitted"))
    (tmp_path / "submitted.queued").touch()
    return tmp_path / "submitted"
