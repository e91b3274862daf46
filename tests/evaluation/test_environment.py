"""What a number was measured with: the commit of the source, whatever results were kept in the checkout since."""

import subprocess

from gonerd.evaluation import environment


def test_results_that_are_kept_leave_the_source_as_it_is(tmp_path, monkeypatch):
    source, kept = tmp_path / "evaluation" / "environment.py", tmp_path / "benchmarks" / "results" / "x.json"
    monkeypatch.setattr(environment, "__file__", str(source))
    assert environment.git_state() is None  # no checkout

    def git(*words):
        who = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    def write(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write(source, "first")
    git("init")
    git("add", ".")
    git("commit", "-m", "source")
    first = environment.git_state()
    assert first["dirty"] is False and len(first["commit"]) == 40
    write(kept, "{}")
    assert environment.git_state() == first
    git("add", ".")
    git("commit", "-m", "results")
    assert environment.git_state() == first
    write(source, "second")
    assert environment.git_state() == {**first, "dirty": True}
    git("commit", "-am", "source again")
    assert environment.git_state()["commit"] != first["commit"]
