"""Whether this processor multiplies bf16 itself."""

from __future__ import annotations


def multiplies_bf16() -> bool:
    """Tells whether the CPU has instructions for bf16; others emulate it, nine times slower than fp32."""
    import torch  # of extras that compute, and no part of the ground floor

    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))
