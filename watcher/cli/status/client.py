"""Asking a watcher for its status."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from watcher.bounded_http.client import ConnectionSettings, HttpClient
from watcher.bounded_http.errors import ConnectFailed, ConnectTimedOut, HttpError
from watcher.bounded_http.http1 import Response
from watcher.cli.exit_codes import ExitCode
from watcher.util.urls import HIDDEN, without_secrets

_CALL = ConnectionSettings(connect_timeout=5.0, read_timeout=20.0, max_body=8 << 20, connections=1, proxies={})
"""Without a proxy: the port is a local one. The watcher may need 10 s to read its settings from a slow disk; with the
most that a file may have they fill less than 1 MiB."""

EXIT_CODES = {
    "active": 0,
    "degraded": 1,
    "deactivating": ExitCode.NOT_RUNNING,
    "inactive": ExitCode.NOT_RUNNING,
    "unknown": ExitCode.NO_WATCHER,
}
"""`unknown`: something accepts the connection, but does not answer as a watcher does. It may be one that hangs."""


class PartProblem(BaseModel):
    """A part that does not work."""

    part: str
    problem: str


class Reload(BaseModel):
    """What a reload would do: by key, the old and the new value."""

    applies: dict[str, dict[str, Any]]
    needsRestart: dict[str, dict[str, Any]]  # noqa: N815 - the name in the document
    problems: list[str]


class Config(BaseModel):
    """The settings in force, their origins, and the file."""

    file: str | None
    settings: dict[str, Any]
    origins: dict[str, str]
    reload: Reload


class Status(BaseModel):
    """A watcher's `/status.json`."""

    model_config = ConfigDict(allow_inf_nan=False)

    state: Literal["active", "degraded", "deactivating"]
    version: str
    uptimeSeconds: float  # noqa: N815 - the name in the document
    stuck: list[str]
    problems: list[PartProblem]
    sessionsInFlight: int  # noqa: N815 - the name in the document
    callsPerSecond: float | None  # noqa: N815 - the name in the document
    decisions: dict[str, int]
    config: Config | None


@dataclass(frozen=True)
class StatusReply:
    """What came back: the status and the document that has it, or why there is none."""

    url: str
    state: str
    status: Status | None = None
    document: bytes = b""
    problem: str = ""

    @property
    def exit_code(self) -> int:
        """As of `systemctl is-active`, where it has one."""
        return EXIT_CODES[self.state]

    def members(self) -> dict[str, Any]:
        """The document, with the URL; or the state and the problem."""
        if self.status is None:
            return {"url": self.url, "state": self.state, "problem": self.problem}
        return {"url": self.url, **json.loads(self.document)}


def ask(base: str) -> StatusReply:
    """The status of the watcher at this URL."""
    url = f"{base}/status.json"
    shown = without_secrets(base, mark=HIDDEN)
    client = HttpClient(_CALL)
    try:
        response = client.call("GET", url, [("Accept", "application/json")])
    except HttpError as error:
        is_absent = isinstance(error, ConnectFailed | ConnectTimedOut)
        return StatusReply(shown, "inactive" if is_absent else "unknown", problem=f"no answer: {_why(error)}")
    finally:
        client.close()
    body = b"".join(response.stream())
    if response.status != HTTPStatus.OK:
        return StatusReply(
            shown, "unknown", problem=f"HTTP {response.status} for /status.json: no watcher, or an old one"
        )
    try:
        status = Status.model_validate_json(body)
    except ValidationError:
        is_cut_off = _is_cut_off(response, body)
        problem = "the connection ended within the answer" if is_cut_off else "the answer is not a watcher's"
        return StatusReply(shown, "unknown", problem=problem)
    return StatusReply(shown, status.state, status, body)


def _is_cut_off(response: Response, body: bytes) -> bool:
    """Whether less than the announced length has come."""
    lengths = [value for name, value in response.headers.items() if name.lower() == "content-length"]
    return any(length != str(len(body)) for length in lengths)


def _why(error: HttpError) -> str:
    """The operating system's words, without its number."""
    return getattr(error.__cause__, "strerror", None) or str(error)
