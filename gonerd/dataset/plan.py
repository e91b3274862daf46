"""What publishing does, in words."""

from __future__ import annotations

from dataclasses import dataclass

from .verified import ReleaseFile


@dataclass(frozen=True)
class PublishPlan:
    """What publishing does, or in a dry run would do.

    Attributes:
        repo: "owner/name" of the dataset.
        address: Where it is, or will be.
        title: Name, version and kind of the release.
        files: Every file of the release.
        message: Message of the commit.
        tag: Tag to set, if any.
        remote: What is on the hub, in words.
        changed: Paths that travel.
        deleted: Paths of an earlier release that the commit takes away.
        tagged: The tag is there and marks this very release, so nothing is left to do.
        dry_run: Nothing was written.
        commit: Commit that holds the release.
        pull_request: Address of the pull request that proposes it.
    """

    repo: str
    address: str
    title: str
    files: tuple[ReleaseFile, ...]
    message: str
    tag: str | None
    remote: str
    changed: tuple[str, ...]
    deleted: tuple[str, ...] = ()
    tagged: bool = False
    dry_run: bool = True
    commit: str | None = None
    pull_request: str | None = None

    def lines(self) -> list[str]:
        """Returns the plan for a terminal, one line for each thing."""
        weight = sum(file.bytes for file in self.files)
        travels = set(self.changed)
        lines = [
            f"{self.title}: {len(self.files)} files, {weight:,} bytes -> {self.address}",
            f"on the hub: {self.remote}",
        ]
        for file in self.files:
            verb = "upload" if file.path in travels else "same  "
            lines.append(f"  {verb} {file.path}  {file.bytes:,} bytes  sha256 {file.sha256}")
        lines += [f"  delete {path}" for path in self.deleted]
        lines.append(f"commit: {self.message if self.changed or self.deleted else 'nothing has changed'}")
        if self.tag:
            lines.append(f"tag: {self.tag}{', there already with this very release' if self.tagged else ''}")
        if self.dry_run:
            lines.append("dry run: nothing was written")
        elif self.pull_request:
            lines.append(f"done: pull request {self.pull_request}")
        else:
            lines.append(f"done: {self.remote if self.tagged else f'commit {self.commit}'} holds the release")
        return lines
