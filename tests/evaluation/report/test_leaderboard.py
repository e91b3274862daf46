"""The leaderboard ranks by the mean, shows what is missing, and is the same in every format."""

import csv
import re

import pytest

from gonerd.cli import main
from gonerd.evaluation.report.boards import rows_of
from gonerd.evaluation.report.leaderboard import leaderboard
from tests.browser import HOSTILE, load, needs_chromium
from tests.evaluation.report.conftest import classes, write_scores, write_times


def test_ranks_by_hand(results, tmp_path):
    write_scores(tmp_path / "more", "one-task", "rte", classes(set()))
    board = leaderboard([results, tmp_path / "more"])
    rows = rows_of(board)
    assert [(row["model"], row["rank"], row["tasks"]) for row in rows] == [
        *(("big", 1, "2 of 2"), ("small", 2, "2 of 2"), ("one-task", "–", "1 of 2")),
    ]
    assert [row["mean score"] for row in rows] == ["0.975", "0.758", "1.000"]  # of 0.95 and 1; of 0.85 and 2/3
    assert rows[2]["gonerd/test"] == "missing"
    assert [row["ms at 512 x 1"] for row in rows] == ["2,000", "500", "missing"]
    assert [row["parameters"] for row in rows] == ["100", "60", "100"]


def test_tasks_can_be_chosen(results, capsys):
    assert main(["evaluate", "leaderboard", str(results), "--task", "rte"]) == 0
    assert "gonerd/test" not in capsys.readouterr().out
    assert main(["evaluate", "leaderboard", str(results), "--task", "rta"]) == 2
    assert "unknown task among these results 'rta'; did you mean 'rte'" in capsys.readouterr().err


def test_strangers_of_one_name_stay_apart(tmp_path):
    """Two folders with a "student" each, of different weights, are two models; the same one twice is one."""
    for folder, weights, wrong in (("a", "a" * 64, {0}), ("b", "b" * 64, {0, 1}), ("c", "a" * 64, {0})):
        facts = {"name": "student", "weights_sha256": weights}
        write_scores(tmp_path / folder, facts, "rte", classes(wrong))
    apart = leaderboard([tmp_path / "a", tmp_path / "b"]).standings
    assert [(one.system, one.mean) for one in apart] == [
        *((f"student ({tmp_path / 'a'})", 0.975), (f"student ({tmp_path / 'b'})", 0.95)),
    ]
    (alone,) = leaderboard([tmp_path / "a", tmp_path / "c"]).standings
    assert alone.system == "student"
    assert [row["seeds"] for row in alone.scores.values()] == [1]


def test_csv_holds_unrounded_numbers(results, tmp_path, capsys):
    write_scores(results, "=cmd()", "rte", classes({0, 1, 2}))
    assert main(["evaluate", "leaderboard", str(results), "--out", str(tmp_path / "b.csv")]) == 0
    assert "3 models, 2 tasks -> " in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "b.csv").read_text().splitlines()))
    assert float(rows[1]["mean_score"]) == pytest.approx((0.85 + 2 / 3) / 2, abs=1e-12)
    assert (rows[2]["rank"], rows[2]["model"], rows[2]["gonerd/test"]) == ("", "'=cmd()", "")
    assert (rows[0]["seconds"], rows[0]["peak_bytes"], rows[2]["seconds"]) == ("2.0", "100000000", "")


def test_other_endings_are_refused(results, tmp_path, capsys):
    assert main(["evaluate", "leaderboard", str(results), "--out", str(tmp_path / "b.xlsx")]) == 2
    assert "name a file that ends in .md, .html, .csv" in capsys.readouterr().err


@needs_chromium
def test_the_page_in_chromium(tmp_path):
    for text in HOSTILE:
        write_scores(tmp_path / "r", text, "rte", classes({0}), dataset={"name": text})
    write_times(tmp_path / "r", [(text, 512, 1.0, 10, {"attention": text}) for text in HOSTILE])
    assert main(["evaluate", "leaderboard", str(tmp_path / "r"), "--out", str(tmp_path / "b.html")]) == 0
    shown = load(tmp_path / "b.html", tmp_path / "profile")
    assert (shown.title, shown.console) == ("Leaderboard", [])
    assert not re.search(r"<(script|img|iframe|base|svg)\b", shown.dom)
