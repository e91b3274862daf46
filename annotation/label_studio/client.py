"""The few calls of Label Studio's REST API (api.labelstud.io) that review needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

from gonerd.errors import GonerdError, UsageError, needs_extra
from gonerd.formats.label_studio import FROM_NAME, TO_NAME

from .config import label_config

DEFAULT_URL = "http://127.0.0.1:8080"
PAGE = 100
_SECONDS = 60.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Client:
    """Speaks to one server.

    Personal access tokens are JSON Web Tokens that buy a short-lived one; legacy tokens are sent as they are. No
    redirect is followed, so that the token reaches the server that was named and no other.

    Args:
        url: Address of the server, for instance "http://127.0.0.1:8080".
        token: Access token.
        allow_http: Send the token unencrypted to another machine.

    Raises:
        UsageError: The address is none, holds a password, or is neither https nor on this machine.
    """

    def __init__(self, url: str, token: str, *, allow_http: bool = False) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url!r} is no address of a Label Studio server; pass --url http://HOST:PORT")
        if parts.username or parts.password:
            raise UsageError("the address holds a user name or password; leave it out and use the access token")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not allow_http:
            raise UsageError(
                f"{url}: the access token would cross the network unencrypted; use https, or pass --allow-http"
            )
        with needs_extra("annotation"):
            import httpx
        self.url = url.rstrip("/")
        self._httpx, self._token, self._bearer = httpx, token, ""
        self._http = httpx.Client(base_url=self.url, timeout=_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def project(self, title: str, *, create: bool = False) -> int:
        """Returns the number of the project of that title.

        Args:
            title: Its title, at least three characters.
            create: Make it, with our labelling configuration, when there is none.

        Raises:
            GonerdError: There is none, there are several, or it lacks our configuration.
        """
        found = [p for p in self._pages("/api/projects", {"title": title}, "results") if p.get("title") == title]
        if len(found) > 1:
            raise GonerdError(f"{self.url}: {len(found)} projects are called {title!r}; rename all but one")
        if found:
            if not all(f'name="{name}"' in str(found[0].get("label_config")) for name in (FROM_NAME, TO_NAME)):
                raise GonerdError(
                    f"{self.url}: project {title!r} was not made here (its configuration lacks {FROM_NAME!r} or "
                    f"{TO_NAME!r}); choose another --project"
                )
            return int(found[0]["id"])
        if not create:
            raise GonerdError(f"{self.url}: no project is called {title!r}; check --project")
        made = self._call("POST", "/api/projects", json={"title": title, "label_config": label_config()})
        return int(made["id"])

    def tasks(self, project: int, *, annotations: bool = False) -> Iterator[dict[str, Any]]:
        """Yields the tasks of a project, a page at a time, with what annotators made where asked for."""
        query = {"project": project, "fields": "all" if annotations else "task_only"}
        yield from self._pages("/api/tasks", query, "tasks")

    def add(self, project: int, tasks: Sequence[dict[str, Any]]) -> int:
        """Adds tasks to a project, all or none, and returns how many the server counted."""
        answer = self._call("POST", f"/api/projects/{project}/import", json=list(tasks))
        return int(answer.get("task_count", 0))

    def _pages(self, path: str, query: Mapping[str, Any], field: str) -> Iterator[dict[str, Any]]:
        page, seen = 1, 0
        while True:
            answer = self._call("GET", path, params={**query, "page": page, "page_size": PAGE})
            items = answer.get(field)
            total = answer.get("total", answer.get("count"))
            if not isinstance(items, list) or not isinstance(total, int):
                raise GonerdError(f"{self.url}{path}: the answer is not that of Label Studio; check --url")
            yield from items
            page, seen = page + 1, seen + len(items)
            if seen >= total or not items:
                return

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = self._send(method, path, request)
        if answer.status_code == 401 and self._token.count(".") == 2:  # the short-lived token ran out
            self._bearer = ""
            answer = self._send(method, path, request)
        if answer.status_code in (401, 403):
            raise GonerdError(
                f"{self.url}: Label Studio refused the access token ({answer.status_code}); copy it again, and "
                "allow legacy tokens in the organization if it is one"
            )
        if not answer.is_success:
            raise GonerdError(f"{self.url}{path}: Label Studio answered {answer.status_code}: {_reason(answer)}")
        try:
            value = answer.json()
        except ValueError as error:
            raise GonerdError(
                f"{self.url}{path}: the answer is no JSON, so this is not Label Studio; check --url"
            ) from error
        if not isinstance(value, dict):
            raise GonerdError(f"{self.url}{path}: the answer is not that of Label Studio; check --url")
        return value

    def _send(self, method: str, path: str, request: Mapping[str, Any]) -> Any:
        try:
            if self._token.count(".") == 2 and not self._bearer:
                bought = self._http.post("/api/token/refresh", json={"refresh": self._token})
                if not bought.is_success:
                    return bought
                self._bearer = str(bought.json().get("access"))
            header = f"Bearer {self._bearer}" if self._bearer else f"Token {self._token}"
            return self._http.request(method, path, headers={"Authorization": header}, **request)
        except (self._httpx.HTTPError, ValueError) as error:
            raise GonerdError(
                f"{self.url}: Label Studio cannot be reached ({type(error).__name__}: {' '.join(str(error).split())}); "
                "start it or check --url, then run the same command again to continue"
            ) from error


def _reason(answer: Any) -> str:
    try:
        value = answer.json()
        said = value.get("validation_errors") or value.get("detail")
    except (ValueError, AttributeError):
        said = answer.reason_phrase
    return " ".join(str(said).split())[:300]
