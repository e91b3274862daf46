"""What publishing asks of the hub, and its client's errors in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError, UsageError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

AGAIN = "run the same command again"
_SECONDS = 10  # before a hub that does not answer counts as unreachable
_REMEDIES = {
    401: "it refuses the token or found none; log in with `hf auth login` or set HF_TOKEN",
    403: "this token may not do that; use one with write access to the repository, or open a pull request instead",
    404: "there is no such dataset, or this token may not see it; check the name and log in with `hf auth login`",
    409: f"something else is changing the repository; {AGAIN}",
    412: f"the repository changed during the upload; look at its history, then {AGAIN}",
    429: f"it has had too many requests; wait a few minutes, then {AGAIN}",
}


@dataclass(frozen=True)
class Remote:
    """What the hub holds of a dataset.

    Attributes:
        head: Commit of the main branch, None in an empty repository.
        private: Whether it is private.
        files: Files at the head, by path.
        tagged: Files that the tag marks, None where there is no such tag.
    """

    head: str | None
    private: bool
    files: Mapping[str, RepoFile]
    tagged: Mapping[str, RepoFile] | None


def look(api: HfApi, repo: str, tag: str | None) -> Remote | None:
    """Reads what the hub holds; None when there is no such dataset that this token may see."""
    from huggingface_hub.errors import RepositoryNotFoundError

    with plainly(api, repo):
        try:
            info = api.dataset_info(repo, timeout=_SECONDS)
        except RepositoryNotFoundError:
            return None
        tags = {ref.name for ref in api.list_repo_refs(repo, repo_type="dataset").tags} if tag else set()
        return Remote(
            head=info.sha,
            private=bool(info.private),
            files=tree(api, repo, info.sha) if info.sha else {},
            tagged=tree(api, repo, tag) if tag and tag in tags else None,
        )


def tree(api: HfApi, repo: str, revision: str) -> dict[str, RepoFile]:
    """Lists the files of a revision, by path."""
    from huggingface_hub.hf_api import RepoFile

    entries = api.list_repo_tree(repo, recursive=True, revision=revision, repo_type="dataset")
    return {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}


@contextmanager
def plainly(api: HfApi, repo: str) -> Iterator[None]:
    """Turns whatever the hub's client raises into one sentence with the remedy."""
    from huggingface_hub.errors import HFValidationError

    try:
        yield
    except HFValidationError as error:
        raise UsageError(f"repository {repo!r} is malformed: {' '.join(str(error).split())}") from error
    except (OSError, RuntimeError, ValueError, transport_error()) as error:
        raise GonerdError(f"{repo}: {_sentence(error, api.endpoint)}") from error


def transport_error() -> type[Exception]:
    """Returns the base of every error of the HTTP library beneath the client, another one in each major version."""
    from huggingface_hub import errors

    base: type[Exception] = vars(errors)["HTTPError"]
    return base


def _sentence(error: BaseException, endpoint: str) -> str:
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return f"HF_HUB_OFFLINE is set, and publishing needs the hub; unset it and {AGAIN}"
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        otherwise = f"it is in trouble itself; {AGAIN} later" if status >= 500 else f"mend that and {AGAIN}"
        said = " ".join((error.server_message or "").split())[:300]
        return f"the hub answered {status}{f' ({said})' if said else ''}: {_REMEDIES.get(status, otherwise)}"
    if isinstance(error, transport_error()):
        return f"{endpoint} cannot be reached ({type(error).__name__}); check the connection and {AGAIN}"
    if error.__cause__ is not None:
        return _sentence(error.__cause__, endpoint)  # the error of an upload comes wrapped
    return f"the upload failed ({' '.join(str(error).split())}); mend that and {AGAIN}"
