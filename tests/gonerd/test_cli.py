"""The command line: exit codes, one-sentence errors, configuration files, lazy imports."""

import subprocess
import sys

import pytest

from gonerd.cli import main

GROUPS = ("crawl", "annotate", "dataset", "models", "evaluate", "demo")
HEAVY = ("torch", "transformers", "scrapy", "spacy")


def run_python(code, cwd):
    return subprocess.run([sys.executable, "-P", "-c", code], cwd=cwd, capture_output=True, text=True, check=False)


def test_help_lists_every_group(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(group in out for group in GROUPS)


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_help(group, capsys):
    assert main([group, "--help"]) == 0
    assert "Usage: gonerd" in capsys.readouterr().out


@pytest.mark.parametrize(
    "code", ["import gonerd", "from gonerd.cli import main; assert main(['models', '--help']) == 0"]
)
def test_light_imports(code, tmp_path):
    """Neither the package nor the help of a heavy group loads the heavy libraries."""
    done = run_python(f"import sys\n{code}\nprint(*(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)", tmp_path)
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (["annotate", "run", "x", "--out", "y"], "spacy", "annotation"),
        (["models", "halve", "x", "--out", "y"], "torch", "models"),
        (["evaluate", "run", "x", "--out", "y"], "torch", "evaluation"),
        (["crawl", "extract", "x", "--out", "y"], "trafilatura", "crawl"),
        (["dataset", "build", "--documents", "x", "--layer", "y", "--out", "z"], "sentencex", "build"),
    ],
)
def test_a_missing_extra_is_one_sentence(arguments, package, extra, tmp_path):
    hide = f"sys.modules[{package!r}] = None"  # what an import finds then is ModuleNotFoundError
    done = run_python(f"import sys; {hide}; from gonerd.cli import main; sys.exit(main({arguments!r}))", tmp_path)
    assert done.returncode == 1
    assert f"pip install 'gonerd[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


CASES = {
    "missing file": (["annotate", "run", "no.jsonl", "--out", "l"], 1, "no.jsonl: no such JSONL file"),
    "empty folder": (["annotate", "run", "empty", "--out", "l"], 1, "holds no *.parquet"),
    "no such WARC folder": (["crawl", "extract", "no", "--out", "d"], 1, "no"),
    "unknown attention": (
        ["models", "convert", "x", "--attention", "longfromer", "--out", "m"],
        2,
        "unknown attention 'longfromer'; did you mean 'longformer'",
    ),
    "unknown task": (["models", "finetune", "x", "--task", "gonerdd", "--out", "m"], 2, "did you mean 'gonerd'"),
    "unknown task to score": (["evaluate", "run", "x", "--task", "glue", "--out", "r"], 2, "unknown task 'glue'"),
    "pipeline not installed": (
        ["annotate", "run", "d.jsonl", "--out", "l", "--pipeline", "en_no_such"],
        1,
        "python -m spacy download en_no_such",
    ),
    "unknown format": (
        ["annotate", "export", "l", "--documents", "d", "--out", "o", "--format", "x"],
        2,
        "known: argilla, brat, conll, docbin, doccano, jsonl, label-studio, prodigy",
    ),
    "malformed YAML": (["annotate", "run", "d.jsonl", "--config", "bad.yaml"], 2, "bad.yaml: not valid YAML"),
    "YAML that is no mapping": (["annotate", "run", "d.jsonl", "--config", "list.yaml"], 2, "found list"),
    "missing YAML": (["annotate", "run", "d.jsonl", "--config", "no.yaml"], 2, "no.yaml: cannot read"),
    "unknown key": (
        ["annotate", "run", "d.jsonl", "--config", "key.yaml"],
        2,
        "key.yaml: unknown key 'pipelin'; did you mean 'pipeline'?",
    ),
    "span outside its text": (
        ["dataset", "build", "--documents", "d.jsonl", "--layer", "wrong", "--out", "ds", "--release", "private"],
        1,
        "part-00000.parquet row 0: annotation of document 0 (layer 'l'): span 0..99 'LOC' lies outside its text",
    ),
    "nothing may be released": (
        ["dataset", "build", "--documents", "d.jsonl", "--layer", "wrong", "--out", "ds"],
        1,
        "4 documents were set aside: 4 licence-unknown",
    ),
    "unknown release": (
        ["dataset", "build", "--documents", "d.jsonl", "--layer", "wrong", "--out", "ds", "--release", "url-only"],
        2,
        "did you mean 'urls-only'",
    ),
    "no release to check": (["dataset", "check", "empty"], 1, "empty is no release"),
    "no source of texts": (["dataset", "rehydrate", "empty", "--out", "o"], 2, "exactly one of --documents"),
    "unknown export": (["dataset", "export", "sample", "--out", "o", "--format", "conl"], 2, "did you mean 'conll'"),
    "no previous release": (
        ["dataset", "build", "--documents", "d.jsonl", "--layer", "wrong", "--out", "ds", "--previous", "empty"],
        1,
        "empty is no release",
    ),
    "no blocklist": (
        ["dataset", "build", "--documents", "d.jsonl", "--layer", "wrong", "--out", "ds", "--blocklist", "b"],
        1,
        "b: no such blocklist",
    ),
    "no results": (["evaluate", "report", "empty", "--out", "r"], 1, "holds no *.json"),
    "no such model": (["models", "halve", "no/such/folder", "--out", "m"], 1, "no/such/folder"),
    "lengths": (["evaluate", "efficiency", "x", "--lengths", "1,b", "--out", "r"], 2, "--lengths '1,b'"),
}


GIVEN = {"empty", "d.jsonl", "wrong", "bad.yaml", "list.yaml", "key.yaml"}


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    from gonerd import Annotation, Document, Span
    from gonerd.tables import write_table

    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "d.jsonl").write_text("".join(f'{{"id": "{i}", "text": "Oslo {i}"}}\n' for i in range(4)))
    wrong = [
        Annotation(d.id, "l", "1", d.sha256, (Span(0, 99, "LOC"),))
        for d in (Document(str(i), f"Oslo {i}") for i in range(4))
    ]
    write_table(tmp_path / "wrong", wrong, Annotation)
    (tmp_path / "bad.yaml").write_text("out: [a")
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "key.yaml").write_text("pipelin: x\n")
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_sentence(case, workplace, capsys):
    arguments, code, sentence = CASES[case]
    assert main(arguments) == code
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    made = {path.name for path in workplace.iterdir()} - {
        "empty",
        "d.jsonl",
        "wrong",
        "bad.yaml",
        "list.yaml",
        "key.yaml",
    }
    assert not made, "a refused command left something behind"


def test_wrong_use_is_exit_code_2(capsys):
    assert main(["annotate", "run", "--no-such-option"]) == 2
    assert main(["annotte"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_debug_shows_the_traceback(workplace, capsys):
    assert main(["annotate", "run", "no.jsonl", "--out", "l", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_config_gives_defaults_and_the_command_line_wins(workplace, capsys):
    (workplace / "ok.yaml").write_text("out: from-config\nlimit: 2\n")
    assert main(["annotate", "run", "d.jsonl", "--config", "ok.yaml"]) == 0
    assert "annotated 2 documents" in capsys.readouterr().out
    assert main(["annotate", "run", "d.jsonl", "--config", "ok.yaml", "--limit", "3", "--out", "other"]) == 0
    assert "annotated 3 documents" in capsys.readouterr().out
    assert (workplace / "from-config").is_dir()
    assert (workplace / "other").is_dir()
