"""What the tests of all patterns share: sharpened weights, masks of every kind, one document at a time."""

import torch

CLOSE = 1e-5
SIZES = {"vocab_size": 40, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 48, "num_hidden_layers": 2}
STILL = {"attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}


def peaked(model):
    """Queries and keys times six, and biases: near-uniform attention would hide a wrong mask, zeros a lost bias."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            if name.endswith(("query.weight", "key.weight", "query_global.weight", "key_global.weight")):
                parameter.mul_(6)
    return model.eval()


def masked_batch(batch, length, pad, seed=0, inside=0.0):
    """Token ids and a mask with padding right, left, on both sides and (a share of tokens) inside."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 40, (batch, length), generator=generator)
    mask = torch.ones_like(ids)
    for row in range(batch):
        if row % 4 in (1, 3):
            mask[row, max(1, length - 1 - row * length // 7) :] = 0
        if row % 4 in (2, 3):
            mask[row, : row * length // 9] = 0
    mask[torch.rand(mask.shape, generator=generator) < inside] = 0
    ids[mask == 0] = pad
    return ids, mask


def one_by_one(model, ids, mask, drop_inside=False, **extra):
    """Runs every document alone, without the padding around it; returns the pairs of real rows and outputs."""
    out = []
    for row in range(len(ids)):
        real = mask[row].nonzero().squeeze(1)
        if len(real):
            cut = slice(int(real[0]), int(real[-1]) + 1)
            given = {name: value[row : row + 1, cut] for name, value in extra.items()}
            with torch.no_grad():
                alone = model(ids[row : row + 1, cut], attention_mask=mask[row : row + 1, cut], **given)
            out.append((row, real, alone.last_hidden_state[0, real - real[0]]))
    return out


def worst(batched, pairs):
    """The largest difference between a batch's real rows and those of documents run alone."""
    return max((float((batched[row, real] - alone).abs().max()) for row, real, alone in pairs), default=0.0)


def gradients(model, ids, mask, **extra):
    """Gradients of a random sum over real tokens and the pooled output, by name of the parameter."""
    torch.manual_seed(3)
    weight = torch.randn(*ids.shape, SIZES["hidden_size"]) * mask[..., None]
    out = model(ids, attention_mask=mask, **extra)
    ((out.last_hidden_state * weight).sum() + out.pooler_output.sum()).backward()
    return {name: p.grad for name, p in model.named_parameters()}


def largest_difference(a, b):
    """Of two sets of gradients, relative to the largest gradient; both must know the same parameters."""
    assert {n for n, g in a.items() if g is not None} == {n for n, g in b.items() if g is not None}
    top = max(float(g.abs().max()) for g in a.values() if g is not None)
    return max(float((g - b[name]).abs().max()) for name, g in a.items() if g is not None) / top
