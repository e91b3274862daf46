"""Two processes take the same steps as one."""

import json
import subprocess
import sys

import pytest

from .test_recipe import log, run, steps_for

_LAUNCH = [
    sys.executable, "-P", "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1",
    "--master-port", "0", "--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "-m", "gonerd",
]  # fmt: skip


@pytest.mark.slow
def test_two_processes_equal_one(recipe_file, teacher, tmp_path):
    losses = {
        "masked_lm": {"weight": 2}, "soft_targets": {"weight": 5}, "hidden_cosine": {}, "value_relations": {"rows": 9},
        "hidden_mse": {},
    }  # fmt: skip

    def written(name, **training):
        steps = steps_for(teacher, steps=4, **training)
        steps[1]["losses"] = losses
        return recipe_file(steps, name)

    run(written("one.yaml", batch_size=4), tmp_path / "one")
    command = [*_LAUNCH, "models", "distill", "--config", str(written("two.yaml", batch_size=2))]
    done = subprocess.run([*command, "--out", str(tmp_path / "two")], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[:6000]
    ours, theirs = log(tmp_path / "one"), log(tmp_path / "two")
    assert len(ours) == len(theirs) >= 6
    for a, b in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, rel=1e-4)
    note = json.loads((tmp_path / "two" / "student" / "gonerd.json").read_text())
    assert note["processes"] == 2
    assert done.stdout.count("student: 4 steps") == 1
