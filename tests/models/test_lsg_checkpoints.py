"""LSG checkpoints here and elsewhere: public ones load, ours load without us, half of one is refused."""

import json
import re
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoTokenizer
from transformers.dynamic_module_utils import get_class_from_dynamic_module

from gonerd.errors import GonerdError
from gonerd.models import convert, load_model
from gonerd.models.attention import attention_used
from gonerd.models.attention._lsg_public import CLASSES, PublicLSG
from gonerd.models.heads import HEADS
from gonerd.models.save import save

CLOSE = 1e-5
# As `lsg-converter` 0.1.9 writes them.
FIELDS = {
    "adaptive": True,
    "base_model_prefix": "lsg",
    "block_size": 16,
    "lsh_num_pre_rounds": 1,
    "mask_first_token": True,
    "num_global_tokens": 1,
    "pool_with_global": True,
    "sparse_block_size": 16,
    "sparsity_factor": 4,
    "sparsity_type": "norm",
}
FIRST = {"bert": 2, "roberta": 0}


@pytest.fixture
def save_public(save_model):
    """(family, head) -> folder in the public layout: the family's own names, and global embeddings."""

    def made(family, head):
        folder = save_model(family, head)
        fields = json.loads((folder / "config.json").read_text())
        fields["architectures"] = ["LSG" + fields["architectures"][0]]
        code = f"modeling_lsg_{family}.LSG{family.capitalize()}"
        fields |= {**FIELDS, "auto_map": {"AutoConfig": f"{code}Config", "AutoModel": f"{code}Model"}}
        (folder / "config.json").write_text(json.dumps(fields))
        weights = load_file(folder / "model.safetensors")
        prefix = "" if head == "base" else f"{family}."
        words, places, kinds = (
            weights[f"{prefix}embeddings.{kind}_embeddings.weight"] for kind in ("word", "position", "token_type")
        )
        torch.manual_seed(1)
        table = torch.randn(512, words.shape[1])
        table[0] = words[FIRST[family]] + places[0 if family == "bert" else 2] + kinds[0]
        weights[f"{prefix}embeddings.global_embeddings.weight"] = table
        weights[f"{prefix}embeddings.position_ids"] = torch.arange(len(places))[None]  # older releases saved it
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return folder

    return made


def text(family, length=30):
    torch.manual_seed(0)
    ids = torch.randint(5, 60, (2, length))
    ids[:, 0] = FIRST[family]
    return ids


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("head", sorted(HEADS))
def test_a_public_checkpoint_becomes_ours(save_model, save_public, family, head):
    """Its global token stands for the first token, so that short texts have the outputs of full attention."""
    plain = HEADS[head].auto.from_pretrained(save_model(family, head)).eval()
    model, _ = load_model(save_public(family, head), None)
    assert type(model).__name__ == CLASSES[head].__name__
    assert attention_used(model) == "lsg/norm-unpadded-flash-merge"
    ids = text(family)
    with torch.no_grad():
        theirs, ours = plain(ids), model(ids)
    for a, b in zip(theirs.to_tuple(), ours.to_tuple(), strict=True):
        assert (a - b).abs().max() < CLOSE


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_another_head_may_be_asked_for(save_public, family):
    model, _ = load_model(save_public(family, "masked-lm"), "token-classification", num_labels=5)
    assert (type(model).__name__, model.config.num_labels) == ("LSGForTokenClassification", 5)


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("head", sorted(HEADS))
def test_the_table_of_names_is_read_both_ways(save_public, family, head):
    folder = save_public(family, head)
    stated = AutoConfig.from_pretrained(folder)
    assert PublicLSG.recognises(stated)
    public = PublicLSG(stated)
    weights = {k: v for k, v in load_file(folder / "model.safetensors").items() if not k.endswith("position_ids")}
    back = public.public(public.ours(weights))
    assert set(back) == set(weights)
    assert all(torch.equal(back[name], weights[name]) for name in weights)
    fields = json.loads((folder / "config.json").read_text())
    again = public.public_fields(public.config())
    for name in set(fields) - {"auto_map", "transformers_version"}:
        assert again.get(name) == fields[name], name


def test_ours_is_no_public_checkpoint(save_model, tmp_path):
    result, tokenizer = convert(save_model("bert"), attention="lsg", max_length=100, block_size=16)
    save(result, tokenizer, tmp_path / "out", {})
    assert not PublicLSG.recognises(AutoConfig.from_pretrained(tmp_path / "out"))


@pytest.mark.parametrize("head", [None, "token-classification"])
@pytest.mark.parametrize("public", [True, False])
def test_half_a_checkpoint_is_refused(save_public, save_model, public, head):
    """Otherwise what is missing would begin at random, in silence."""
    folder = (save_public if public else save_model)("roberta", "masked-lm")
    weights = load_file(folder / "model.safetensors")
    whole = dict(weights)
    weights.pop("roberta.encoder.layer.1.attention.self.key.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(GonerdError, match=r"1 missing \(roberta\.encoder\.layer\.1\.attention\.self\.key\.weight\)"):
        load_model(folder, head)
    whole["roberta.encoder.layer.7.output.dense.bias"] = torch.zeros(32)
    save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(GonerdError, match=r"1 left over \(roberta\.encoder\.layer\.7"):
        load_model(folder, head)


@pytest.mark.parametrize("public", [False, True])
def test_weights_of_another_shape_are_named(save_public, save_model, public):
    folder = (save_public if public else save_model)("roberta", "masked-lm")
    weights = load_file(folder / "model.safetensors")
    name = "roberta.encoder.layer.1.output.dense.weight"
    found, wanted = weights[name].shape[0] - 1, tuple(weights[name].shape)
    weights[name] = weights[name][:-1].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    shapes = re.escape(f"{name} is {(found, wanted[1])}, not {wanted}")
    with pytest.raises(GonerdError, match=f"1 weights of another shape than config.json says .{shapes}"):
        load_model(folder, "masked-lm")


def test_half_a_head_is_refused_unless_it_is_a_new_one(save_model):
    folder = save_model("bert", "token-classification")
    weights = load_file(folder / "model.safetensors")
    weights.pop("classifier.bias")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(GonerdError, match=r"1 missing \(classifier\.bias\)"):
        load_model(folder, None)
    load_model(folder, "question-answering")


def test_public_families_without_a_class_are_named(save_public):
    folder = save_public("bert", "base")
    fields = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**fields, "model_type": "albert"}))
    with pytest.raises(GonerdError, match=r"'albert'.*bert, camembert"):
        load_model(folder, None)
    (folder / "config.json").write_text(json.dumps({**fields, "sparsity_factor": 3}))
    with pytest.raises(GonerdError, match="sparsity_factor"):
        load_model(folder, None)


def test_the_file_beside_a_checkpoint_computes_the_same(save_model, tmp_path):
    result, tokenizer = convert(
        save_model("roberta", "masked-lm"), attention="lsg", max_length=200, block_size=16, sparsity_type="pooling"
    )
    save(result, tokenizer, tmp_path / "out", {})
    fields = json.loads((tmp_path / "out" / "config.json").read_text())
    assert fields["model_type"] == "lsg"
    ids = text("roberta", 150)
    with torch.no_grad():
        ours = result(ids).logits
        for name, head in (("AutoModelForMaskedLM", "masked-lm"), ("AutoModel", "base")):
            made = get_class_from_dynamic_module(fields["auto_map"][name], tmp_path / "out")
            assert made.__module__ != CLASSES[head].__module__
            theirs = made.from_pretrained(tmp_path / "out").eval()
            out = theirs(ids)
            if head == "masked-lm":
                assert (out.logits - ours).abs().max() < CLOSE
            assert set(made.config_class().to_dict()) == set(type(result.config)().to_dict())


@pytest.mark.slow
def test_anybody_can_load_what_was_saved(save_model, tmp_path):
    """In a process that cannot import gonerd."""
    result, tokenizer = convert(save_model("bert", "masked-lm"), attention="lsg", max_length=200, block_size=16)
    save(result, tokenizer, tmp_path / "out", {})
    ids = text("bert", 150)
    with torch.no_grad():
        expected = result(ids).logits
    save_file({"ids": ids, "logits": expected}, tmp_path / "expected.safetensors")
    program = f"""
import sys
sys.modules["gonerd"] = None
import torch
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoTokenizer
folder = {str(tmp_path)!r}
model = AutoModelForMaskedLM.from_pretrained(folder + "/out", trust_remote_code=True).eval()
AutoTokenizer.from_pretrained(folder + "/out")
expected = load_file(folder + "/expected.safetensors")
with torch.no_grad():
    print((model(expected["ids"]).logits - expected["logits"]).abs().max().item() < {CLOSE})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip().endswith("True"), done.stderr[-2000:]


def test_a_converted_checkpoint_loads_again(save_model, tmp_path):
    result, tokenizer = convert(save_model("bert", "masked-lm"), attention="lsg", max_length=200, block_size=16)
    save(result, tokenizer, tmp_path / "out", {})
    again, its_tokenizer = load_model(tmp_path / "out", None)
    assert attention_used(again) == attention_used(result)
    assert its_tokenizer.model_max_length == 200
    ids = text("bert", 150)
    with torch.no_grad():
        assert torch.equal(again(ids).logits, result(ids).logits)
    assert len(AutoTokenizer.from_pretrained(tmp_path / "out")) == len(tokenizer)
