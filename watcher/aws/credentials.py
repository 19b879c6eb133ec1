"""The credentials that a client signs with, kept current while the process runs.

botocore looks credentials up once, when a client is made: it never notices sources that appear later (a file, a
container's agent, an instance's role), nor keys that are replaced in a file. `LiveCredentials` looks them up again,
in its own thread because a source may hang (a `credential_process`). Signing waits for that only up to a limit.
"""

from collections.abc import Callable
from math import inf
from pathlib import Path
from threading import Condition, Thread
from time import monotonic
from typing import Any

from botocore import exceptions as boto

from watcher.aws.error_codes import Kind, bare_code, codes_of
from watcher.aws.errors import NO_CREDENTIALS, CredentialsUnavailable, one_line

RETRY = 5.0
"""Seconds between two lookups: short, because sessions wait, but no storm on an instance's metadata service."""

WAIT = 10.0
"""Seconds that all calls together wait for one lookup: no lease is shorter than that plus a call."""

STUCK_AFTER, MAX_REFRESHES = 60.0, 3
"""Seconds after which a hanging lookup no longer prevents another one, and how many may be under way."""

STAT_INTERVAL = 1.0
"""Seconds between two checks of whether AWS's files have changed."""

REJECTED = codes_of(Kind.KEYS_REJECTED)
"""Codes with which a service says that the keys are not valid, or no longer valid."""

_LABELS = (("access_key", "access key id"), ("secret_key", "secret access key"), ("token", "session token"))

Stamp = tuple[tuple[int, int, int] | None, ...]


class LiveCredentials:
    """Acts as botocore's credentials for its signer. Thread-safe.

    They are looked up if there are none, if a service has rejected them, if a configuration file has changed, and if
    they expire soon. One lookup at a time; the current keys stay in use until a lookup finds others.
    """

    def __init__(
        self, find: Callable[[], Any], files: list[str], clock: Callable[[], float] = monotonic, wait: float = WAIT
    ) -> None:
        """`find` returns botocore's credentials, or raises CredentialsUnavailable; `files` may contain them."""
        self._find = find
        self._files = files
        self._clock = clock
        self._wait = wait
        self._changed = Condition()
        self._found: Any = None
        self._frozen: Any = None
        self._failure = "none found"
        self._is_rejected = False
        self._refreshes: list[Thread] = []
        self._begun_at: float | None = None
        self._next_at = self._stat_at = self._quiet_until = -inf
        self._stamp: Stamp | None = None

    def get_frozen_credentials(self) -> Any:
        """The keys to sign with now.

        Raises:
            CredentialsUnavailable: there are none.
        """
        if self._clock() < self._quiet_until and not self._is_rejected:
            return self._frozen  # nearly every call, without the lock that all threads share
        with self._changed:
            now = self._clock()
            if self._is_due(now):
                self._begin(now)
            if not self._is_usable() and self._begun_at is not None:
                left = self._begun_at + self._wait - now
                self._changed.wait_for(lambda: self._begun_at is None, max(0.0, left))
            if self._is_usable():
                self._quiet_until = -inf if _expires(self._found) else self._stat_at + STAT_INTERVAL
                return self._frozen
            raise CredentialsUnavailable(text=f"no AWS credentials: {self._why()}")

    @property
    def method(self) -> str:
        """The source of the current keys, as botocore names it; empty if there are none."""
        return str(getattr(self._found, "method", ""))

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        """Where botocore gets the account id, which is part of some endpoints' names."""
        return lambda: getattr(self.get_frozen_credentials(), name, None)

    def reject(self) -> None:
        """A service has rejected the keys: look for others."""
        self._is_rejected = True

    def check_answer(self, parsed: Any, **_: Any) -> None:
        """Handler for botocore's `after-call`: notices an answer that rejects the keys."""
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        code = error.get("Code") if isinstance(error, dict) else None
        if isinstance(code, str) and bare_code(code) in REJECTED:
            self.reject()

    def _is_usable(self) -> bool:
        return self._frozen is not None and not _expires(self._found, 0)

    def _is_due(self, now: float) -> bool:
        if self._begun_at is not None and now - self._begun_at < STUCK_AFTER:
            return self._has_changed_files(now)
        is_needed = self._frozen is None or self._is_rejected or _expires(self._found)
        return (is_needed and now >= self._next_at) or self._has_changed_files(now)

    def _has_changed_files(self, now: float) -> bool:
        if now - self._stat_at < STAT_INTERVAL:
            return False
        self._stat_at = now
        return self._stamp is not None and _stamp(self._files) != self._stamp

    def _begin(self, now: float) -> None:
        self._refreshes = [refresh for refresh in self._refreshes if refresh.is_alive()]
        if len(self._refreshes) >= MAX_REFRESHES:
            return
        stamp = _stamp(self._files)
        # A source that renews its own keys does so itself, unless they are useless or its settings changed.
        renews = not self._is_rejected and stamp == self._stamp and _expires(self._found)
        refresh = Thread(
            target=self._refresh, args=(self._found if renews else None, now), name="credentials", daemon=True
        )
        refresh.start()
        self._refreshes.append(refresh)
        self._stamp, self._stat_at, self._begun_at, self._is_rejected = stamp, now, now, False

    def _refresh(self, found: Any, begun_at: float) -> None:
        failure = ""
        try:
            found = found or self._find()
            frozen = _checked(found.get_frozen_credentials(), found.method)
        except Exception as error:  # noqa: BLE001 - each source has errors of its own, and all mean the same here
            failure = error_words(error, getattr(found, "method", ""))
        with self._changed:
            if begun_at == self._begun_at:  # else another lookup has begun since, because this one hung
                self._begun_at, self._next_at, self._failure = None, self._clock() + RETRY, failure
                if not failure:
                    self._found, self._frozen = found, frozen
                self._changed.notify_all()

    def _why(self) -> str:
        if self._begun_at is None:
            return self._failure or f"those from {self.method} have expired"
        return f"their source has not answered for {self._clock() - self._begun_at:.0f} s"


def find_credentials(session: Any) -> Any:
    """The credentials of the first of botocore's sources that has any.

    Raises:
        CredentialsUnavailable: none has, or one failed.
    """
    for provider in session.get_component("credential_provider").providers:
        try:
            found = provider.load()
        except Exception as error:
            raise CredentialsUnavailable(text=error_words(error, provider.METHOD)) from error
        if found is not None:
            return found
    raise CredentialsUnavailable(text="none found in any of AWS's usual places")


def error_words(error: Exception, source: str) -> str:
    """Why a source gave none: its name and the error's class, because its text may quote a process's output."""
    if isinstance(error, CredentialsUnavailable):
        return str(error)
    if isinstance(error, boto.ProfileNotFound):
        return f"ProfileNotFound: AWS's configuration files have no profile {error.kwargs.get('profile')!r}"
    if isinstance(error, boto.ClientError):  # of STS or SSO
        code = one_line(error.response.get("Error", {}).get("Code") or "no code")
        return f"{source} failed: {error.operation_name} was refused with {code}"
    if isinstance(error, RuntimeError) and "still expired" in str(error):  # botocore has no class for this
        return f"{source} gave credentials that have expired"
    words = type(error).__name__ if isinstance(error, NO_CREDENTIALS) else one_line(error)
    return f"{source} failed: {words}" if source else words


def _checked(frozen: Any, method: str) -> Any:
    """The keys, if they are valid in a header: HTTP's errors for an invalid header would quote it."""
    for name, label in _LABELS:
        value = getattr(frozen, name)
        if name == "token" and value is None:
            continue
        if not isinstance(value, str) or not value:
            raise CredentialsUnavailable(text=f"{method} gave no {label}")
        if not value.isascii() or not value.isprintable() or " " in value:
            what = "a line break, a space or another invalid character"
            raise CredentialsUnavailable(text=f"the {label} from {method} has {what}")
    return frozen


def _expires(found: Any, seconds: float | None = None) -> bool:
    """Whether credentials expire within these seconds (None: botocore's own margin); many never expire."""
    return hasattr(found, "refresh_needed") and bool(found.refresh_needed(seconds))


def _stamp(files: list[str]) -> Stamp:
    return tuple(map(_state, files))


def _state(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
