"""Tiny random encoders, saved to disk with tokenizers that can spell anything: no download, milliseconds to make."""

import string
from pathlib import Path

import pytest

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    # Wide enough to make attention peaked and positions matter, which the usual 0.02 does not.
    "initializer_range": 0.3,
}
LENGTH = 128
CLASSES = {
    "base": "Model",
    "masked-lm": "ForMaskedLM",
    "token-classification": "ForTokenClassification",
    "sequence-classification": "ForSequenceClassification",
    "question-answering": "ForQuestionAnswering",
}


def bert_tokenizer():
    """Lower-cased WordPiece over single characters and a few whole words."""
    from transformers import BertTokenizer

    characters = string.ascii_lowercase + string.digits + string.punctuation
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "court", "judge", *characters]
    pieces += [f"##{c}" for c in string.ascii_lowercase + string.digits]
    return BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, model_max_length=LENGTH)


def roberta_tokenizer():
    """Byte-level BPE without a single merge."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import RobertaTokenizer

    pieces = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet()), "<mask>"]
    return RobertaTokenizer(
        vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], model_max_length=LENGTH, add_prefix_space=True
    )


def tiny_model(family, head="base", seed=0, **fields):
    """A random model of one family and head, in evaluation mode."""
    import torch
    import transformers

    torch.manual_seed(seed)
    if family == "bert":
        config = transformers.BertConfig(
            **{**SIZES, "vocab_size": len(bert_tokenizer()), "max_position_embeddings": LENGTH, **fields}
        )
        name = "Bert"
    else:
        config = transformers.RobertaConfig(
            **{
                **SIZES,
                "vocab_size": len(roberta_tokenizer()),
                "max_position_embeddings": LENGTH + 2,
                "type_vocab_size": 1,
                "layer_norm_eps": 1e-5,
                **fields,
            }
        )
        name = "Roberta"
    model = getattr(transformers, name + CLASSES[head])(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:  # biases and norms begin as zeros and ones: a lost one would go unseen
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def save_tiny(folder, family, head="base", **fields):
    """Writes a tiny model and its tokenizer, and returns the folder."""
    tiny_model(family, head, **fields).save_pretrained(folder)
    {"bert": bert_tokenizer, "roberta": roberta_tokenizer}[family]().save_pretrained(folder)
    return Path(folder)


@pytest.fixture
def tiny_bert(tmp_path):
    """Folder of a BERT with a masked-language-model head."""
    return save_tiny(tmp_path / "tiny-bert", "bert", "masked-lm")


@pytest.fixture
def tiny_roberta(tmp_path):
    """Folder of a RoBERTa with a masked-language-model head."""
    return save_tiny(tmp_path / "tiny-roberta", "roberta", "masked-lm")


@pytest.fixture
def make_tiny():
    """`tiny_model`: (family, head, **config fields) -> model."""
    return tiny_model


@pytest.fixture
def save_model(tmp_path):
    """(family, head) -> folder of such a tiny model."""
    return lambda family, head="base", **fields: save_tiny(tmp_path / f"{family}-{head}", family, head, **fields)
