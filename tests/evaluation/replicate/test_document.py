"""RESULTS.md: its numbers by hand and by the comparison, without results, and against the files in the repository."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from gonerd.cli import main
from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.compare.counts import read_kept
from gonerd.evaluation.compare.kept import averages
from gonerd.evaluation.compare.pairs import CompareSettings, compare_runs
from gonerd.evaluation.compare.resampling import bootstrap
from gonerd.evaluation.compare.run import compare
from gonerd.evaluation.replicate import deepen, read_replicate
from gonerd.evaluation.replicate.differences import differences
from gonerd.evaluation.replicate.document import document
from gonerd.evaluation.replicate.evidence import read_evidence
from gonerd.evaluation.replicate.groups import group_kept, group_mean
from gonerd.evaluation.replicate.places import Folders
from gonerd.evaluation.replicate.publish import publish
from gonerd.evaluation.replicate.settings import Attention, Deepen
from gonerd.evaluation.replicate.student_settings import Taught
from gonerd.evaluation.replicate.work import DONE, State
from gonerd.evaluation.results import read_scored
from tests.evaluation.replicate.making import settings
from tests.evaluation.report.conftest import classes, write_scores, write_times

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def config(tmp_path):
    """A configuration of two short tasks, and one of long answers that nobody is scored on."""
    tasks = {"sst2": None, "rte": None, "hotpotqa": None}
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(settings("org/encoder", tasks=tasks, taught=[]), sort_keys=False))
    return read_replicate(path)


def keep(config, model, task, wrong, count=40, **changes):
    """Keeps a result of a model that is wrong on the examples `wrong`."""
    work = config.results.parent / "predictions"
    work.mkdir(exist_ok=True)
    seed = changes.pop("seed", 0)
    changes["settings"] = {"max_length": 512, "stride": 64, "seed": seed}
    path = write_scores(work, f"{model}.seed-{seed}", task, classes(set(wrong), count), **changes)
    publish(path, config.results, f"models/{model}")
    return path


def rows(text, heading):
    """Returns the first table below a heading, a dictionary a row."""
    section = text.partition(f"{heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    names, *found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table if "---" not in line]
    return [dict(zip(names, row, strict=True)) for row in found]


def test_kept_and_saved_by_hand(config):
    """Teacher 36 and 30 of 40 right, student 27 and 30: kept (27 + 30) / (36 + 30) = 86.4 %."""
    for model, wrong in (("longformer", (4, 10)), ("longformer-ctd", (13, 10))):
        for task, count in zip(("sst2", "rte"), wrong, strict=True):
            keep(config, model, task, range(count))
    own = {"baseline": "huggingface", "role": "baseline", "baseline_of": "longformer"}
    cells = [("longformer", 4096, 2.0, 400, {}), ("longformer-ctd", 4096, 1.2, 300, {"times": [1.2] * 5})]
    cells += [("longformer", 1024, 0.5, 200, {}), ("longformer-ctd", 1024, 0.25, 150, {})]
    write_times(
        config.results, [*cells, ("longformer/huggingface", 4096, 4.0, 800, {**own, "times": [4.0] * 4 + [3.0]})]
    )
    text = document(config)
    row = next(row for row in rows(text, "## What students keep and save") if row["held against"] == "`longformer`")
    assert row["short context kept"].startswith("86.4% (") and row["long-context answers kept"] == "–"
    assert row["time saved"].startswith("40.0%") and row["memory saved"] == "25.0%"
    assert row["time saved, Hugging Face's teacher"] == "70.0% (60.0% to 70.0%)"
    assert row["memory saved, Hugging Face's teacher"] == "62.5%"
    other = next(row for row in rows(text, "## What students keep and save") if row["student"].endswith("Then-Convert"))
    assert (other["time saved"], other["memory saved"]) == ("as longformer, Convert-Then-Distill", "")
    published = {row["what"]: row["here"] for row in rows(text, "## Beside the published numbers")}
    assert published["inference time saved, on average"] == "45.0%, over 1,024 / 4,096 tokens"
    assert published["inference time saved, at most"].startswith("50.0%")
    targets = [row for row in rows(text, "## Targets") if row["here"] != "–"]
    assert targets[0]["against the published number"].startswith("98.6%: missed by 12.2 points")
    assert targets[1]["against what is aimed at"] == "70.0%: met by 0.0 points, the interval holds it"
    scores = {row["model"]: row["`sst2`"] for row in rows(text, "## Scores: short context")}
    assert scores["longformer, teacher"].startswith("**0.900** (") and scores["full, teacher"] == "–"
    assert {row["task"]: row["cells there"] for row in rows(text, "## What was run")} == {
        **{"`sst2`": "2 of 7", "`rte`": "2 of 7"},
        "`hotpotqa`": "0 of 7",
    }


def test_a_longer_lesson_is_held_against_a_teacher_that_read_as_long(config):
    """Of 80 the teacher has 60, as long 72, the student 54, with its teacher's answers 63: 63 / 60, but 63 / 72."""
    longer = {"passes": 3, "called": "longer", "tasks": ["sst2", "rte"]}
    lessons = [Taught(student=name, **longer) for name in ("longformer", "longformer-ctd")]
    lessons.append(Taught(student="longformer-ctd", teacher="longformer", **longer))
    config = config.model_copy(update={"taught": tuple(lessons)})
    wrong = {"longformer": 10, "longformer-longer": 4, "longformer-ctd-longer": 13, "longformer-ctd-td-longer": 8.5}
    for model, count in wrong.items():
        keep(config, model, "sst2", range(int(count)))
        keep(config, model, "rte", range(int(count + 0.5)))
    text = document(config)
    kept = {row["student"]: row for row in rows(text, "## What students keep and save")}
    assert kept["longformer, task distillation, longer"]["short context kept"].startswith("105.0%")
    assert kept["longformer, Convert-Then-Distill, longer"]["short context kept"].startswith("90.0%")
    assert "longformer, teacher, longer" not in kept and "| longformer, teacher, longer |" in text
    technique = text.partition("### 2.")[2].partition("### 3.")[0]
    assert "`longformer-ctd-td-longer` keeps 87.5% (" in technique
    assert "`longformer-ctd-longer` keeps 75.0% (" in technique
    assert technique.count("of `longformer-longer`, which read its tasks as often.") == 2
    for first in ("longformer-ctd-longer", "longformer"):
        second = "longformer-longer" if first == "longformer" else "longformer-ctd-td-longer"
        assert technique.count(f"`{second}` - `{first}`") == 2


def test_a_part_of_a_group_is_no_verdict(config):
    """BigBird's student lacks the hard task: neither the best here, nor a target met; it is said of each number."""
    for model, wrong in (("longformer", (4, 20)), ("longformer-ctd", (4, 24))):
        for task, count in zip(("sst2", "rte"), wrong, strict=True):
            keep(config, model, task, range(count))
    config = config.model_copy(update={"attentions": {**config.attentions, "bigbird": Attention()}})
    for model in ("bigbird", "bigbird-ctd", "full", "full-ctd"):
        keep(config, model, "sst2", range(4))
    text = document(config)
    best = rows(text, "## Beside the published numbers")[0]
    assert best["here"].startswith("92.9% (") and best["here"].endswith(", longformer")  # 52 of 56
    assert "bigbird 100.0% (1 of 2 tasks)" in best["by attention"] and best["baselines"] == "full 100.0% (1 of 2 tasks)"
    found = {row["student"]: row["against the published number"] for row in rows(text, "## Targets")[:5]}
    assert found["bigbird, Convert-Then-Distill"] == "98.6%: 1 of 2 tasks so far"
    assert found["full, Convert-Then-Distill (baseline)"] == "98.6%: 1 of 2 tasks so far"
    assert "missed by 5.7 points" in found["longformer, Convert-Then-Distill"]
    assert "keeps most" not in text  # of attentions that were scored on the same there is one


def test_baselines_and_reasons_stand_in_the_tables(config):
    """Windows have their times, and a cell of Hugging Face's code that cannot be has the reason in its place."""
    own = {"role": "baseline", "baseline": "windows"}
    cells = [("full/windows", 4096, 2.0, 400, {**own, "baseline_of": "full"})]
    cells += [("full-ctd/windows", 4096, 1.0, 300, {**own, "baseline_of": "full-ctd"})]
    write_times(config.results, cells)
    path = config.results / "efficiency.json"
    missing = {"model": "longformer/huggingface", "role": "baseline", "baseline": "huggingface", "length": 4096}
    missing |= {"baseline_of": "longformer", "batch": 1, "malloc": "default", "weights_sha256": "0" * 64}
    missing |= {"reason": "no such code"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "not_measured": [missing]}))
    text = document(config)
    found = {row["student"]: row for row in rows(text, "## What students keep and save")}
    assert found["full in windows, distilled"]["time saved"].startswith("50.0%")
    assert found["longformer, Convert-Then-Distill"]["time saved, Hugging Face's teacher"] == "no such code"
    timed = {row["student"]: row["against the published number"] for row in rows(text, "## Targets")[-3:]}
    assert timed["longformer, Convert-Then-Distill"] == "57.8%: no such code"
    assert timed["full in windows, distilled (baseline)"].startswith("57.8%: missed by 7.8 points")


def test_intervals_are_those_of_the_comparison(config, tmp_path):
    """One task against `compare_runs`, a group against `averages`."""
    draw = np.random.default_rng(0)
    paths = {}
    for model, share in (("longformer", 0.2), ("longformer-ctd", 0.3)):
        for task in ("sst2", "rte"):
            wrong = np.flatnonzero(draw.random(60) < share).tolist()
            paths[model, task] = keep(config, model, task, wrong, count=60)
    evidence, pairs, draws = read_evidence(config.results), [], []
    for task in ("sst2", "rte"):
        sides = [[read_scored(paths[model, task])] for model in ("longformer", "longformer-ctd")]
        pair = compare_runs(*sides, CompareSettings(resamples=2000))
        kept = evidence.tasks[task].kept("longformer", "longformer-ctd")
        assert kept.as_dict() == pytest.approx(pair.numbers["intervals"]["kept"])
        difference = evidence.tasks[task].difference("longformer", "longformer-ctd")
        assert difference.as_dict() == pytest.approx(pair.numbers["intervals"]["difference"])
        pairs.append(pair.numbers)
        draws.append(pair.draws)
    found = group_kept(evidence, "short", "longformer", "longformer-ctd")
    theirs = averages(pairs[::-1], draws[::-1])["short"]  # the files are read in the order of their names
    assert found.value == pytest.approx(theirs["kept"])
    ends = theirs["intervals"]["kept"]
    assert (found.interval.low, found.interval.high) == pytest.approx((ends["low"], ends["high"]), abs=0.01)


def test_intervals_hold_the_seeds_too(config):
    """Two seeds of 0.8 and 0.4 over 400 documents: most of the width is theirs, and a model that has one has none."""
    for seed, right in ((0, 320), (1, 160)):
        keep(config, "longformer-ctd", "sst2", range(right, 400), count=400, seed=seed)
    keep(config, "longformer", "sst2", range(40), count=400)
    scores = read_evidence(config.results).tasks["sst2"]
    found = scores.score("longformer-ctd")
    assert found.value == pytest.approx(0.6) and found.low < 0.42 and found.high > 0.78
    assert np.std(scores.draws("longformer-ctd")) == pytest.approx(0.2 / 2**0.5, rel=0.05)  # of a mean of two draws
    assert scores.error_of_seeds("longformer-ctd") == pytest.approx(np.std([0.8, 0.4], ddof=1) / 2**0.5)
    assert np.std(scores.draws("longformer")) == pytest.approx((0.9 * 0.1 / 400) ** 0.5, rel=0.05)
    assert scores.error_of_seeds("longformer") is None


def test_two_models_are_compared_over_the_seeds_that_both_have(config):
    """A second seed of the teacher alone changes what it scores, and no share of it."""
    keep(config, "longformer", "sst2", range(40), count=400)
    keep(config, "longformer-ctd", "sst2", range(80), count=400)
    before = read_evidence(config.results)
    keep(config, "longformer", "sst2", range(200), count=400, seed=1)
    after = read_evidence(config.results)
    one, other = before.tasks["sst2"], after.tasks["sst2"]
    assert (one.value("longformer"), other.value("longformer")) == pytest.approx((0.9, 0.7))
    pair = "longformer", "longformer-ctd"
    assert other.kept(*pair) == one.kept(*pair) and other.kept(*pair).value == pytest.approx(0.8 / 0.9)
    assert other.difference(*pair) == one.difference(*pair)
    assert group_kept(after, "short", *pair).value == pytest.approx(0.8 / 0.9)
    for seed in (0, 1):
        keep(config, "longformer-ctd", "rte", range(80), count=400, seed=seed)
        keep(config, "longformer", "rte", range(80), count=400, seed=seed)
    kept = rows(document(config), "## What students keep and save")
    assert next(row for row in kept if row["held against"] == "`longformer`")["seeds"] == "0, 1 on 1 of 2 tasks"
    keep(config, "bigbird-ctd", "sst2", range(80), count=400, seed=2)
    apart = read_evidence(config.results).tasks["sst2"]
    assert apart.difference("longformer", "bigbird-ctd").value == pytest.approx(0.1)  # none in common: all there are
    whole = read_evidence(config.results, whole_road=True)  # of another encoder, so there is no comparing
    assert apart.compares("longformer", "bigbird-ctd")
    assert not whole.tasks["sst2"].compares("longformer", "bigbird-ctd")
    assert group_kept(whole, "short", "longformer", "bigbird-ctd") is None
    assert not list(differences(whole, "longformer", "bigbird-ctd"))


def test_a_seed_of_the_whole_road_is_drawn_once_for_all(config):
    """A good encoder makes a good teacher and a good student: their share varies less than if each drew its own."""
    for seed, wrong in ((0, 40), (1, 200)):
        for task in ("sst2", "rte"):
            keep(config, "longformer", task, range(wrong), count=400, seed=seed)
            keep(config, "longformer-ctd", task, range(wrong), count=400, seed=seed)
    pair = "longformer", "longformer-ctd"
    apart, together = (read_evidence(config.results, whole_road=whole) for whole in (False, True))
    found = together.tasks["sst2"].kept(*pair)
    assert (found.low, found.high) == pytest.approx((1, 1))
    assert apart.tasks["sst2"].kept(*pair).high > 1.5
    means = [np.std(group_mean(one, "short", "longformer").samples) for one in (apart, together)]
    spread = 0.2 / 2**0.5  # of a mean of two draws of 0.9 and 0.5
    assert means == pytest.approx([spread / 2**0.5, spread], rel=0.06)


def test_a_mean_over_seeds_is_one_of_scores(config):
    """F1 of pooled counts would be another number: the report takes the mean of the seeds' scores."""
    paths = [keep(config, "longformer", "cola", range(0, wrong, 2), seed=seed) for seed, wrong in enumerate((4, 30))]
    found = [read_scored(path).result.score for path in paths]
    scores = read_evidence(config.results).tasks["cola"]
    assert scores.value("longformer") == pytest.approx(np.mean(found), abs=1e-12)
    pooled = scores.runs["longformer"][0].statistic(sum(run.counts.sum(0) for run in scores.runs["longformer"]))
    assert abs(pooled - np.mean(found)) > 1e-3


def test_seeds_go_where_they_lessen_most(config, monkeypatch):
    """Not to the widest interval, which is of few documents, but to scores that differ from seed to seed."""
    for seed, wrong in ((0, 10), (1, 10)):
        for model in ("longformer", "longformer-ctd"):
            other = 5 if model == "longformer-ctd" else 0
            keep(config, model, "rte", range(other, other + wrong), count=20, seed=seed)
            spread = 60 * seed if model == "longformer-ctd" else 0
            keep(config, model, "sst2", range(40 + spread), count=400, seed=seed)
    tasks = read_evidence(config.results).tasks
    kept = {name: task.kept("longformer", "longformer-ctd") for name, task in tasks.items()}
    assert kept["rte"].high - kept["rte"].low > kept["sst2"].high - kept["sst2"].low
    deeper = config.model_copy(update={"seeds": (0, 1), "deepen": Deepen(most_seeds=3)})
    done = {path.stem.removesuffix(".validation") for path in config.results.glob("*.json")}
    monkeypatch.setattr(
        deepen, "state_of", lambda cell: State(DONE if cell.name.rpartition(".")[0] in done else "to do")
    )
    assert [cell.name for cell in deepen.further(deeper, Folders(deeper, config.results))] == [
        *("longformer.seed-2.sst2.validation", "longformer-ctd.seed-2.sst2.validation")
    ]
    without = deeper.model_copy(update={"tasks": {name: deeper.tasks[name] for name in ("rte", "hotpotqa")}})
    assert {cell.task for cell in deepen.further(without, Folders(without, config.results))} == {"rte"}


def test_moments_survive_rounding(config, tmp_path):
    """A correlation is kept to the sixth digit, and so are its intervals."""
    draw = np.random.default_rng(1)
    gold = draw.integers(0, 6, 300).astype(float)
    rows_ = [
        (str(i), float(g), float(g + n)) for i, (g, n) in enumerate(zip(gold, draw.normal(0, 2, 300), strict=True))
    ]
    path = write_scores(tmp_path, "m.seed-0", "stsb", rows_)
    publish(path, config.results, "models/m")
    kept, scored = read_kept(config.results / path.name), read_scored(path)
    assert float(kept.statistic(kept.counts.sum(0))) == pytest.approx(scored.result.score, abs=1e-5)
    found = compare(path, path)["pairs"][0]["intervals"]["first"]
    again = bootstrap(kept.counts, kept.counts, kept.statistic).first.as_dict()
    assert again == pytest.approx(found, abs=1e-4)


def test_without_any_result(config):
    text = document(config)
    assert "No cell was run yet" in text and "0 of 7" in text
    numbers = [row for row in rows(text, "## What students keep and save")]
    assert all(
        value == "–" for row in numbers for name, value in row.items() if name not in ("student", "held against")
    )
    assert all("no figure" in row["against the published number"] for row in rows(text, "## Targets"))


def test_remarks_stand_where_they_belong(config):
    config.results.mkdir()
    path = config.results / "remarks.yaml"
    path.write_text("targets: It was tried.\nquestions: {order: It does.}\nsurprises: None did.\n")
    text = document(config)
    assert text.index("## Targets") < text.index("It was tried.") < text.index("## The open questions")
    assert text.index("### 4. ") < text.index("It does.") < text.index("### 5. ") and "## What surprised" in text
    path.write_text("surprises: Of 4 students all keep 98.6 %, and 45.2% of the time.\n")
    assert "Of 4 students all keep 98.6 %" in document(config)  # as the published numbers have it
    path.write_text("surprises: It keeps 97 %.\n")
    with pytest.raises(UsageError, match=r"remarks.yaml: '97 %' stands in no table of the document"):
        document(config)
    path.write_text("questions: {ordre: It does.}\n")
    with pytest.raises(UsageError, match=r"unknown question in .*'ordre'; did you mean 'order'"):
        document(config)
    path.write_text("target: x\n")
    with pytest.raises(UsageError, match="unknown key 'target'; did you mean 'targets'"):
        document(config)


def test_results_of_two_settings_do_not_mix(config):
    keep(config, "longformer", "sst2", range(4), training={"epochs": 1})
    keep(config, "longformer-ctd", "sst2", range(4), training={"epochs": 2})
    with pytest.raises(GonerdError, match=r"epochs differ .* run `gonerd evaluate replicate --redo`"):
        read_evidence(config.results)


def test_the_document_in_the_repository_is_what_its_results_say(capsys):
    """`make docs` writes it."""
    config = ROOT / "configs" / "replicate-small.yaml"
    told = read_replicate(config)
    assert (ROOT / "docs" / "RESULTS.md").read_text(encoding="utf-8") == document(told)
    for path in sorted(told.results.glob("*.seed-*.json")):
        assert not re.search(r'"(/|[A-Z]:\\)', path.read_text()), f"{path} names a folder"
    assert main(["evaluate", "replicate", "--config", str(config)]) == 2
    assert "name the working folder with --out" in capsys.readouterr().err
