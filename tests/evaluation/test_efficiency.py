"""Efficiency: what is counted, who takes turns, what an earlier run leaves, and real processes at the end."""

import json
from dataclasses import asdict, replace

import pytest
import torch
from transformers import ModernBertConfig, ModernBertModel

from gonerd import GonerdError, UsageError
from gonerd.cli import main
from gonerd.evaluation.baselines import BASELINES
from gonerd.evaluation.baselines.windows import window_lengths
from gonerd.evaluation.efficiency import EfficiencySettings, child, measure_efficiency, turns
from gonerd.evaluation.efficiency import run as running
from gonerd.evaluation.efficiency.earlier import covers
from gonerd.evaluation.efficiency.facts import facts_of
from gonerd.evaluation.efficiency.flops import counted
from gonerd.evaluation.efficiency.plan import groups
from gonerd.evaluation.efficiency.subject import Job, check_attention, make
from gonerd.evaluation.efficiency.table import lines
from gonerd.evaluation.schema import read_result
from gonerd.models.attention import pattern_of
from gonerd.models.conversion import convert
from gonerd.models.info import costs
from gonerd.models.process import Child
from gonerd.models.save import save
from gonerd.models.windows import make_windows
from tests.tiny import SIZES, bert_tokenizer

OPTIONS = {
    "longformer": {"window": 32},
    "bigbird": {"block_size": 8, "num_random_blocks": 1},
    "lsg": {"block_size": 16, "sparse_block_size": 16},
    "nystromformer": {"num_landmarks": 16},
    "full": {},
}
LIMIT = 128  # tokens that the converted models take


@pytest.fixture
def converted(tiny_bert, tmp_path):
    """Pattern -> folder of a tiny encoder with it."""

    def make_one(pattern):
        model, tokenizer = convert(tiny_bert, pattern, LIMIT, **OPTIONS[pattern])
        save(model, tokenizer, tmp_path / pattern, {})
        return tmp_path / pattern

    return make_one


def job(folder, baseline=None, **changes):
    given = {"length": LIMIT, "batch": 2, "longest": LIMIT, "seed": 0, "dtype": "float32", **changes}
    return Job(source=str(folder), baseline=baseline, **given)


def answers(asked, words=(turns.FIRST, turns.COUNT, "")):
    """What a process would say, without the process."""
    heard = []
    child.main(asdict(asked), [f"{word}\n" for word in words], heard.append)
    assert heard[0] == {"ready": True}
    return heard[1:]


@pytest.mark.parametrize("pattern", OPTIONS)
def test_every_cell_computes_what_was_asked_for(converted, pattern):
    folder = converted(pattern)
    facts = facts_of(str(folder))
    assert (facts.pattern, facts.longest) == (pattern, LIMIT)
    asked = {None: "unpadded", "full": "sdpa", "windows": "sdpa", "huggingface": "huggingface"}
    for baseline in (None, *BASELINES.names()):
        if baseline and BASELINES.get(baseline).against(facts, LIMIT):
            assert (pattern, baseline) in {("lsg", "huggingface"), ("full", "huggingface")}
            continue
        first, count, timed = answers(job(folder, baseline))
        assert asked[baseline] in count["attention"]
        assert ("_scaled_dot_product_flash_attention_for_cpu" in count["kernels"]) == (baseline != "huggingface")
        assert count["flops"] > 0 and timed["seconds"] > 0
        assert first["peak_bytes"] == first["weight_bytes"] + first["growth_bytes"]
        assert first["layers"] == SIZES["num_hidden_layers"]
        assert first["random_weights"] == (baseline in ("full", "windows"))
        assert (first["weights_sha256"] == facts.weights_sha256) == (baseline in (None, "huggingface"))
    assert facts.disk_bytes == (folder / "model.safetensors").stat().st_size


def test_what_hugging_face_cannot_compute_has_a_reason(converted):
    against = BASELINES.get("huggingface").against
    ours = facts_of(str(converted("bigbird")))
    short = (5 + 2 * 1) * 8
    assert "full attention up to 56 tokens" in against(ours, short)
    assert against(ours, short + 1) is None
    assert "at most 128 tokens" in against(ours, LIMIT + 1)
    full = replace(ours, sizes={**ours.sizes, "attention_type": "original_full"})
    assert "original_full" in against(full, LIMIT)
    nystrom = replace(ours, pattern="nystromformer", sizes={"segment_means_seq_len": 128})
    assert "texts of 128 tokens only" in against(nystrom, 64)
    assert "is Hugging Face's implementation" in against(replace(ours, pattern=None), 64)
    assert "no full-attention model" in BASELINES.get("full").against(replace(ours, model_type="modernbert"), 64)


def test_a_model_of_no_pattern_is_measured_alone(tmp_path):
    sizes = {**SIZES, "initializer_range": 0.02, "max_position_embeddings": LIMIT, "vocab_size": len(bert_tokenizer())}
    ModernBertModel(ModernBertConfig(**sizes, pad_token_id=0)).save_pretrained(tmp_path)
    bert_tokenizer().save_pretrained(tmp_path)
    facts = facts_of(str(tmp_path))
    assert (facts.pattern, facts.longest) == (None, LIMIT)
    assert all(BASELINES.get(name).against(facts, LIMIT) for name in BASELINES.names())
    _, count, _ = answers(job(tmp_path))
    assert count["attention"].startswith("modernbert/")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cells_run_on_a_gpu(converted):
    for baseline in (None, "full"):
        first, count, timed = answers(job(converted("longformer"), baseline, dtype="bfloat16"))
        assert first["device"].startswith("cuda")
        assert first["dtype"] == "torch.bfloat16"
        assert first["growth_bytes"] > 0 and count["flops"] > 0 and timed["seconds"] > 0


def test_another_attention_than_the_one_asked_for_is_refused():
    check_attention("unpadded", "lsg/norm-unpadded-flash-merge", [])
    check_attention("sdpa", "bert/sdpa", ["_scaled_dot_product_flash_attention_for_cpu"])
    with pytest.raises(GonerdError, match="unpadded attention was asked for, and longformer/huggingface ran"):
        check_attention("unpadded", "longformer/huggingface", [])
    with pytest.raises(GonerdError, match=r"huggingface-block_sparse attention was asked for, and big_bird/hugg.*full"):
        check_attention("huggingface-block_sparse", "big_bird/huggingface-original_full", [])
    with pytest.raises(GonerdError, match="none of its fused kernels ran"):
        check_attention("sdpa", "bert/sdpa", [])


def test_operations_are_those_of_the_formula(converted):
    """Of full attention, where nothing is computed in vain; two texts, and the head over the vocabulary."""
    folder = converted("full")
    width, words = SIZES["hidden_size"], len(bert_tokenizer())
    head = 2 * LIMIT * width * (width + words)
    model = make(job(folder)).model
    needed = costs(model, pattern_of(model), LIMIT)
    one = needed["dense_flops"] + needed["attention_flops"] + head
    for baseline in (None, "full"):
        subject = make(job(folder, baseline))
        with torch.inference_mode():
            assert counted(subject.run)[0] == 2 * one
    subject = make(job(folder, "windows", length=1000, longest=1000))
    dense, inner = 4 * width**2, 2 * width * SIZES["intermediate_size"]
    by_hand = sum(
        SIZES["num_hidden_layers"] * (2 * n * (dense + inner) + 4 * n * n * width) + 2 * n * width * (width + words)
        for n in (512, 512, 236)  # 998 words, 510 to a window, 128 shared
    )
    with torch.inference_mode():
        assert counted(subject.run)[0] == 2 * by_hand
    assert subject.windows == 3


def test_windows_are_those_that_a_text_is_cut_into():
    tokenizer = bert_tokenizer()
    for words in (1, 10, 30, 31, 32, 53, 54, 75, 76, 200):
        cut = [len(window.input_ids) for window in make_windows(tokenizer, ["court"] * words, 32, 8)]
        assert window_lengths(words + 2, 32, 8) == cut


@pytest.fixture
def group(converted):
    """A model and two baselines at one length."""
    facts = {"lf": facts_of(str(converted("longformer")))}
    settings = EfficiencySettings(lengths=(64,), repeats=3, baselines=("full", "windows"))
    return groups(facts, settings)[0], settings


def test_baselines_beside_some_models(converted):
    facts = facts_of(str(converted("longformer")))
    settings = EfficiencySettings(lengths=(64,), baselines=("full",), beside=("b",))
    cells = groups({"a": facts, "b": facts}, settings)[0].cells
    assert [cell.model for cell in cells] == ["a", "b", "b/full"]
    with pytest.raises(UsageError, match="unknown model of 'beside' 'c'"):
        groups({"a": facts}, replace(settings, beside=("c",)))


@pytest.fixture
def stand_in(monkeypatch):
    """Children of no process: (times by name, name of the one that fails, its turn) -> who was asked, in order."""

    def install(seconds, failing=None, at=0):
        asked = []
        facts = {"peak_bytes": 3, "weight_bytes": 1, "growth_bytes": 2, "parameters": 1, "weights_sha256": "0" * 64}
        facts |= {"random_weights": False, "windows": None, "layers": 1, "dtype": "torch.float32", "device": "cpu"}
        facts |= {"threads": 1, "glibc": True}
        count = {"flops": 9, "attention": "bert/sdpa", "attention_asked": "sdpa", "kernels": []}

        class StandIn:
            def __init__(self, module, title, job, malloc, threads):
                self.title, self.turns = title, 0

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def heard(self):
                return {"ready": True}

            def turn(self, word=""):
                self.turns += 1
                if self.title == failing and self.turns == at:
                    raise GonerdError(f"{self.title}: killed by signal SIGKILL, most likely for memory")
                asked.append((word, self.title))
                series = seconds.get(self.title, [1.0])
                done = sum(one == ("", self.title) for one in asked)
                return {"first": facts, "count": count}.get(word) or {"seconds": series[(done - 1) % len(series)]}

        monkeypatch.setattr(turns, "Child", StandIn)
        return asked

    return install


def test_cells_take_turns(group, stand_in):
    asked = stand_in({"lf": [2.0], "lf/full": [9.0, 5.0, 5.1, 7.0, 6.0, 8.0]})
    measured = turns.measure(*group, threads=1)
    rounds = [asked[i : i + 3] for i in range(0, len(asked), 3)]
    # Memory, operations, three of warm-up until lf/full has had two alike, three that count.
    assert [word for (word, _), *_ in rounds] == ["first", "count", *[""] * 6]
    assert all([name for _, name in one] == ["lf", "lf/full", "lf/windows"] for one in rounds)
    model, full, _ = measured.cells
    assert (full.times, full.seconds, full.quartiles) == ([7.0, 6.0, 8.0], 7.0, (6.5, 7.5))
    assert (full.repeats, full.rounds, full.stable, full.role, full.baseline_of) == (3, 8, True, "baseline", "lf")
    assert model.tokens_per_second == 64 / 2.0
    assert not measured.missing


def test_what_never_becomes_stable_says_so(group, stand_in):
    stand_in({"lf/full": [1.0, 2.0]})
    model, full, _ = turns.measure(*group, threads=1).cells
    assert (model.stable, full.stable) == (True, False)
    assert full.rounds == 2 + turns.MOST + 3


@pytest.mark.parametrize("at", [1, 2, 4, 7])
def test_one_that_fails_leaves_the_others_their_figures(group, stand_in, at):
    stand_in({}, failing="lf/full", at=at)
    measured = turns.measure(*group, threads=1)
    assert [cell.model for cell in measured.cells] == ["lf", "lf/windows"]
    assert all(cell.repeats == 3 for cell in measured.cells)
    (missing,) = measured.missing
    assert (missing.model, missing.baseline, missing.length) == ("lf/full", "full", 64)
    assert missing.reason == "killed by signal SIGKILL, most likely for memory"


def test_a_killed_run_goes_on(group, stand_in, monkeypatch, tmp_path):
    stand_in({})
    known = {"lf": group[0].cells[0].facts}
    monkeypatch.setattr(running, "_facts", lambda model, threads: known[model])
    measured = []

    def measure(one, settings, threads):
        if len(measured) == stop:
            raise KeyboardInterrupt
        measured.append(one.length)
        return turns.measure(one, settings, threads)

    monkeypatch.setattr(running, "measure", measure)
    # The stand-in says that its weights are these.
    known["lf"] = replace(known["lf"], weights_sha256="0" * 64)
    settings, said = EfficiencySettings(lengths=(16, 32, 48), repeats=2, baselines=("full",)), []

    def run(stop_after, **changes):
        nonlocal stop
        measured.clear()
        said.clear()
        stop = stop_after
        return measure_efficiency(["lf"], tmp_path, replace(settings, **changes), said.append)

    stop = None
    with pytest.raises(KeyboardInterrupt):
        run(2)
    assert [cell.length for cell in read_result(tmp_path / "efficiency.json").cells] == [16, 16, 32, 32]
    whole = run(None)
    assert measured == [48]
    assert said == ["2 of 3 groups were measured already, in this environment"]
    assert read_result(tmp_path / "efficiency.json") == whole
    assert run(None) == whole and measured == []
    assert run(None, lengths=(16,), baselines=()) == whole and measured == []
    run(None, baselines=("full", "windows"))
    assert measured == [16, 32, 48]  # whole groups, so that the new cells have had their turns
    run(None, baselines=("windows",), repeats=3)
    assert measured == [16, 32, 48]
    known["lf"] = replace(known["lf"], weights_sha256="1" * 64)
    run(None, lengths=(32,))
    assert measured == [32] and "3 of 3 groups hold other weights" in said[0]
    known["lf"] = replace(known["lf"], weights_sha256="0" * 64)
    run(None, lengths=(16,))
    monkeypatch.setattr(running, "machine", lambda: {"processor": "another"})
    run(None, lengths=(16,))
    assert measured == [16] and "another environment" in said[0]


def test_what_failed_is_tried_again_when_asked(group, stand_in):
    stand_in({}, failing="lf/full", at=3)
    one, settings = group
    measured = turns.measure(one, settings, threads=1)
    assert covers(measured, one, settings)
    assert not covers(measured, one, replace(settings, retry=True))
    refused = replace(one, cells=tuple(replace(cell, against="cannot be") for cell in one.cells))
    assert covers(turns.measure(refused, settings, 1), refused, replace(settings, retry=True))


def test_a_model_without_a_single_cell_is_an_error(group, stand_in, monkeypatch, tmp_path):
    stand_in({})
    monkeypatch.setattr(running, "_facts", lambda model, threads: group[0].cells[0].facts)
    with pytest.raises(GonerdError, match="lf: could not be measured in any cell: takes at most 128 tokens"):
        measure_efficiency(["lf"], tmp_path, EfficiencySettings(lengths=(129,), baselines=("full",)))
    result = read_result(tmp_path / "efficiency.json")
    assert [cell.model for cell in result.cells] == ["lf/full"]
    text = lines(result, "lf")
    assert "lf: not measured: takes at most 128 tokens" in text
    (tmp_path / "efficiency.json").write_text(json.dumps({"kind": "scores"}))
    with pytest.raises(GonerdError, match=r"efficiency\.json"):
        measure_efficiency(["lf"], tmp_path, EfficiencySettings())


def test_what_a_process_died_of_is_told():
    with Child("json.tool", "cell", {}, {}, 1) as one, pytest.raises(GonerdError, match=r"cell: .* \(exit code 2\)"):
        one.heard()
    with Child("code", "cell", {}, {}, 1) as one:
        one.process.kill()
        with pytest.raises(GonerdError, match="cell: killed by signal SIGKILL, most likely for memory"):
            one.turn()


def test_bad_input_is_one_sentence(tmp_path, capsys):
    command = ["evaluate", "efficiency", "x", "--out", str(tmp_path / "r")]
    for words, message in (
        (["--baselines", "ful"], "unknown baseline 'ful'; did you mean 'full'?"),
        (["--dtype", "int4"], "unknown dtype 'int4'"),
        (["--batch", "0"], "--batch '0': give whole numbers above 0"),
        (["--lengths", ""], "--lengths '': give whole numbers above 0"),
    ):
        assert main([*command, *words]) == 2
        assert message in capsys.readouterr().err
    assert main(["evaluate", "baselines"]) == 0
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == BASELINES.names()
    with pytest.raises(UsageError, match="unknown malloc 'tune'"):
        EfficiencySettings(malloc=("tune",)).check()
    with pytest.raises(UsageError, match="bear the same name"):
        measure_efficiency([tmp_path / "a" / "x", tmp_path / "b" / "x"], tmp_path / "r")
    with pytest.raises(UsageError, match="at least one model"):
        measure_efficiency([], tmp_path / "r")
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
def test_real_processes(converted, tmp_path, capsys):
    folder = converted("longformer")
    out = tmp_path / "results"
    words = [str(folder), "--lengths", "64,200", "--batch", "2", "--repeats", "2", "--malloc", "tuned"]
    assert main(["evaluate", "efficiency", *words, "--baselines", "full", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    result = read_result(out / "efficiency.json")
    assert [(cell.model, cell.length, cell.attention) for cell in result.cells] == [
        ("longformer", 64, "longformer/unpadded-flash-merge"),
        ("longformer/full", 64, "roberta/sdpa"),
        ("longformer/full", 200, "roberta/sdpa"),
    ]
    model, full, _ = result.cells
    for cell in (model, full):
        assert (cell.batch, cell.repeats, cell.malloc, cell.dtype) == (2, 2, "tuned", "torch.float32")
        assert 0 < cell.seconds < 60 and cell.flops > 0
        assert cell.threads == result.environment.threads
    assert model.weights_sha256 == facts_of(str(folder)).weights_sha256
    assert (model.disk_bytes, full.disk_bytes) == ((folder / "model.safetensors").stat().st_size, None)
    (missing,) = result.not_measured
    assert (missing.model, missing.length, missing.reason) == ("longformer", 200, "takes at most 128 tokens")
    assert "64 tokens x 2, tuned malloc" in text
    assert f"{full.seconds / model.seconds:.2f}" in text
    assert main(["evaluate", "validate", str(out)]) == 0
    with pytest.raises(GonerdError, match="nowhere: no such folder"):
        measure_efficiency([tmp_path / "nowhere"], tmp_path / "other", EfficiencySettings(lengths=(64,)))
    assert not (tmp_path / "other" / "efficiency.json").exists()
