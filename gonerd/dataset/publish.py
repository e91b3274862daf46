"""Publishing a release on the Hugging Face hub: checked first, only what changed travels, tagged last.

Every step looks at what the hub holds already, so a command that failed or was killed is simply run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gonerd import __version__
from gonerd.errors import GonerdError, UsageError

from .hub import AGAIN, Remote, look, plainly, tree
from .plan import PublishPlan
from .schema import MANIFEST
from .verified import in_release, verified

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile


def publish(
    folder: Path,
    repo: str,
    *,
    tag: str | None = None,
    private: bool = False,
    dry_run: bool = False,
    endpoint: str | None = None,
    token: str | None = None,
    create_pr: bool = False,
    message: str | None = None,
) -> PublishPlan:
    """Publishes a release: one commit with what changed, then the tag.

    Args:
        folder: The release. Only the files of its manifest travel, whatever else lies there.
        repo: "owner/name" of the dataset on the hub; made if it is not there.
        tag: Tag to set on the commit: "v" and the release's version.
        private: Make a new repository private.
        dry_run: Write nothing; the state of the hub is read if it can be.
        endpoint: Address of the hub; that of huggingface_hub when None.
        token: Access token; the one of HF_TOKEN or of `hf auth login` when None.
        create_pr: Propose the commit as a pull request instead of making it.
        message: Message of the commit; name and version when None.

    Returns:
        What was done, or in a dry run what would be.

    Raises:
        UsageError: The repository's name, the endpoint or the tag is malformed or does not fit.
        GonerdError: The release is damaged or private, the hub holds what it would harm, or the hub refuses.
    """
    from huggingface_hub import HfApi

    manifest, files = verified(folder)
    _check_request(repo, tag, create_pr, manifest["version"])
    api = HfApi(endpoint=endpoint, token=token, library_name="gonerd", library_version=__version__)
    _check_endpoint(api.endpoint)
    title = f"{manifest['name']} {manifest['version']}"
    plan = PublishPlan(
        repo=repo,
        address=f"{api.endpoint}/datasets/{repo}",
        title=f"{title} ({manifest['release']})",
        files=files,
        message=message or title,
        tag=tag,
        remote=f"not there yet, made{' private' if private else ''} on publishing",
        changed=tuple(file.path for file in files),
        dry_run=dry_run,
    )
    try:
        remote = look(api, repo, tag)
    except GonerdError as error:
        if not dry_run or isinstance(error, UsageError):
            raise
        return replace(plan, remote=f"unknown, so every file is listed as an upload ({error})")
    if remote:
        plan = _against(plan, remote, private)
    elif create_pr:
        raise GonerdError(f"{repo}: there is no such dataset to open a pull request on; publish without --create-pr")
    return plan if dry_run else _carry_out(api, plan, remote, private, create_pr)


def _check_request(repo: str, tag: str | None, create_pr: bool, version: str) -> None:
    if repo.count("/") != 1:
        raise UsageError(f"repository {repo!r} is not of the form owner/name; write it so")
    if tag is not None and tag != f"v{version}":
        raise UsageError(f"tag {tag!r} does not fit the release, whose version is {version}; use --tag v{version}")
    if tag is not None and create_pr:
        raise UsageError("a pull request cannot be tagged; merge it first, then publish again with --tag")


def _check_endpoint(endpoint: str) -> None:
    with suppress(ValueError):  # brackets that do not match, or a port that is no number
        parts = urlsplit(endpoint)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return
    raise UsageError(f"endpoint {endpoint!r} is no address of a hub; write it like https://huggingface.co")


def _compared(plan: PublishPlan, remote: Mapping[str, RepoFile]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the release's paths that the hub lacks or holds otherwise, and the hub's that the release lacks."""
    known = {file.path for file in plan.files}
    changed = tuple(file.path for file in plan.files if not file.same_as(remote.get(file.path)))
    return changed, tuple(sorted(path for path in remote if in_release(path) and path not in known))


def _against(plan: PublishPlan, remote: Remote, private: bool) -> PublishPlan:
    """Narrows a plan to what the hub lacks, and refuses what would harm what is there."""
    if private and not remote.private:
        raise GonerdError(
            f"{plan.repo}: is public already; leave out --private, or change it in its settings on the hub"
        )
    strangers = sorted(path for path in remote.files if in_release(path) and path != "README.md")
    if strangers and MANIFEST not in remote.files:
        raise GonerdError(
            f"{plan.repo}: holds {strangers[0]}, which is of no release made here; choose another repository"
        )
    if remote.tagged is not None:
        # Compared by content: a release that is tagged is finished, even when the main branch has gone on since.
        changed, deleted = _compared(plan, remote.tagged)
        if changed or deleted:
            differs = (changed or deleted)[0]
            raise GonerdError(
                f"{plan.repo}: tag {plan.tag} marks other data ({differs} differs); build with a new version"
            )
        return replace(plan, remote=f"tag {plan.tag}", changed=(), tagged=True)
    changed, deleted = _compared(plan, remote.files)
    return replace(plan, remote=f"commit {remote.head}", changed=changed, deleted=deleted, commit=remote.head)


def _carry_out(api: HfApi, plan: PublishPlan, remote: Remote | None, private: bool, create_pr: bool) -> PublishPlan:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    travels = set(plan.changed)
    with plainly(api, plan.repo):
        if remote is None:
            # None, not False: an organisation may have made private its default.
            api.create_repo(plan.repo, repo_type="dataset", private=private or None, exist_ok=True)
        operations: list[Any] = [CommitOperationAdd(f.path, str(f.local)) for f in plan.files if f.path in travels]
        operations += [CommitOperationDelete(path, is_folder=False) for path in plan.deleted]
        if operations:
            info = api.create_commit(
                plan.repo,
                operations,
                commit_message=plan.message,
                repo_type="dataset",
                create_pr=create_pr,
                parent_commit=remote.head if remote else None,  # whoever commits meanwhile is not overwritten
            )
            plan = replace(plan, commit=info.oid, pull_request=info.pr_url)
            # Once more from the hub itself: a file altered during the upload or ignored there would go unnoticed.
            changed, deleted = _compared(plan, tree(api, plan.repo, info.pr_revision or info.oid))
            if changed or deleted:
                raise GonerdError(
                    f"{plan.repo}: commit {info.oid} does not hold the release ({(changed or deleted)[0]} differs); "
                    f"leave the release alone during the upload, see that no .gitignore there hides it, and {AGAIN}"
                )
        if plan.tag and not plan.tagged:
            api.create_tag(plan.repo, tag=plan.tag, revision=plan.commit, tag_message=plan.message, repo_type="dataset")
    return plan
