"""The report says what the result files say, on one page that nothing on it can take over."""

import json
import re
from dataclasses import dataclass
from itertools import pairwise

import pytest

from gonerd import GonerdError, UsageError
from gonerd.cli import main
from gonerd.evaluation.compare.run import CompareSettings, compare
from gonerd.evaluation.replicate.publish import publish
from gonerd.evaluation.report import ReportSettings, write_report
from gonerd.evaluation.report.charts import curves
from gonerd.evaluation.report.plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Series, plot, ticks
from gonerd.evaluation.report.times import time_rows, time_saved
from tests.browser import HOSTILE, load, needs_chromium
from tests.evaluation.report.conftest import classes, spanned, write_scores, write_times

FAST = CompareSettings(resamples=100)


def tables(markdown):
    """Reads the tables of Markdown: from heading to rows."""
    found = {}
    for part in re.split(r"^#+ ", markdown, flags=re.MULTILINE):
        lines = [line for line in part.splitlines() if line.startswith("|")]
        cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
        rows = [dict(zip(cells[0], row, strict=True)) for row in cells[2:]] if cells else []
        found.setdefault(part.partition("\n")[0], rows)
    return found


def report(results, out, **settings):
    html, markdown = write_report(results, out, ReportSettings(compare=FAST, **settings))
    return html.read_text(), tables(markdown.read_text())


def test_kept_and_saved_by_hand(results, tmp_path):
    _, found = report(results, tmp_path / "out")
    (summary,) = found["What was kept, what was saved"]
    assert (summary["student"], summary["teacher"]) == ("small", "big")
    assert summary["time saved"] == "75.0%"  # 0.5 s instead of 2 s
    assert summary["memory saved"] == "25.0%"  # 75 MB instead of 100
    assert summary["score kept, short"].startswith("89.5% (")  # 0.85 of 0.95
    assert summary["score kept, long-ner"].startswith("66.7% (")  # two of three spans, and one that is none
    assert summary["score kept, all"].startswith("77.8% (")  # (0.85 + 2/3) / (0.95 + 1)
    rows = {row["task"]: row for row in found["Score kept, task by task"]}
    assert rows["rte/validation"]["difference"].startswith("-0.100 (")
    assert rows["rte/validation"]["documents"] == "40"
    assert [row["rte/validation"] for row in found["All scores"]] == ["0.950", "0.850"]
    (published,) = (row for row in found["Beside the published numbers"] if row["what"].startswith("short"))
    assert published["published"] == "98.6%"
    assert published["small here"].startswith("89.5% (") and published["small here"].endswith("; rte)")
    timed = {row["model"]: row for row in found["Time and memory"]}
    assert (timed["small"]["ms"], timed["small"]["time saved"], timed["big"]["time saved"]) == ("500", "75.0%", "")


def test_intervals_and_tests_are_those_of_compare(results, tmp_path):
    _, found = report(results, tmp_path / "out")
    compared = compare(results / "big", results / "small", FAST)
    pair = next(pair for pair in compared["pairs"] if pair["task"] == "rte")
    row = next(row for row in found["Score kept, task by task"] if row["task"] == "rte/validation")
    kept = pair["intervals"]["kept"]
    assert row["score kept"] == f"{kept['value']:.1%} ({kept['low']:.1%} to {kept['high']:.1%})"
    assert row["p"] == f"{pair['randomisation_p']:.4f}"
    ends = compared["averages"]["all"]["intervals"]["kept"]
    (summary,) = found["What was kept, what was saved"]
    assert summary["score kept, all"] == f"77.8% ({ends['low']:.1%} to {ends['high']:.1%}), 2 tasks"


def test_seeds_are_mean_and_deviation(tmp_path):
    for seed, wrong in enumerate([{0}, {0, 1}, {0, 1, 2}]):
        write_scores(tmp_path / "r", f"big-seed{seed}", "rte", classes(wrong))
        write_scores(tmp_path / "r", f"small-seed{seed}", "rte", classes({*wrong, 9}))
    _, found = report(tmp_path / "r", tmp_path / "out", teacher="big-seed1")
    (row,) = found["Score kept, task by task"]
    assert row["teacher's score"] == "0.950 ± 0.025 (3 seeds)"
    assert row["student's score"] == "0.925 ± 0.025 (3 seeds)"
    assert [row["model"] for row in found["Counts"]] == [f"{n}-seed{i}" for n in ("big", "small") for i in range(3)]


def test_teachers_and_pairs_can_be_named(results, tmp_path):
    assert report(results, tmp_path / "out", teacher="small")[1]["What was kept, what was saved"][0]["student"] == "big"
    write_scores(results, "other", "rte", classes({3}))
    _, found = report(results, tmp_path / "out", pairs=("other=small", "big=other"))
    assert [(r["teacher"], r["student"]) for r in found["What was kept, what was saved"]] == [
        ("other", "small"),
        ("big", "other"),
    ]
    for settings, message in (({"teacher": "smal"}, "did you mean 'small'"), ({"pairs": ("a",)}, "TEACHER=STUDENT")):
        with pytest.raises(UsageError, match=message):
            report(results, tmp_path / "out", **settings)


def test_only_the_same_examples_compare(results, tmp_path):
    write_scores(results, {"name": "small"}, "rte", classes({1}, count=20))
    _, found = report(results, tmp_path / "out")
    rows = [row for row in found["Score kept, task by task"] if row["task"].startswith("rte")]
    assert {row["score kept"].partition(":")[0] for row in rows} == {"n/a"}
    assert "the teacher was not scored on these examples" in rows[0]["score kept"]
    matrix = found["All scores"]
    assert sorted(row[name] for row in matrix for name in row if name.startswith("rte")) == [
        *("0.950", "0.950", "missing", "missing"),
    ]


def test_other_gold_does_not_compare(results, tmp_path):
    path = results / "small.rte.predictions.jsonl"
    path.write_text(path.read_text().replace('"gold": 0', '"gold": 1', 1))
    _, found = report(results, tmp_path / "out")
    row = next(row for row in found["Score kept, task by task"] if row["task"] == "rte/validation")
    assert row["score kept"].startswith("n/a: ") and "the gold answers of '0' differ" in row["score kept"]
    assert found["What was kept, what was saved"][0]["score kept, long-ner"].startswith("66.7%")


def test_a_single_document_has_no_interval(tmp_path):
    write_scores(tmp_path / "r", "big", "rte", [("0", 1, 1)])
    write_scores(tmp_path / "r", "small", "rte", [("0", 1, 0)])
    row = report(tmp_path / "r", tmp_path / "out")[1]["Score kept, task by task"][0]
    assert row["score kept"].startswith("0.0%; no interval: ") and "at least two" in row["score kept"]


def test_without_predictions_there_is_no_interval(results, tmp_path):
    path = next(results.glob("small.rte.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "predictions": None}))
    _, found = report(results, tmp_path / "out")
    row = next(row for row in found["Score kept, task by task"] if row["task"] == "rte/validation")
    assert row["score kept"].startswith("89.5%; no interval: ") and "names no predictions" in row["score kept"]
    assert row["p"] == "–"
    # An average over both tasks has none either: it would pass for one over all.
    assert found["What was kept, what was saved"][0]["score kept, all"] == "77.8%, 2 tasks"


def test_nothing_was_cut(results, tmp_path):
    _, found = report(results, tmp_path / "out")
    for row in found["Counts"]:
        assert (row["scored"], row["words"], row["windows"], row["truncated"]) == ("2", "50", "3", "0")


@dataclass
class Measured:
    """A cell with every field that one may have."""

    model: str
    length: int
    seconds: float
    role: str = "model"
    baseline: str | None = None
    baseline_of: str | None = None
    malloc: str | None = "default"
    windows: int | None = None
    random_weights: bool = False
    stable: bool = True
    flops: int | None = 2 * 10**9
    disk_bytes: int | None = 3 * 10**6
    batch: int = 1
    attention: str = "sdpa"
    peak_bytes: int = 10**7
    weight_bytes: int = 10**6
    device: str = "cpu"
    dtype: str = "torch.float32"
    threads: int = 2

    def __post_init__(self):
        self.quartiles = (self.seconds, self.seconds)
        self.tokens_per_second = self.length / self.seconds


def test_baselines_stand_beside_their_model_and_are_none_themselves():
    full = {"role": "baseline", "baseline": "full", "baseline_of": "big", "random_weights": True, "stable": False}
    cells = [Measured("big", 512, 2.0), Measured("small", 512, 0.5), Measured("big/full", 512, 5.0, **full)]
    cells += [Measured("big", 1024, 4.0), Measured("small", 1024, 2.0)]
    time = curves(cells)[0]
    assert [(one.name, one.dashed) for one in time.series] == [
        *(("big", False), ("small", False), ("full (for big)", True)),
    ]
    rows = {(row["model"], row["tokens"]): row for row in time_rows(cells, {"small": "big"})}
    row = rows["full (for big)", 512]
    assert (row["time of the model's"], row["time saved"]) == ("2.50 times", "")
    assert row["remarks"] == "random weights, warm-up did not settle"
    assert (row["GFLOPs"], row["on disk"], row["conditions"]) == (
        "2.0",
        "3.0 MB",
        "cpu, 2 threads, float32, malloc default",
    )
    assert [rows["small", length]["time saved"] for length in (512, 1024)] == ["75.0%", "50.0%"]
    found = time_saved(cells, "big", "small")
    assert (found["time_saved"]["mean"], found["condition"]) == (0.625, "cpu, 2 threads, float32, malloc default")


def test_axes_enclose_their_points():
    for low, high in ((0, 1), (0, 0.037), (0.84, 0.93), (12, 8_191), (0.5, 0.5), (0, 0), (-0.2, 0.3)):
        found = ticks(low, high)
        assert found[0] <= low and found[-1] >= high and 2 <= len(found) <= 8
        steps = {round(b - a, 9) for a, b in pairwise(found)}
        assert len(steps) == 1
    drawn = plot("t", "x", "y", [Series("a", ((512, 1.0), (4096, 3.0)))], by_doubling=True).series[0]
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in drawn.points)


def test_times_of_other_conditions_do_not_compare(results, tmp_path):
    write_times(results, [("big", 512, 2.0, 100, {}), ("small", 512, 0.5, 75, {"threads": 1})])
    _, found = report(results, tmp_path / "out")
    assert found["What was kept, what was saved"][0]["time saved"] == "–"


def test_a_single_model_has_nothing_to_compare(tmp_path):
    write_scores(tmp_path / "r", "big", "rte", classes({0}))
    html, found = report(tmp_path / "r", tmp_path / "out")
    assert "nothing to compare" in html
    assert "What was kept, what was saved" not in found
    assert found["All scores"] == [{"model": "big", "rte/validation": "0.975"}]


def test_broken_and_missing_results_are_named(results, tmp_path, capsys):
    (results / "stranger.json").write_text("[1]")  # in nobody's way
    report(results, tmp_path / "out")
    (results / "efficiency.json").write_text("{")
    with pytest.raises(GonerdError, match=r"efficiency\.json: not valid JSON"):
        report(results, tmp_path / "out")
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "x.json").write_text("{}")
    assert main(["evaluate", "report", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 1
    assert "holds no scores; run `gonerd evaluate run" in capsys.readouterr().err


def hostile(folder):
    """Results in which every name is hostile: models, datasets, devices, ids, answers."""
    for number, text in enumerate(HOSTILE):
        rows = [(f"{text}{i}", i % 2, (i + number) % 2) for i in range(4)]
        write_scores(folder, f"m{number}{text}", "rte", rows, dataset={"name": text, "version": text})
        answers = [(f"{text}{i}", (text,), f"{text}{number}") for i in range(4)]
        write_scores(folder, f"m{number}{text}", "squad", answers)
        spans = [[(0, 9, text), (12, 15, "PER")], [(0, 2, text)]]
        write_scores(folder, f"m{number}{text}", "gonerd", spanned(spans, [spans[0], []]))
    write_times(folder, [(f"m{i}{text}", 512, 1.0, 10, {"attention": text}) for i, text in enumerate(HOSTILE)])


def test_the_page_is_self_contained_and_escaped(tmp_path):
    hostile(tmp_path / "r")
    html, _ = report(tmp_path / "r", tmp_path / "out")
    assert not re.search(r"""<[^>]*\s(?:src|style|on\w+)=""", html)
    assert set(re.findall(r"<(script|img|iframe|link|object|embed|base)\b", html)) == set()
    assert all(link.startswith("#") for link in re.findall(r'<a href="([^"]*)"', html))
    assert "&lt;script&gt;" in html
    assert "<script" not in (tmp_path / "out" / "report.md").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none'; style-src 'sha256-".replace("'", "&#39;"))


@needs_chromium
def test_in_chromium(tmp_path):
    hostile(tmp_path / "r")
    report(tmp_path / "r", tmp_path / "out")
    shown = load(tmp_path / "out" / "report.html", tmp_path / "profile")
    assert shown.title == "What the students kept, what they saved"
    assert shown.console == []
    assert not re.search(r"<(script|img|iframe|base)\b", shown.dom)
    assert shown.dom.count("<svg") == 3  # cost against quality, time, memory


@needs_chromium
def test_the_console_is_heard(tmp_path):
    """The check above can fail: a page that breaks its own policy complains."""
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    (tmp_path / "page.html").write_text(f"<!doctype html>{policy}<title>t</title><p style='color:red'>x</p>")
    assert load(tmp_path / "page.html", tmp_path / "profile").console


def test_a_matrix_of_two_hundred_cells(tmp_path):
    names = ["cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst2", "wnli", "gonerd", "squad"]
    for name in names:
        for number in range(20):
            wrong = {i for i in range(8) if (i * 7 + number) % 5 == 0}
            rows = classes(wrong, count=8)
            if name == "squad":
                rows = [(key, (str(gold),), str(guess)) for key, gold, guess in rows]
            if name == "gonerd":
                rows = spanned([[(0, 3, "PER")]] * 8, [[] if i in wrong else [(0, 3, "PER")] for i in range(8)])
            write_scores(tmp_path / "r", f"m{number:02}", name, rows)
    html, found = report(tmp_path / "r", tmp_path / "out", examples=1)
    assert len(found["All scores"]) == 20
    assert all(re.fullmatch(r"-?\d\.\d{3}", row[n]) for row in found["All scores"] for n in row if n != "model")
    assert len(found["Score kept, task by task"]) == 190
    assert html.count('<section id="task-') == 10


def test_counts_stand_in_for_predictions(results, tmp_path):
    """What a replication keeps has no predictions: its counts give the same intervals; other documents none."""
    title = "Score kept, task by task"
    _, wanted = report(results, tmp_path / "out")
    kept = tmp_path / "kept"
    for path in results.glob("*.json"):
        if path.name != "efficiency.json":
            publish(path, kept, "models/x")
    write_times(kept, [("big", 512, 2.0, 100, {}), ("small", 512, 0.5, 75, {})])
    _, found = report(kept, tmp_path / "from-counts")
    assert found[title] == wanted[title] and "(" in found[title][0]["score kept"]
    assert found["What was kept, what was saved"] == wanted["What was kept, what was saved"]
    bare = kept / "small.rte.json"
    held = bare.read_text()
    bare.write_text(held.replace('"predictions": null', '"predictions": "small.rte.predictions.jsonl"'))
    row = next(row for row in report(kept, tmp_path / "lost")[1][title] if row["task"] == "rte/validation")
    assert "; from counts by document, because " in row["score kept"] and "predictions.jsonl" in row["score kept"]
    bare.write_text(held)
    write_scores(tmp_path / "other", "small", "rte", [(f"x{i}", i % 2, 1) for i in range(40)])
    publish(tmp_path / "other" / "small.rte.json", kept, "models/x")
    _, found = report(kept, tmp_path / "others")
    row = next(row for row in found[title] if row["task"] == "rte/validation")
    assert row["score kept"].startswith("n/a: ") and "hold different documents" in row["score kept"]
    for path in kept.glob("*.counts.parquet"):
        path.unlink()
    row = report(kept, tmp_path / "neither")[1][title][0]
    assert "; no interval: " in row["score kept"] and "names no predictions" in row["score kept"]
