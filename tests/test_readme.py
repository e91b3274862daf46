"""The README's commands run as written, and the generated documents are fresh."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import forked_gonerd
from tools.reference import TARGET, render

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash( server)?\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_the_commands_of_the_readme(tmp_path):
    if importlib.util.find_spec("all_minilm_l6_v2") is None:
        pytest.skip("the packaged teacher is not installed; `make setup` does it")
    scripts = Path(sys.executable).parent
    (server,) = [text for is_server, text in BLOCKS if is_server]
    steps = [text for is_server, text in BLOCKS if not is_server]
    assert len(steps) >= 4
    words = server.split()
    process = subprocess.Popen([scripts / words[0], *words[1:]], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("serving ")
        with forked_gonerd(tmp_path / "bin") as gonerd:
            environment = {**os.environ, "PATH": os.pathsep.join((str(gonerd.parent), os.environ["PATH"]))}
            for text in steps:
                script = ["bash", "-c", f"set -eu\n{text}"]
                done = subprocess.run(
                    script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()
    assert "score kept" in (tmp_path / "road" / "report" / "report.html").read_text()


def test_the_python_of_the_readme():
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_reference_is_fresh():
    assert TARGET.read_text(encoding="utf-8") == render(), "run `make docs` and commit the result"


def test_every_make_target_has_help():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "check", "bench", "docs", "clean"):
        assert re.search(rf"^{target}\b +\S", done.stdout, flags=re.MULTILINE)
