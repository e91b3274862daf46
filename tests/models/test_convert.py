"""A converted model is its source where the window covers the text, and a plain Hugging Face checkpoint."""

import json
from types import SimpleNamespace

import pytest
import torch
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    GPT2Config,
    GPT2Model,
    LongformerConfig,
    LongformerModel,
    T5Config,
)
from typer.testing import CliRunner

from gonerd.errors import GonerdError, UsageError
from gonerd.models import convert
from gonerd.models.attention import ATTENTION, attention_used
from gonerd.models.cli import app
from gonerd.models.conversion import save
from gonerd.models.heads import HEADS
from gonerd.models.load import weights_sha256

CLOSE = 1e-5
TEXTS = ["The court, after long debate, freed J. Smith.", "No.", "The judge left."]


def outputs(model, batch, head):
    if head == "question-answering" and model.config.model_type == "longformer":
        batch = {**batch, "global_attention_mask": torch.zeros_like(batch["input_ids"])}
    with torch.no_grad():
        out = model(**batch)
    names = {"base": ["last_hidden_state", "pooler_output"], "question-answering": ["start_logits", "end_logits"]}
    return [out[name] for name in names.get(head, ["logits"])]


def gelu_everywhere(folder, family, head):
    """BigBird's classifier applies `hidden_act` where RoBERTa's and BERT's apply tanh; with that it can hold theirs."""
    config = json.loads((folder / "config.json").read_text())
    if head == "sequence-classification":
        config["hidden_act"] = "tanh"
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("attention", ["bigbird", "full", "longformer"])
@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("head", sorted(HEADS))
def test_outputs_equal_the_source(save_model, attention, family, head):
    folder = save_model(family, head)
    if attention == "bigbird":
        if head == "question-answering":
            with pytest.raises(GonerdError, match="question-answering head"):
                convert(folder, attention, max_length=300)
            return
        gelu_everywhere(folder, family, head)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    source = HEADS[head].auto.from_pretrained(folder)
    options = {"window": 256} if attention == "longformer" else {}
    result, converted_tokenizer = convert(folder, attention, max_length=300, **options)
    used = {"bigbird": "big_bird/hf-unpadded", "full": f"{family}/unpadded", "longformer": "longformer/unpadded"}
    assert attention_used(result) == f"{used[attention]}-flash-merge"
    assert not result.training
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    assert converted_tokenizer(TEXTS, padding=True, return_tensors="pt")["input_ids"].equal(batch["input_ids"])
    real = batch["attention_mask"] == 1
    for a, b in zip(outputs(source, batch, head), outputs(result, batch, head), strict=True):
        difference = (a - b).abs()
        assert (difference[real] if a.shape[:2] == real.shape else difference).max() < CLOSE


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_hidden_states_equal_the_source(make_tiny, family):
    source = make_tiny(family, type_vocab_size=2)
    result, _ = convert(source, max_length=200, window=256, tokenizer=SimpleNamespace())
    torch.manual_seed(0)
    ids = torch.randint(5, 60, (2, 100))
    mask = torch.ones_like(ids)
    mask[1, 40:], ids[1, 40:] = 0, source.config.pad_token_id
    types = (torch.arange(100) > 30).long().expand(2, -1)
    with torch.no_grad():
        a, b = (
            model(ids, attention_mask=mask, token_type_ids=types, output_hidden_states=True)
            for model in (source, result)
        )
    for x, y in zip(a.hidden_states, b.hidden_states, strict=True):
        assert (x - y)[mask == 1].abs().max() < CLOSE


@pytest.mark.parametrize("head", ["base", "masked-lm"])
@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_no_storage_is_shared(make_tiny, family, head):
    """A student that shares a tensor with its teacher trains the teacher too."""
    source = make_tiny(family, head)
    before = weights_sha256(source)
    result, _ = convert(source, max_length=200, window=8, tokenizer=SimpleNamespace())
    theirs = {p.untyped_storage().data_ptr() for p in source.state_dict().values()}
    assert not theirs & {p.untyped_storage().data_ptr() for p in result.state_dict().values()}
    for layer in result.base_model.encoder.layer:
        attention = layer.attention.self
        for name in ("query", "key", "value"):
            local, spread = getattr(attention, name), getattr(attention, f"{name}_global")
            assert torch.equal(local.weight, spread.weight)
            assert torch.equal(local.bias, spread.bias)
            assert local.weight.data_ptr() != spread.weight.data_ptr()
    if head == "masked-lm":  # tied within the result, as in the source
        assert result.lm_head.decoder.weight is result.base_model.embeddings.word_embeddings.weight
    with torch.no_grad():
        for parameter in result.parameters():
            parameter.add_(1.0)
    assert weights_sha256(source) == before


@pytest.mark.parametrize(("family", "first"), [("bert", 0), ("roberta", 2)])
def test_positions_are_the_learnt_ones_over_and_over(make_tiny, family, first):
    source = make_tiny(family)
    result, _ = convert(source, max_length=300, window=8, tokenizer=SimpleNamespace())
    learnt = source.embeddings.position_embeddings.weight[first:]
    pad = source.config.pad_token_id
    rows = result.embeddings.position_embeddings.weight[pad + 1 :]
    assert result.config.max_position_embeddings == len(rows) + pad + 1 == 300 + pad + 1
    assert torch.equal(rows, torch.cat([learnt, learnt, learnt])[:300])


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_anybody_can_load_what_was_saved(save_model, tmp_path, family):
    folder = save_model(family, "masked-lm")
    result, tokenizer = convert(folder, max_length=400, window=32)
    save(result, tokenizer, tmp_path / "out", {"made_by": "test"})
    again, its_tokenizer = (auto.from_pretrained(tmp_path / "out") for auto in (AutoModelForMaskedLM, AutoTokenizer))
    assert type(again).__name__ == "LongformerForMaskedLM"
    assert attention_used(again) == "longformer/huggingface"
    assert its_tokenizer.model_max_length == tokenizer.model_max_length == 400
    batch = its_tokenizer(TEXTS[0] * 7, return_tensors="pt")
    assert batch["input_ids"].equal(tokenizer(TEXTS[0] * 7, return_tensors="pt")["input_ids"])
    assert batch["input_ids"].shape[1] > 200
    with torch.no_grad():
        assert (again(**batch).logits - result(**batch).logits).abs().max() < 5e-5
    note = json.loads((tmp_path / "out" / "gonerd.json").read_text())
    assert note["weights_sha256"] == weights_sha256(tmp_path / "out") == weights_sha256(again)
    assert note["source_sha256"] == weights_sha256(folder)
    assert (note["source"], note["pattern"], note["made_by"]) == (str(folder), "longformer", "test")
    assert (note["layers"], note["window"], note["max_length"]) == (4, [32] * 4, 400)
    save(result, tokenizer, tmp_path / "out", {})  # its own folder may be replaced
    with pytest.raises(GonerdError, match="did not write"):
        save(result, tokenizer, folder, {})


def test_no_truncation_is_inherited(save_model, tmp_path):
    """all-MiniLM-L6-v2's tokenizer.json cuts and fills every text to 128 tokens."""
    folder = save_model("bert")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.backend_tokenizer.enable_truncation(9)
    tokenizer.backend_tokenizer.enable_padding(length=9)
    tokenizer.save_pretrained(folder)
    assert json.loads((folder / "tokenizer.json").read_text())["truncation"]
    save(*convert(folder, max_length=300, window=16), tmp_path / "out", {})
    written = json.loads((tmp_path / "out" / "tokenizer.json").read_text())
    assert (written["truncation"], written["padding"]) == (None, None)
    assert "max_length" not in json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert len(AutoTokenizer.from_pretrained(tmp_path / "out").backend_tokenizer.encode("a" * 60).ids) == 62


def test_a_longformer_is_widened(tmp_path):
    sizes = {"vocab_size": 30, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}
    config = LongformerConfig(**sizes, num_hidden_layers=2, attention_window=[8, 16], max_position_embeddings=66)
    source = LongformerModel(config).eval()
    result, _ = convert(source, max_length=150, window=64, tokenizer=SimpleNamespace())
    assert (source.config.attention_window, result.config.attention_window) == ([8, 16], [64, 64])
    learnt = source.embeddings.position_embeddings.weight[2:]
    rows = result.embeddings.position_embeddings.weight[2:]
    assert torch.equal(rows, torch.cat([learnt, learnt, learnt])[:150])
    shorter, _ = convert(source, max_length=10, window=64, tokenizer=SimpleNamespace())
    assert torch.equal(shorter.embeddings.position_embeddings.weight, source.embeddings.position_embeddings.weight)
    result.save_pretrained(tmp_path)
    again = LongformerModel.from_pretrained(tmp_path).eval()
    ids = torch.randint(3, 30, (1, 120))
    with torch.no_grad():
        assert (again(ids).last_hidden_state - result(ids).last_hidden_state).abs().max() < CLOSE


def test_other_families_are_refused_by_name(tmp_path):
    gpt2 = GPT2Model(GPT2Config(n_layer=1, n_head=1, n_embd=8, vocab_size=10))
    with pytest.raises(GonerdError, match=r"'gpt2'.*bert.*roberta"):
        convert(gpt2)
    T5Config().save_pretrained(tmp_path)
    with pytest.raises(GonerdError, match=r"'t5'.*bert.*roberta"):
        convert(tmp_path)


def test_parts_that_a_family_lacks_are_refused(make_tiny):
    with pytest.raises(GonerdError, match=r"applies 'tanh'.*'gelu'"):
        convert(make_tiny("roberta", "sequence-classification"), "bigbird", tokenizer=SimpleNamespace())
    with pytest.raises(GonerdError, match="hidden_act"):
        convert(make_tiny("bert", "masked-lm", hidden_act="relu"), tokenizer=SimpleNamespace())
    with pytest.raises(GonerdError, match="is_decoder"):
        convert(make_tiny("bert", is_decoder=True), tokenizer=SimpleNamespace())


def test_missing_things_are_named(make_tiny, tmp_path):
    with pytest.raises(GonerdError, match=r"no config\.json"):
        convert(tmp_path)
    with pytest.raises(GonerdError, match="no such folder"):
        convert(tmp_path / "nowhere")
    with pytest.raises(GonerdError, match="neither from a folder"):
        convert("nobody/no-such-model")
    with pytest.raises(GonerdError, match="tokenizer="):
        convert(make_tiny("bert"))


def test_impossible_numbers(tiny_bert):
    for wrong, said in (
        ({"window": 7}, "window is 7: give an even"),
        ({"window": 0}, "window is 0"),
        ({"windw": 8}, "did you mean 'window'"),
        ({"attention": "full", "window": 8}, "'full' attention has no options; leave out 'window'"),
        ({"attention": "bigbird", "semantics": "hg"}, "semantics is 'hg'"),
        ({"max_length": 0}, "max_length"),
        ({"attention": "longfomer"}, "longformer"),
    ):
        with pytest.raises(UsageError, match=said):
            convert(tiny_bert, **wrong)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_full_attention_takes_longer_texts(make_tiny, family, tmp_path):
    source = make_tiny(family)
    result, _ = convert(source, "full", max_length=300, tokenizer=SimpleNamespace())
    assert type(result).__name__ == type(source).__name__
    result.save_pretrained(tmp_path)
    again = type(source).from_pretrained(tmp_path).eval()
    ids = torch.randint(5, 60, (1, 290))
    with torch.no_grad():
        assert (again(ids).last_hidden_state - result(ids).last_hidden_state).abs().max() < CLOSE


def test_conversions_of_one_model_are_the_same(make_tiny):
    """BigBird's language model has a pooler that RoBERTa's lacks."""
    source = make_tiny("roberta", "masked-lm")
    one, other = (convert(source, "bigbird", tokenizer=SimpleNamespace())[0] for _ in range(2))
    assert weights_sha256(one) == weights_sha256(other)


def test_the_command(save_model, tmp_path):
    folder = save_model("roberta", "masked-lm")
    words = ["convert", str(folder), "--attention", "bigbird", "--max-length", "600"]
    runner = CliRunner()
    done = runner.invoke(
        app, [*words, "--out", str(tmp_path / "a"), "--set", "block_size=8", "--set", "semantics=random"]
    )
    assert done.exit_code == 0, done.output
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert (config["block_size"], config["gonerd_bigbird"]) == (8, "random")
    assert json.loads((tmp_path / "a" / "gonerd.json").read_text())["attention_used"].startswith("big_bird/random")
    for wrong in ("revision=x", "window=8"):
        refused = runner.invoke(app, ["convert", str(folder), "--attention", "full", "--out", "x", "--set", wrong])
        assert "'full' attention has no options" in str(refused.exception)
    listed = runner.invoke(app, ["attention"]).output
    assert all(word in listed for word in ("longformer", "window=512", "bigbird", "block_size=64", "full"))
    for name in ATTENTION.names():
        drawn = runner.invoke(app, ["attention", name, "--draw", str(tmp_path / f"{name}.png"), "--length", "64"])
        assert drawn.exit_code == 0, drawn.output
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    for wrong in (["--set", "window"], ["--set", "windw=8"], ["--draw", str(tmp_path / "b.png"), "--length", "0"]):
        assert isinstance(runner.invoke(app, ["attention", "longformer", *wrong]).exception, UsageError)
    assert isinstance(runner.invoke(app, ["attention", "--set", "a=1"]).exception, UsageError)
