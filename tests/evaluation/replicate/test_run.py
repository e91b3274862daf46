"""The whole matrix in seconds: what it leaves, how it goes on after a kill, and whether it notices a change."""

import gc
import json
import shutil

import pytest
import yaml

from gonerd.cli import main
from gonerd.errors import GonerdError
from gonerd.evaluation.compare.counts import read_kept
from gonerd.evaluation.efficiency.facts import facts_of
from gonerd.evaluation.efficiency.plan import groups
from gonerd.evaluation.replicate import cells, read_replicate, timing
from gonerd.evaluation.replicate.document import document
from gonerd.evaluation.replicate.evidence import read_evidence
from gonerd.evaluation.replicate.run import replicate, states
from gonerd.evaluation.replicate.work import DONE, OTHERWISE
from gonerd.evaluation.results import read_scored
from gonerd.evaluation.schema import read_result
from gonerd.models.load import load_model
from tests.evaluation.replicate.making import TRAINING, write_replication, write_text
from tests.evaluation.report.conftest import write_times

SYSTEMS = 7  # encoder and its student, two teachers, their students, one of the other order
LESSONS = 4  # taught once, taught longer, longer without a teacher, and the half of what is fine-tuned


@pytest.fixture(scope="module", autouse=True)
def frozen():
    """Every trainer collects garbage, and to look at all that was imported takes longer than its steps."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A replication that was run: its folder, and what was told."""
    root = tmp_path_factory.mktemp("done")
    told = []
    came = replicate(read_replicate(write_replication(root)), root / "work", tell=told.append)
    assert not came.failed and not came.left, came.failed
    return root, told


@pytest.fixture(scope="module")
def untouched(done, tmp_path_factory):
    """A copy of it."""
    return shutil.copytree(done[0], tmp_path_factory.mktemp("untouched") / "copy")


@pytest.fixture
def changed(done, untouched):
    """The same folder, to be changed, which is put back afterwards: what was made in it knows its place."""
    root, _ = done
    yield root
    held = {path.relative_to(untouched) for path in untouched.rglob("*")}
    for path in sorted(root.rglob("*"), reverse=True):  # files before the folders around them
        if path.relative_to(root) not in held:
            path.rmdir() if path.is_dir() else path.unlink()
    for name in sorted(held):
        source, path = untouched / name, root / name
        if source.is_dir():
            path.mkdir(exist_ok=True)
        elif not path.exists() or path.stat().st_mtime_ns != source.stat().st_mtime_ns:
            shutil.copy2(source, path)


def words(root, *more):
    return ["evaluate", "replicate", "--config", str(root / "tiny.yaml"), "--out", str(root / "work"), *more]


def config_of(root, **changes):
    path = root / "tiny.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}, sort_keys=False))
    return read_replicate(path)


def test_what_is_left(done):
    """Every cell has its result; models are what they are called; the taught one learnt from its teacher."""
    root, told = done
    kept = sorted(path.name for path in (root / "kept").glob("*.json"))
    assert len(kept) == 3 * SYSTEMS + LESSONS + 1 and "models.json" in kept
    assert told[0].startswith("[1/") and told[-1].split("] ")[1].startswith("report: report.html, report.md")
    layers = {
        name: load_model(root / "work" / "models" / name, None)[0].config for name in ("longformer", "longformer-dtc")
    }
    assert {name: config.num_hidden_layers for name, config in layers.items()} == {"longformer": 4, "longformer-dtc": 2}
    assert layers["longformer-dtc"].attention_window == [16, 16]
    taught = read_kept(root / "kept" / "longformer-ctd-td.seed-0.more.test.json").result.training
    plain = read_kept(root / "kept" / "longformer-ctd.seed-0.more.test.json").result.training
    assert taught["distill_weight"] == 0.5 and "teacher_sha256" in taught and "teacher_sha256" not in plain
    longer = read_kept(root / "kept" / "longformer-ctd-td-longer.seed-0.more.test.json").result.training
    assert (longer["epochs"], longer["steps"]) == (2 * taught["epochs"], 2 * taught["steps"])
    alone = read_kept(root / "kept" / "longformer-longer.seed-0.more.test.json").result.training
    assert alone["steps"] == longer["steps"] == 2 * plain["steps"] and "teacher_sha256" not in alone
    half = read_kept(root / "kept" / "longformer-half-td.seed-0.more.test.json").result
    assert half.model.layers == 2 and half.training["distill_weight"] == 0.5
    before = read_scored(root / "work" / "results" / "full.seed-0.squad.test.json").result.model.weights_sha256
    after = read_kept(root / "kept" / "full.seed-0.more.test.json").result.training["begun_from_sha256"]
    assert after == before
    tuned = {path.name for path in (root / "work" / "tuned").glob("*/*") if path.is_dir()}
    assert "full.seed-0" in tuned and not list(
        (root / "work" / "tuned" / "news").iterdir()
    )  # only those that are needed


def test_two_processes_leave_what_one_does(done, tmp_path, capsys):
    """The same scores and counts, with whatever those cells need made first, each thing once."""
    root, _ = done
    only = ["--only", "corpus", "--only", "cell/full.*.more.test"]
    write_replication(tmp_path)
    assert main(words(tmp_path, *only, "--only", "cell/longformer.*.more.test", "--workers", "2")) == 0
    said = [line.split("] ")[1].split(":")[0] for line in capsys.readouterr().out.splitlines() if "] " in line]
    assert "cell/longformer.seed-0.squad.test" in said and len(said) == len(set(said))
    assert said.index("cell/longformer.seed-0.squad.test") < said.index("cell/longformer.seed-0.more.test")
    kept = list((tmp_path / "kept").glob("*.test.json"))
    assert len(kept) == 4
    for path in kept:
        one, other = (read_kept(folder / "kept" / path.name) for folder in (tmp_path, root))
        assert one.result.metrics == other.result.metrics and (one.counts == other.counts).all()


def test_what_is_kept_holds_no_text_and_no_folder(done):
    root, _ = done
    for path in (root / "kept").iterdir():
        held = path.read_bytes()
        assert str(root).encode() not in held and b"judge" not in held and b"zeal" not in held, path
        assert len(held) < 8000 or path.name == "models.json"


def test_counts_give_the_scores_of_the_predictions(done):
    root, _ = done
    for path in (root / "kept").glob("*.seed-*.json"):
        scored = read_scored(root / "work" / "results" / path.name)
        kept = read_kept(path)
        assert kept.result.score == scored.result.score
        assert float(kept.statistic(kept.counts.sum(0))) == pytest.approx(scored.result.score, abs=1e-6)
        assert len(kept.counts) == len(set(scored.matched.documents))


def test_done_again_it_does_nothing(done, capsys):
    root, _ = done
    before = {path: path.stat().st_mtime_ns for path in (root / "work").rglob("*") if path.suffix == ".json"}
    assert main(words(root)) == 0
    assert "0 steps done now, " in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (root / "work" / "RESULTS.md").read_text() == document(read_replicate(root / "tiny.yaml"))


def test_a_kill_loses_nothing(changed, monkeypatch):
    """Struck down in a cell, and again in another, the run ends with the results of an undisturbed one."""
    config = read_replicate(changed / "tiny.yaml")
    whole = {name: runs[0].result.metrics for name, runs in read_evidence(config.results).tasks["news"].runs.items()}
    struck_ = ("full", "longformer", "full-ctd", "longformer-ctd")
    for path in [path for name in struck_ for path in changed.rglob(f"{name}.seed-0.news.*") if path.exists()]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    evaluate, count = cells.evaluate_model, 0

    def struck(*arguments):
        nonlocal count
        count += 1
        if count in (2, 4):
            raise KeyboardInterrupt
        return evaluate(*arguments)

    monkeypatch.setattr(cells, "evaluate_model", struck)
    for left in (3, 2):
        with pytest.raises(KeyboardInterrupt):
            replicate(config, changed / "work")
        assert len(list(config.results.glob("*.seed-0.news.*.json"))) == SYSTEMS - left
    came = replicate(config, changed / "work")
    assert len(came.done) == 2 and not came.failed  # the report is over the same results as before
    found = read_evidence(config.results).tasks["news"].runs
    assert {name: runs[0].result.metrics for name, runs in found.items()} == whole


def test_when_the_time_is_up(changed, capsys):
    config_of(changed, seeds=[0, 1])
    assert main(words(changed, "--for", "0")) == 0
    said = capsys.readouterr().out
    assert f"the time is up: {3 * SYSTEMS + LESSONS} steps are left, cell/encoder.seed-1.news.test the first" in said
    assert main(words(changed, "--dry-run", "--only", "*.seed-1.news.*")) == 0
    assert f"{SYSTEMS} steps, 0 done, {SYSTEMS} left" in capsys.readouterr().out


def test_what_a_kill_leaves_is_put_right(changed):
    """Killed before its mark or before the summary: both come with the next run, whatever is told anew meanwhile."""
    name, summary = "full.seed-0.squad.test", changed / "kept" / "models.json"
    (changed / "work" / "cells" / f"{name}.json").rename(changed / "work" / "cells" / f"{name}.begun")
    held = summary.read_bytes()
    summary.unlink()
    tasks = yaml.safe_load((changed / "tiny.yaml").read_text())["tasks"]
    tasks["squad"]["limit"] = 2
    torn = "full.seed-0.news.test"
    (changed / "work" / "cells" / f"{torn}.json").write_text("{")
    config = config_of(changed, tasks=tasks)
    assert {state.what for _, state in states(config, changed / "work", [f"cell/{torn}"])} == {OTHERWISE}
    came = replicate(config, changed / "work", only=[f"cell/{torn}", f"cell/{name}"])
    assert came.done == [f"cell/{name}"] and "remove " in came.failed[f"cell/{torn}"]
    assert read_kept(changed / "kept" / f"{name}.json").result.counts.scored == 2
    assert summary.read_bytes() == held


def test_the_document_does_not_describe_another_setting(changed, capsys):
    """Budgets that were changed and not run are refused; what failed is said nevertheless."""
    config_of(changed, training={"student": {**TRAINING, "steps": 4}, "short": TRAINING})
    assert main(words(changed, "--results-only")) == 1
    assert "differs from the configuration in 'full-ctd.training.steps', so the document" in capsys.readouterr().err
    assert main(words(changed, "--only", "model/full-ctd")) == 1
    said = capsys.readouterr()
    assert "1 steps failed, as said above" in said.err and "differs from the configuration in" in said.err


def test_results_of_another_training_are_not_mixed_in(changed, capsys):
    """A second working folder does not begin where the first one's results are kept; nor do other weights count."""
    words_ = words(changed)
    words_[words_.index("--out") + 1] = str(changed / "other")
    before = sorted(path.name for path in (changed / "kept").iterdir())
    assert main(words_) == 1
    said = capsys.readouterr().err
    assert (
        f"holds {3 * SYSTEMS + LESSONS} results that were not made in" in said and "remove the results or name" in said
    )
    config_of(changed, deepen={"most_seeds": 2})
    assert main([*words_, "--only", "deepen"]) == 1 and "were not made in" in capsys.readouterr().err
    assert sorted(path.name for path in (changed / "kept").iterdir()) == before
    summary = changed / "kept" / "models.json"
    value = json.loads(summary.read_text())
    value["models"]["full"]["weights_sha256"] = "0" * 64
    summary.write_text(json.dumps(value))
    with pytest.raises(GonerdError, match=r"'full' of which models.json states another weights_sha256"):
        read_evidence(changed / "kept")


def test_seeds_with_models_of_their_own(changed, capsys):
    """Another folder may make a further seed, from the encoder on; who asks it for the first as well is refused."""
    config = config_of(changed, seeds=[0, 1], models_by_seed=True)
    other, only = changed / "other", ["--only", "full*.seed-1.squad.*"]
    words_ = [*words(changed), "--only", "full.seed-1.squad.*", "--only", "full-ctd.seed-1.squad.*"]
    words_[words_.index("--out") + 1] = str(other)
    assert main(words_) == 0
    summary = json.loads((changed / "kept" / "models.json").read_text())["models"]
    first, second = summary["full-ctd"], summary["full-ctd.seed-1"]
    assert second["of"] == "full-start.seed-1" and "longformer.seed-1" not in summary
    assert first["weights_sha256"] != second["weights_sha256"]
    (run,) = (r for r in read_evidence(config.results).tasks["squad"].runs["full-ctd"] if r.result.settings.seed == 1)
    assert run.result.training["base_weights_sha256"] == second["weights_sha256"]
    assert run.result.model.path == "models/full-ctd.seed-1"
    capsys.readouterr()
    words_ = words_[: words_.index("--only")]
    assert main(words_) == 1 and "choose steps of other seeds with --only" in capsys.readouterr().err
    assert main([*words(changed), *only, "--dry-run"]) == 0
    assert "cell/full-ctd.seed-1.squad.test: done (in another working folder)" in capsys.readouterr().out
    # The first folder makes the same of it, and keeps what it says of the first seed.
    for path in config.results.glob("*.seed-1.*"):
        path.unlink()
    assert not replicate(config, changed / "work", only=["model/full-ctd.seed-1"]).failed
    again = json.loads((changed / "kept" / "models.json").read_text())["models"]
    assert again["full-ctd.seed-1"] == second and again["full-ctd"] == first
    assert "Every seed has models of its own, trained" in document(config)


def test_a_further_seed_makes_its_models(changed):
    """Where intervals are widest as well."""
    told = {"deepen": {"most_seeds": 2, "models": ["longformer-dtc"]}, "taught": [], "models_by_seed": True}
    config = config_of(changed, **told)
    came = replicate(config, changed / "work", only=["deepen"])
    models = {name for name in came.done if name.startswith("model/")}
    assert models == {"model/longformer.seed-1", "model/longformer-dtc.seed-1"} and not came.failed
    bases = {
        run.result.settings.seed: run.result.training["base_weights_sha256"]
        for run in read_evidence(config.results).tasks["news"].runs["longformer-dtc"]
    }
    assert len(set(bases.values())) == 2 and set(bases) == {0, 1}
    summary = json.loads((changed / "kept" / "models.json").read_text())["models"]
    assert summary["longformer-dtc.seed-1"]["weights_sha256"] == bases[1]


def test_another_configuration_is_noticed(changed, capsys):
    """Cells of other settings are refused, then done again if so wished; models are refused."""
    tasks = yaml.safe_load((changed / "tiny.yaml").read_text())["tasks"]
    tasks["news"]["epochs"] = 2
    config = config_of(changed, tasks=tasks)
    found = {work.name: state for work, state in states(config, changed / "work")}
    others = [name for name, state in found.items() if state.what == OTHERWISE]
    assert len(others) == SYSTEMS and all(".news." in name for name in others)
    assert found[others[0]].remark == "it differs in 'task.epochs'; pass --redo to do it again"
    assert main(words(changed, "--only", "*.news.*")) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"error: {SYSTEMS} steps failed") and "was done with other settings" in said.out
    came = replicate(config, changed / "work", only=["full.*.news.*"], redo=True)
    assert came.done == ["cell/full.seed-0.news.test"] and not came.failed
    assert read_kept(changed / "kept" / "full.seed-0.news.test.json").result.training["epochs"] == 2
    attentions = {"full": None, "longformer": {"window": 8}}
    found = {work.name: state for work, state in states(config_of(changed, attentions=attentions), changed / "work")}
    assert found["model/longformer"].what == OTHERWISE and "'window'" in found["model/longformer"].remark
    assert found["model/full"].what == DONE


def test_what_comes_of_other_models_and_text_is_noticed(changed):
    """A window is in no weight, and text in no setting: what was made with others is not taken for done."""
    config = config_of(changed, attentions={"full": None, "longformer": {"window": 8}})
    shutil.rmtree(changed / "work" / "models" / "longformer")
    assert not replicate(config, changed / "work", only=["model/longformer"]).failed
    found = {work.name: state for work, state in states(config, changed / "work")}
    assert found["model/longformer"].what == DONE and found["model/full-ctd"].what == DONE
    assert "'sources.model.config_sha256'" in found["model/longformer-start"].remark
    assert "'config_sha256'" in found["cell/longformer.seed-0.news.test"].remark
    assert "'config_sha256'" in found["cell/longformer.seed-0.more.test"].remark
    assert "'teacher.config_sha256'" in found["cell/longformer-ctd-td.seed-0.more.test"].remark
    begun = [read_kept(changed / "kept" / "longformer.seed-0.more.test.json").result.training["begun_from_sha256"]]
    assert not replicate(config, changed / "work", only=["longformer.seed-0.squad.*"], redo=True).failed
    assert not replicate(config, changed / "work", only=["longformer.seed-0.more.*"], redo=True).failed
    begun += [read_kept(changed / "kept" / "longformer.seed-0.more.test.json").result.training["begun_from_sha256"]]
    assert begun[0] != begun[1]  # it went on from the model of the other window
    shutil.rmtree(changed / "work" / "corpus-96")
    write_text(changed / "data" / "text.jsonl", count=59)
    assert not replicate(config, changed / "work", only=["corpus"]).failed
    found = {work.name: state for work, state in states(config, changed / "work", ["model"])}
    assert found["model/full"].what == DONE and "'sources.corpus'" in found["model/full-ctd"].remark


def test_students_distilled_otherwise(changed):
    """Other layers, another text: made beside the rest, scored where asked, compared with the student they vary."""
    write_text(changed / "data" / "other.jsonl", count=50)
    text = {"members": [{"name": "other", "path": "other.jsonl"}], "held_out": 0.1}
    text["filters"] = {"exact_duplicates": False, "near_duplicates": None}
    variants = {
        "last-layers": {"attention": "longformer", "tasks": ["news"], "layers": "last"},
        "other-text": {"attention": "full", "tasks": ["squad", "more"], "corpus": {"mix": text}},
    }
    config = config_of(changed, variants=variants)
    came = replicate(config, changed / "work", only=["corpus", "model", "cell"])
    models = ["longformer-last-layers-start", "longformer-last-layers", "full-other-text"]
    cells = ["longformer-last-layers.seed-0.news", "full-other-text.seed-0.squad", "full-other-text.seed-0.more"]
    wanted = ["corpus/other-text-96", *(f"model/{name}" for name in models), *(f"cell/{name}.test" for name in cells)]
    assert sorted(came.done) == sorted(wanted) and not came.failed
    notes = {path.parent.name: json.loads(path.read_text()) for path in changed.glob("work/models/*/gonerd.json")}
    kept = {name: notes[f"{name}-start"]["kept_layers"] for name in ("longformer-last-layers", "longformer")}
    assert kept == {"longformer-last-layers": [2, 3], "longformer": [0, 2]}
    assert notes["full-other-text"]["corpus"]["name"] == "other-text" and notes["full-ctd"]["corpus"]["name"] == "tiny"
    text = document(config)
    first, second = text.partition("### 1.")[2].split("### 2.")
    assert "Mixes used: other-text, tiny." in first and first.count("`full-other-text` - `full-ctd`") == 2
    assert "`longformer-last-layers` - `longformer-ctd`" in second.partition("### 3.")[0]
    assert "| longformer, last layers |" in text
    run = [line for line in text.partition("## What was run")[2].splitlines() if line.startswith("| `")]
    there = {line.split("`")[1]: line.split("|")[-2].strip() for line in run}
    more = {"news": 1, "squad": 1, "more": 1 + LESSONS}  # and those fine-tuned otherwise
    assert there == {name: f"{SYSTEMS + n} of {SYSTEMS + n}" for name, n in more.items()}


def test_one_that_fails_costs_no_other(changed, capsys):
    shutil.rmtree(changed / "data" / "ner")
    config_of(changed, seeds=[3])
    assert main(words(changed, "--only", "encoder.seed-3.*")) == 1
    said = capsys.readouterr()
    assert "error: cell/encoder.seed-3.news.test: task 'news' has to be fine-tuned first" in said.out
    assert "cell/encoder.seed-3.squad.test: score" in said.out and "1 steps failed" in said.err
    assert (changed / "kept" / "encoder.seed-3.squad.test.json").is_file()


def test_further_seeds_go_where_intervals_are_widest(changed):
    """Of all pairs the one with the widest share kept gets its next seed, both sides of it, and then the others."""
    config = config_of(changed, deepen={"most_seeds": 2, "models": ["longformer-dtc"]}, taught=[])
    scores = read_evidence(changed / "kept").tasks
    wide = {
        name: (
            task.difference("longformer", "longformer-dtc").high - task.difference("longformer", "longformer-dtc").low
        )
        / task.value("longformer")
        for name, task in scores.items()
        if task.value("longformer") > 0
    }
    came = replicate(config, changed / "work", only=["deepen"])
    extra = [name for name in came.done if ".seed-1." in name]
    assert len(extra) == 2 * len(wide) and not came.failed and came.done[-1] == "report"  # over all of them
    widest = max(wide, key=lambda name: wide[name])
    assert {name.split(".")[0] for name in extra[:2]} == {"cell/longformer", "cell/longformer-dtc"}
    assert all(f".{widest}." in name for name in extra[:2])


def test_times_of_models_made_longer(changed, monkeypatch):
    """Measured beyond the length they were made for, kept once, known again; until there are new times the old stay."""
    asked = []

    def measure(models, out, settings):
        """Plans as the measuring does, and makes the figures up: that runs a process a cell, see test_efficiency."""
        settings.check()
        (group,) = groups({model.name: facts_of(str(model)) for model in models}, settings)
        assert all(cell.facts.longest == 128 and cell.against is None for cell in group.cells if cell.role == "model")
        asked.append([cell.model for cell in group.cells])
        write_times(out, [(cell.model, 128, 1.0, 100, {"repeats": settings.repeats}) for cell in group.cells[:2]])
        return read_result(out / "efficiency.json")

    monkeypatch.setattr(timing, "measure_efficiency", measure)
    told = {"max_length": 128, "lengths": [128], "repeats": 1}
    config = config_of(changed, efficiency=[told])
    came = replicate(config, changed / "work", only=["times"])
    assert came.done == ["times/128"], came.failed
    models = ["full", "longformer", "full-ctd", "longformer-ctd"]
    beside = ["full/huggingface", "full/full", "full/windows", "longformer/huggingface", "full-ctd/windows"]
    assert asked == [[*models, *beside]]  # what hangs on the size alone is measured once
    assert [cell.model for cell in read_evidence(changed / "kept").times["times-128"].cells] == models[:2]
    assert replicate(config, changed / "work", only=["times"]).before == ["times/128"]
    config = config_of(changed, efficiency=[{**told, "repeats": 2}])
    (state,) = [state for work, state in states(config, changed / "work", ["times"])]
    assert state.what == OTHERWISE and "'settings.repeats'" in state.remark
    monkeypatch.setattr(timing, "measure_efficiency", lambda *_: pytest.fail("struck down"))
    with pytest.raises(pytest.fail.Exception):
        replicate(config, changed / "work", only=["times"], redo=True)
    assert (changed / "kept" / "times-128.json").is_file()
    monkeypatch.setattr(timing, "measure_efficiency", measure)
    assert replicate(config, changed / "work", only=["times"]).done == ["times/128"]  # it goes on without --redo
    note = changed / "work" / "models" / "full" / "gonerd.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "config_sha256": "0" * 64}))
    (state,) = [state for work, state in states(config, changed / "work", ["times"])]
    assert state.what == OTHERWISE and "'models.full.config_sha256'" in state.remark


def test_a_result_that_was_tampered_with(changed, capsys):
    path = changed / "kept" / "full.seed-0.squad.test.json"
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "score": value["score"] + 0.1}))
    assert main(words(changed, "--results-only")) == 1
    assert "its counts give another score than full.seed-0.squad.test.json states" in capsys.readouterr().err
