"""Intervals, tests and averages against scipy, exact enumeration and hand-computed cases."""

import itertools
import json
from importlib.metadata import version

import numpy as np
import pytest
from scipy import stats

from gonerd import UsageError
from gonerd.cli import main
from gonerd.evaluation.compare.equivalence import tost
from gonerd.evaluation.compare.kept import averages, saved, spread
from gonerd.evaluation.compare.resampling import bootstrap, randomisation
from gonerd.evaluation.compare.run import CompareSettings, compare
from gonerd.evaluation.environment import environment
from gonerd.evaluation.metrics import METRICS, Tagged
from gonerd.evaluation.metrics._means import mean, summed
from gonerd.evaluation.schema import Cell


def f1(sums):
    return METRICS.get("exact_spans").value(sums)


def test_bootstrap_equals_scipys():
    draw = np.random.default_rng(0)
    a, b = draw.random(60), draw.random(60) * 0.8
    found = bootstrap(summed(a), summed(b), mean, resamples=20_000)
    theirs = stats.bootstrap(
        (a, b),
        lambda x, y, axis: y.mean(axis) - x.mean(axis),
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=1,
    )
    assert found.difference.value == pytest.approx(b.mean() - a.mean())
    assert (found.difference.low, found.difference.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.004)
    assert found.error == pytest.approx(theirs.standard_error, rel=0.05)
    ratio = stats.bootstrap(
        (a, b),
        lambda x, y, axis: y.mean(axis) / x.mean(axis),
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=2,
    )
    assert (found.kept.low, found.kept.high) == pytest.approx(tuple(ratio.confidence_interval), abs=0.01)


def test_intervals_cover_what_they_promise():
    """The true difference of two F1 scores lies inside the 95 % interval in 95 of 100 worlds, give or take chance."""
    draw = np.random.default_rng(1)
    worlds, hits = 400, 0

    def world(documents):
        gold = draw.poisson(6, documents) + 1
        hard = draw.random(documents) * 0.2
        sides = [draw.binomial(gold, np.clip(share - hard, 0, 1)) for share in (0.9, 0.85)]
        return [np.column_stack([right, 2 * gold]).astype(float) for right in sides]

    large = world(400_000)
    truth = float(f1(large[1].sum(0)) - f1(large[0].sum(0)))
    for i in range(worlds):
        found = bootstrap(*world(80), f1, resamples=400, seed=i).difference
        hits += found.low <= truth <= found.high
    assert 0.915 <= hits / worlds <= 0.98


def test_seeds_are_drawn_too():
    """Of two seeds that have 0.8 and 0.4 of every document, a quarter of the samples holds one of them twice."""
    a, b = summed(np.full(50, 0.9)), np.stack([summed(np.full(50, share)) for share in (0.8, 0.4)])
    found = bootstrap(a, b, mean, resamples=20_000)
    values, counts = np.unique(found.draws[1].round(6), return_counts=True)
    assert values == pytest.approx([0.4, 0.6, 0.8]) and counts / 20_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.015)
    assert (found.first.low, found.first.high) == pytest.approx((0.9, 0.9))
    assert found.second.as_dict() == pytest.approx({"value": 0.6, "low": 0.4, "high": 0.8})
    assert found.error == pytest.approx(0.2 / 2**0.5, rel=0.03)
    same = bootstrap(a[None], b[:1], mean, resamples=500)
    assert same.difference == bootstrap(a, b[0], mean, resamples=500).difference, "one seed is as none"


def test_a_score_over_seeds_is_the_mean_of_scores():
    """F1 of one seed is 1, of the other 0.5: their mean, not the F1 of all their spans, of which there are more."""
    by_seed = np.array([[[2, 4], [2, 4]], [[1, 4], [5, 20]]], dtype=float)  # [seeds, documents, right and both sizes]
    scores = [float(f1(seed.sum(0))) for seed in by_seed]
    assert scores == [1.0, 0.5] and float(f1(by_seed.mean(0).sum(0))) < 0.7
    assert bootstrap(by_seed, by_seed, f1, resamples=50).first.value == 0.75


def test_randomisation_equals_the_exact_test():
    draw = np.random.default_rng(2)
    for _ in range(5):
        a, b = (np.round(draw.random(8), 1) for _ in range(2))
        seen = abs((b - a).mean())
        signs = np.array(list(itertools.product([1, -1], repeat=8)))
        exact = (np.abs((signs * (b - a)).mean(1)) >= seen - 1e-12).mean()
        assert randomisation(summed(a), summed(b), mean, resamples=20_000) == pytest.approx(exact, abs=0.015)


def test_randomisation_equals_scipys():
    draw = np.random.default_rng(3)
    a, b = draw.random(100), draw.random(100) + 0.06
    theirs = stats.permutation_test(
        (a, b), lambda x, y, axis: y.mean(axis) - x.mean(axis), permutation_type="samples", n_resamples=20_000, rng=1
    )
    assert randomisation(summed(a), summed(b), mean, resamples=20_000) == pytest.approx(theirs.pvalue, abs=0.02)


def test_randomisation_keeps_its_level():
    """Of two systems that are alike, one in twenty is called different at 0.05."""
    draw = np.random.default_rng(4)
    found = [
        randomisation(summed(draw.random(30)), summed(draw.random(30)), mean, resamples=400, seed=i) for i in range(300)
    ]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.085


def test_equal_systems_do_not_differ():
    a = summed(np.arange(10) / 10)
    assert randomisation(a, a, mean, resamples=500) == 1
    found = bootstrap(a, a, mean, resamples=500)
    assert (found.difference.low, found.difference.value, found.difference.high) == (0, 0, 0)
    assert found.error == 0
    with pytest.raises(UsageError, match="at least two"):
        bootstrap(a[:1], a[:1], mean)
    with pytest.raises(UsageError, match="10 and 9 documents"):
        randomisation(a, a[:9], mean)


def test_equivalence_equals_two_one_sided_t_tests():
    draw = np.random.default_rng(5)
    for margin in (0.01, 0.05, 0.2):
        change = draw.normal(0.01, 0.1, 50)
        error = change.std(ddof=1) / 50**0.5
        found = tost(change.mean(), error, 49, margin)
        assert found.p_below == pytest.approx(stats.ttest_1samp(change, -margin, alternative="greater").pvalue)
        assert found.p_above == pytest.approx(stats.ttest_1samp(change, margin, alternative="less").pvalue)
        assert found.p == max(found.p_below, found.p_above)
        # Equivalence at 0.05 and a 90 % interval within the margin are the same thing.
        assert (found.p < 0.05) == (-margin < found.low and found.high < margin)


def test_equivalence_by_hand():
    assert tost(0.0, 0.0, 9, 0.01).as_dict()["equivalent"]
    assert not tost(0.02, 0.0, 9, 0.01).as_dict()["equivalent"]
    with pytest.raises(UsageError, match="--margin 0"):
        tost(0.0, 0.1, 9, 0.0)


def test_averages_by_hand():
    pairs = [
        {"group": "short", "first": {"mean": 0.8}, "second": {"mean": 0.6}},
        {"group": "short", "first": {"mean": 0.4}, "second": {"mean": 0.4}},
        {"group": "long-qa", "first": {"mean": 0.0}, "second": {"mean": 0.1}},
    ]
    found = averages(pairs)
    expected = {"tasks": 2, "first": 0.6, "second": 0.5, "kept": 5 / 6, "mean_of_kept": 0.875}
    assert found["short"] == pytest.approx(expected)
    assert (found["long-qa"]["kept"], found["long-qa"]["mean_of_kept"]) == (None, None)
    assert found["all"]["tasks"] == 3
    found = spread([0.5, 0.7, 0.9])
    assert (found["mean"], found["deviation"]) == pytest.approx((0.7, 0.2))
    assert (found["seeds"], found["scores"]) == (3, [0.5, 0.7, 0.9])
    assert spread([0.5])["deviation"] is None


def environ():
    return {**environment(model=False), "git": None}


def cell(model, length, seconds, peak):
    return Cell(
        model=model, length=length, batch=1, seconds=seconds, quartiles=(seconds, seconds), repeats=3,
        tokens_per_second=length / seconds, peak_bytes=peak, weight_bytes=1, growth_bytes=peak - 1, parameters=1,
        weights_sha256="0" * 64, layers=1, attention="x", dtype="torch.float32", device="cpu", threads=1,
        allocator_keeps_memory=True,
    )  # fmt: skip


def test_time_saved_by_hand():
    teacher = [cell("t", 512, 2.0, 100), cell("t", 1024, 4.0, 100), cell("t", 2048, 9.0, 100)]
    student = [cell("s", 1024, 1.0, 75), cell("s", 512, 1.0, 50)]
    found = saved(teacher, student)
    assert [(row["length"], row["time_saved"]) for row in found["cells"]] == [(512, 0.5), (1024, 0.75)]
    assert found["time_saved"] == {"mean": 0.625, "most": 0.75}
    assert found["memory_saved"] == {"mean": 0.375, "most": 0.5}
    assert saved(teacher, []) is None


GOLD = "index\tsentence1\tsentence2\tlabel\n" + "".join(f"{i}\ta\tb\t{i % 2}\n" for i in range(40))


def result(folder, name, wrong, seed=0):
    """Scores a made-up prediction file in which the ids `wrong` are wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gold.tsv").write_text(GOLD)
    rows = "".join(f"{i}\t{i % 2 if i not in wrong else 1 - i % 2}\n" for i in range(40))
    (folder / "p.tsv").write_text(rows)
    out = folder / "results" / f"{name}-{seed}.json"
    arguments = ["score", "rte", "--predictions", str(folder / "p.tsv"), "--references", str(folder / "gold.tsv")]
    assert main(["evaluate", *arguments, "--model", name, "--out", str(out)]) == 0
    return out


def test_two_results(tmp_path, capsys):
    one, two = result(tmp_path, "big", {0, 1}), result(tmp_path, "small", {1, 2, 3, 4, 5, 6})
    capsys.readouterr()
    assert main(["evaluate", "compare", str(one), str(two), "--out", str(tmp_path / "c.json")]) == 0
    printed = capsys.readouterr().out
    (pair,) = json.loads((tmp_path / "c.json").read_text())["pairs"]
    assert (pair["first"]["mean"], pair["second"]["mean"]) == (0.95, 0.85)
    assert [row["id"] for row in pair["flips"]["gained"]] == ["0"]
    assert [row["id"] for row in pair["flips"]["lost"]] == ["2", "3", "4", "5", "6"]
    assert pair["flips"]["both_right"] == 33
    assert pair["intervals"]["kept"]["value"] == pytest.approx(0.85 / 0.95)
    assert not pair["equivalence"]["equivalent"]
    assert "big (first) against small (second)" in printed
    assert "rte: 0.9500 -> 0.8500 over 40 documents" in printed
    assert "1 gained, 5 lost, 33 right in both; lost: 2, 3, 4, 5, 6" in printed
    # The same command gives the same numbers.
    assert main(["evaluate", "compare", str(one), str(two), "--out", str(tmp_path / "d.json")]) == 0
    assert (tmp_path / "c.json").read_text() == (tmp_path / "d.json").read_text()


def test_seeds_in_folders(tmp_path, capsys):
    for seed, wrong in enumerate([{0}, {0, 1}, {0, 1, 2}]):
        result(tmp_path / "a", "big", wrong, seed)
        result(tmp_path / "b", "small", {*wrong, 9}, seed)
    found = compare(tmp_path / "a" / "results", tmp_path / "b" / "results", CompareSettings(resamples=200))
    (pair,) = found["pairs"]
    assert (pair["first"]["mean"], pair["first"]["deviation"]) == pytest.approx((0.95, 0.025))
    assert pair["first"]["scores"] == [0.975, 0.95, 0.925]
    assert pair["intervals"]["difference"]["value"] == pytest.approx(-0.025)
    assert found["averages"]["short"]["kept"] == pytest.approx(0.925 / 0.95)
    capsys.readouterr()
    assert main(["evaluate", "compare", str(tmp_path / "a" / "results"), str(tmp_path / "b" / "results")]) == 0
    assert "0.9500 ± 0.0250 (3 seeds)" in capsys.readouterr().out


def test_models_of_one_folder(tmp_path, capsys):
    """Teacher and student, three seeds, and times, all in one folder, as the runner leaves them."""
    for seed in range(3):
        result(tmp_path, f"big-seed{seed}", {seed})
        result(tmp_path, f"small-seed{seed}", {seed, 9})
    folder = tmp_path / "results"
    cells = [cell(f"{name}-seed0", 512, seconds, 100) for name, seconds in (("big", 2.0), ("small", 0.5))]
    times = {"schema_version": 2, "kind": "efficiency", "seed": 0, "environment": environ()}
    times["cells"] = [json.loads(c.model_dump_json()) for c in cells]
    (folder / "efficiency.json").write_text(json.dumps(times))
    found = compare(folder / "big", folder / "small", CompareSettings(resamples=100))
    assert found["first"] == ["big-seed0", "big-seed1", "big-seed2"]
    assert [pair["second"]["seeds"] for pair in found["pairs"]] == [3]
    assert found["efficiency"]["time_saved"]["mean"] == 0.75
    assert compare(folder / "big-seed1", folder / "small", CompareSettings(resamples=100))["first"] == ["big-seed1"]
    capsys.readouterr()
    assert main(["evaluate", "compare", str(folder / "big"), str(folder / "small")]) == 0
    assert "time saved: 75.0% on average, 75.0% at most" in capsys.readouterr().out
    (folder / "notes.json").write_text('{"kind": "comparison"}')  # not a result, and in nobody's way
    assert main(["evaluate", "validate", str(folder)]) == 0
    assert "notes.json: comparison, no result file, passed over" in capsys.readouterr().out
    assert main(["evaluate", "compare", str(folder), str(folder / "small")]) == 2
    assert "holds several models (big-seed0, " in capsys.readouterr().err
    assert main(["evaluate", "compare", str(folder / "bigg"), str(folder / "small")]) == 1
    assert "holds no model 'bigg' (it holds big-seed0, " in capsys.readouterr().err


def test_what_does_not_compare_is_one_sentence(tmp_path, capsys):
    one = result(tmp_path, "big", {0})
    value = json.loads(one.read_text())
    other = one.with_name("other.json")
    rows = one.with_name(value["predictions"]).read_text().splitlines()

    def compared(rows, **changes):
        one.with_name("other.predictions.jsonl").write_text("".join(f"{row}\n" for row in rows))
        other.write_text(json.dumps({**value, "predictions": "other.predictions.jsonl", **changes}))
        assert main(["evaluate", "compare", str(one), str(other)]) in (1, 2)
        return capsys.readouterr().err

    assert "versions 1 and 2 of task 'rte'" in compared(rows, task={**value["task"], "version": "2"})
    assert "2 ids in one alone, '0', 'x'" in compared([rows[0].replace('"0"', '"x"', 1), *rows[1:]])
    assert "the gold answers of '0' differ" in compared([rows[0].replace('"gold": 0', '"gold": 1'), *rows[1:]])
    assert "holds 39 examples, and other.json speaks of 40" in compared(rows[1:])
    assert "no task and split in common" in compared(rows, task={**value["task"], "name": "qnli"})
    assert "names no predictions beside it" in compared(rows, predictions=None)


def test_documents_are_drawn_whole():
    """Two sentences of one document are one draw."""
    from gonerd.evaluation.compare.statistic import counted
    from gonerd.evaluation.scoring import Matched
    from gonerd.evaluation.tasks import TASKS

    right, wrong = Tagged((("B-P",),)), Tagged((("O",),))
    matched = Matched(["0.0", "0.1", "1.0"], ["0", "0", "1"], [right] * 3, [right, wrong, wrong], [], [])
    statistic, counts = counted(TASKS.get("conll2003"), matched)
    assert counts.tolist() == [[1, 3], [0, 1]]
    assert statistic(counts.sum(0)) == pytest.approx(0.5)


def test_the_versions_that_were_measured_with():
    """Resampling rests on numpy and scipy; their versions belong into result files."""
    libraries = environment(model=False)["libraries"]
    assert libraries["scipy"] == version("scipy")
    assert libraries["numpy"] == version("numpy")


def test_averages_have_the_intervals_of_independent_tasks():
    """Two tasks of the same draws are independent all the same: their mean varies less, by the root of two."""
    draw = np.random.default_rng(7)
    kept = draw.normal(0.9, 0.02, 4000)
    pairs = [{"group": "short", "first": {"mean": 1.0}, "second": {"mean": 0.9}}] * 2
    samples = [(np.ones(4000), kept), (np.ones(4000), kept)]
    found = averages(pairs, samples)["short"]["intervals"]
    half = stats.norm.ppf(0.975) * 0.02 / 2**0.5
    for name in ("kept", "mean_of_kept"):
        assert (found[name]["low"], found[name]["high"]) == pytest.approx((0.9 - half, 0.9 + half), abs=0.002)
    alone = averages(pairs[:1], samples[:1])["short"]["intervals"]["kept"]
    assert (alone["low"], alone["high"]) == pytest.approx(tuple(np.quantile(kept, [0.025, 0.975])))
    assert averages(pairs, [(np.zeros(4000), kept), samples[1]])["short"]["intervals"] is None
    assert "intervals" not in averages(pairs)["short"]
