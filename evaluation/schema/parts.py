"""What result files of every kind hold. Unknown fields are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """A part of a result file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Git(Strict):
    """State of the source tree."""

    commit: Annotated[str, Field(pattern="^[0-9a-f]{40}([0-9a-f]{24})?$", description="Commit of the source tree.")]
    dirty: Annotated[bool, Field(description="Whether anything was changed since.")]


class Environment(Strict):
    """What a number was measured with."""

    git: Annotated[Git | None, Field(description="Null for an installed copy outside a checkout.")]
    python: Annotated[str, Field(description="Version of Python.")]
    libraries: Annotated[dict[str, str | None], Field(description="Version of each library, null where it is absent.")]
    machine: Annotated[str, Field(description="Architecture of the processor.")]
    device: Annotated[str, Field(description='"cpu", or the name of the GPU.')]
    threads: Annotated[Positive, Field(description="Threads that the processor's share ran in.")]
