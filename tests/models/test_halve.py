"""The student has its teacher's layers, and nothing of the teacher's memory."""

import json
from types import SimpleNamespace

import pytest
import torch
from typer.testing import CliRunner

from gonerd.errors import GonerdError, UsageError
from gonerd.models import convert, halve
from gonerd.models.attention import attention_used
from gonerd.models.cli import app
from gonerd.models.halving import kept_layers
from gonerd.models.heads import HEADS
from tests.tiny import SIZES


@pytest.mark.parametrize("family", ["bert", "roberta", "longformer"])
@pytest.mark.parametrize("head", sorted(HEADS))
def test_kept_layers_equal_the_teachers(make_tiny, family, head):
    teacher = make_tiny("roberta" if family == "longformer" else family, head)
    if family == "longformer":
        teacher, _ = convert(teacher, max_length=200, window=16, tokenizer=SimpleNamespace())
    student = halve(teacher)
    assert type(student) is type(teacher)
    assert student.config.num_hidden_layers == len(student.base_model.encoder.layer) == 2
    assert teacher.config.num_hidden_layers == len(teacher.base_model.encoder.layer) == 4
    theirs, ours = teacher.state_dict(), student.state_dict()
    prefix = "" if head == "base" else f"{teacher.base_model_prefix}."
    for name, tensor in ours.items():
        for kept, number in ((0, 0), (2, 1)):
            name = name.replace(f"{prefix}encoder.layer.{number}.", f"{prefix}encoder.layer.TEACHER{kept}.")
        assert torch.equal(tensor, theirs[name.replace("TEACHER", "")])
    memory = {tensor.untyped_storage().data_ptr() for tensor in theirs.values()}
    assert not memory & {tensor.untyped_storage().data_ptr() for tensor in ours.values()}


def test_student_runs_as_the_teachers_layers_would(make_tiny):
    teacher = make_tiny("bert")
    student = halve(teacher, [0, 2])
    ids = torch.randint(5, 60, (1, 20))
    teacher.encoder.layer = torch.nn.ModuleList([teacher.encoder.layer[0], teacher.encoder.layer[2]])
    with torch.no_grad():
        assert torch.equal(student(ids).last_hidden_state, teacher(ids).last_hidden_state)


def test_student_survives_the_disk(make_tiny, tmp_path):
    teacher, _ = convert(make_tiny("bert", "masked-lm"), max_length=200, window=16, tokenizer=SimpleNamespace())
    teacher.config.attention_window = [16, 18, 20, 22]
    student = halve(teacher, "last")
    assert student.config.attention_window == [20, 22]
    assert attention_used(student) == "longformer/unpadded-flash-merge"
    assert [layer.attention.self.layer_id for layer in student.base_model.encoder.layer] == [0, 1]
    student.save_pretrained(tmp_path)
    again = type(student).from_pretrained(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(student.parameters(), again.parameters(), strict=True))


def test_student_of_a_frozen_teacher_learns(make_tiny):
    teacher = make_tiny("bert").requires_grad_(False)
    student = halve(teacher)
    assert all(parameter.requires_grad for parameter in student.parameters())
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


def test_choices():
    assert kept_layers(12) == [0, 2, 4, 6, 8, 10]
    assert kept_layers(5) == [0, 2, 4]
    assert kept_layers(6, "first") == [0, 1, 2]
    assert kept_layers(5, "last") == [2, 3, 4]
    assert kept_layers(6, [5, 1]) == [5, 1]
    assert kept_layers(6, "5, 1") == [5, 1]
    assert kept_layers(12, "first-last") == [0, 1, 2, 9, 10, 11]
    assert kept_layers(6, "first-last") == [0, 1, 5]
    assert kept_layers(5, "first-last") == [0, 1, 4]
    assert kept_layers(2, "first-last") == [0]


FAMILIES = {
    "bert": ("Bert", {}),
    "roberta": ("Roberta", {"pad_token_id": 1}),
    "longformer": ("Longformer", {"attention_window": [8, 16, 16, 8]}),
    "big_bird": ("BigBird", {"block_size": 4, "num_random_blocks": 1, "attention_type": "block_sparse"}),
    "nystromformer": ("Nystromformer", {"segment_means_seq_len": 64, "num_landmarks": 8, "conv_kernel_size": 5}),
}


@pytest.mark.parametrize("layers", ["every-other", "first-last", [0, 1, 2, 3]], ids=str)
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_and_its_way_to_the_disk(family, layers, tmp_path):
    import transformers

    name, fields = FAMILIES[family]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**{**SIZES, **fields}, vocab_size=70, max_position_embeddings=70)
    teacher = getattr(transformers, f"{name}ForMaskedLM")(config).eval()
    student = halve(teacher, layers)
    ids = torch.randint(5, 60, (2, 64))
    with torch.no_grad():
        ours = student(ids).logits
        if layers == [0, 1, 2, 3]:
            assert torch.equal(ours, teacher(ids).logits)
        student.save_pretrained(tmp_path)
        again = type(student).from_pretrained(tmp_path).eval()
        assert torch.equal(again(ids).logits, ours)


def test_layers_by_number_on_the_command_line(tiny_bert, tmp_path):
    done = CliRunner().invoke(app, ["halve", str(tiny_bert), "--layers", "3,0", "--out", str(tmp_path / "s")])
    assert done.exit_code == 0 and "4 layers -> 2 layers" in done.output
    assert json.loads((tmp_path / "s" / "gonerd.json").read_text())["kept_layers"] == [3, 0]


@pytest.mark.parametrize("wrong", ["every-othr", [], [0, 0], [4], [-1]], ids=str)
def test_wrong_choices(wrong):
    with pytest.raises(UsageError):
        kept_layers(4, wrong)


def test_models_that_cannot_be_halved(make_tiny):
    with pytest.raises(GonerdError, match="single layer"):
        halve(make_tiny("bert", num_hidden_layers=1))
    from transformers import GPT2Config, GPT2Model

    with pytest.raises(GonerdError, match="'gpt2'"):
        halve(GPT2Model(GPT2Config(n_layer=2, n_head=1, n_embd=8, vocab_size=10)))
