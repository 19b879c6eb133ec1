"""Turns the input of `watcher enqueue` into messages that the daemon accepts."""

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import IO, Any, NamedTuple

import click

from watcher.cli.echo import echo
from watcher.consumer.message import parse_message
from watcher.domain.errors import InvalidMessage
from watcher.domain.model import DeadReason, SessionKey, SessionRequest
from watcher.domain.session_id import SESSION_ID
from watcher.util.files import UTF_16
from watcher.util.text import bounded

_ANY_ID = "00000000-0000-0000-0000-000000000000"

_SHOWN = 80

_FIXES = {
    "createdAt": "give it with an offset, like 2025-06-15T15:06:40Z",
    "complete": "give one of them, or leave it out",
}
"""For each member that the daemon would ignore."""

LONGEST_LINE = 1 << 20
"""Maximum bytes of a line: four times the largest message. More is not a file of messages, and /dev/zero never
ends."""


class Line(NamedTuple):
    """One message as the user gave it, and its position."""

    place: str
    raw: bytes


def lines(file: IO[bytes] | None) -> Iterator[Line]:
    """The lines of the file that are not blank."""
    for number, raw in enumerate(_lines(file), 1):
        # Editors on Windows begin a file with a byte order mark, which is not part of an id.
        line = (raw.removeprefix(BOM_UTF8) if number == 1 else raw).strip()
        if line:
            yield Line(f"line {number}", line)


def _lines(file: IO[bytes] | None) -> Iterator[bytes]:
    """The lines of the file, however they end.

    Raises:
        ClickException: it is not a file of messages, or can't be read.
    """
    number = 0
    while file is not None and (raw := _line(file, number + 1)):
        for part in raw.splitlines():  # a carriage return alone is the line ending of old Mac editors
            number += 1
            yield part


def _line(file: IO[bytes], number: int) -> bytes:
    try:
        raw = file.readline(LONGEST_LINE + 1)
    except OSError as error:
        raise click.ClickException(f"line {number}: the file can't be read: {error.strerror}") from error
    if len(raw) > LONGEST_LINE:
        raise click.ClickException(f"line {number} is longer than {LONGEST_LINE} bytes: name a file of session ids")
    if number == 1 and raw.startswith(UTF_16):
        raise click.ClickException("the file is UTF-16: save it as UTF-8")
    return raw


class Messages:
    """Turns lines into messages, checked by the daemon's own parser, so that the two never disagree.

    `common` applies to every message that doesn't set it itself. `refused` counts the lines without a message,
    `conflicts` those of them that name a different policy than `common`.
    """

    def __init__(
        self,
        common: dict[str, Any],
        policies: Collection[str],
        now: Callable[[], float],
        *,
        require_policy: bool = False,
    ) -> None:
        self._common = common
        self._policies = policies
        self._require_policy = require_policy
        self._now = now
        self.refused = self.conflicts = 0

    def of_ids(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Place and body of each argument.

        An argument may only be a session id: a pasted text must not choose policy and context.

        Raises:
            UsageError: some are not; each is reported on stderr.
        """
        lines = [Line(f"argument {n}", text.encode("utf-8", "surrogateescape")) for n, text in enumerate(ids, 1)]
        good = list(self.of(lines, _check_id))
        if self.refused:
            raise click.UsageError(f"{self.refused} of {len(ids)} arguments are wrong: nothing was enqueued")
        return good

    def of_one_policy(self, given: Iterable[Line]) -> list[tuple[str, str]]:
        """Like `of`, but only if no line names a different policy than the command line.

        Raises:
            UsageError: some do; each is reported on stderr.
        """
        good = list(self.of(given))
        self._refuse_conflicts()
        return good

    def check_policy(self, given: Iterable[Line]) -> None:
        """Check that the command line's policy is known, and report it once instead of for every line.

        Lines that name a different one are reported first, because the user has to decide which one is meant.

        Raises:
            InvalidMessage: it is not known.
            UsageError: it is not, and lines name a different one; each is reported on stderr.
        """
        asked = self._common.get("policy")
        try:
            self.check({"policy": asked})
        except InvalidMessage as fault:
            for line in given:
                if conflict := self._conflict(line.raw.decode("utf-8", "replace")):
                    self._refuse(line, conflict)
            self._refuse_conflicts(f"; and {fault}")
            raise

    def _refuse_conflicts(self, more: str = "") -> None:
        if self.conflicts:
            lines = "1 line" if self.conflicts == 1 else f"{self.conflicts} lines"
            raise click.UsageError(f"--policy conflicts with {lines}: nothing was enqueued{more}")

    def of(self, given: Iterable[Line], check: Callable[[str], None] = lambda _: None) -> Iterator[tuple[str, str]]:
        """Position and body of each good line; bad ones, and those that `check` rejects, are reported on stderr."""
        for line in given:
            try:
                text = _text(line.raw)
                check(text)
                body = self._body(text)
            except InvalidMessage as fault:
                self._refuse(line, fault)
            else:
                yield line.place, body

    def _refuse(self, line: Line, fault: InvalidMessage) -> None:
        self.refused += 1
        self.conflicts += isinstance(fault, _PolicyConflict)
        also = ", or name one with --policy" if fault.reason is DeadReason.MISSING_POLICY else ""
        echo(f"{line.place}: {bounded(str(fault))}{also}", err=True)

    def check(self, members: dict[str, Any]) -> None:
        """Check that a message could have these members.

        Raises:
            InvalidMessage: it could not.
        """
        self._parse(_json({"sessionId": _ANY_ID, **members}))

    def noted(self, good: Iterable[tuple[str, str]], keys: list[SessionKey]) -> Iterator[tuple[str, str]]:
        """The same good lines; adds to `keys` whose messages they are."""
        for place, body in good:
            keys.append(self._parse(body).key)
            yield place, body

    def _body(self, text: str) -> str:
        if conflict := self._conflict(text):  # first: an unknown policy can be in conflict, too
            raise conflict
        # Before anything is added, so that it reports errors in the line itself.
        _check_usable(self._parse(text))
        members = json.loads(text) if text.startswith("{") else {"sessionId": text}
        if not self._common:
            self._parse(text, require_policy=self._require_policy)
            return text
        if "sessionId" not in members:
            raise _refusal("options can't be added to an SNS or EventBridge envelope: give the message inside it")
        said = {name: value for name, value in members.items() if value is not None}
        body = _json(said | {name: value for name, value in self._common.items() if name not in said})
        self._parse(body, require_policy=self._require_policy)
        return body

    def _conflict(self, text: str) -> "_PolicyConflict | None":
        asked, said = self._common.get("policy"), _policy_in(text)
        if None in (asked, said) or said == asked:
            return None
        return _PolicyConflict(
            DeadReason.INVALID_MESSAGE,
            f"policy {bounded(str(said), _SHOWN)!r} in the message, --policy {asked} on the command line: "
            "give one of them",
        )

    def _parse(self, body: str, *, require_policy: bool = False) -> SessionRequest:
        return parse_message(body, self._now(), self._policies, require_policy=require_policy)


class _PolicyConflict(InvalidMessage):
    """A line names a different policy than the command line."""


def _policy_in(text: str) -> object:
    """The policy that a JSON message names; None if it names none, or is unreadable."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return members.get("policy") if isinstance(members, dict) else None


def _text(raw: bytes) -> str:
    try:
        return raw.decode().strip()
    except UnicodeDecodeError as error:
        raise _refusal("not UTF-8: save the file in that encoding") from error


def _check_id(text: str) -> None:
    # Not checked by the message parser, which accepts more forms.
    if SESSION_ID.fullmatch(text):
        return
    shown = f"session id {bounded(text, _SHOWN)!r}"
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", '"'):
        raise _refusal(f"{shown} is JSON: give a message with --file FILE (--file - reads stdin)")
    raise _refusal(f"{shown} is not a lowercase UUID, as CreateFaceLivenessSession gives it")


def _check_usable(request: SessionRequest) -> None:
    # The daemon tolerates such members, because the sender can't fix them. The user of this command can.
    for name, why in request.ignored.items():
        raise _refusal(f"{why}: {_FIXES.get(name, 'leave it out')}")


def _json(members: dict[str, Any]) -> str:
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False)


def _refusal(detail: str) -> InvalidMessage:
    return InvalidMessage(DeadReason.INVALID_MESSAGE, detail)
