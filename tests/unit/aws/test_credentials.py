"""The credentials that clients sign with: looked for again whenever that can help, and by one thread at a time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.credentials import Credentials

from watcher.aws import credentials
from watcher.aws.credentials import RETRY, STUCK_AFTER, LiveCredentials, error_words, find_credentials
from watcher.aws.errors import CredentialsUnavailable

PATIENCE = 30.0


class Source:
    """Where credentials come from: `now` is what is there, an error or keys; each look is counted."""

    def __init__(self, now: Any) -> None:
        self.now = now
        self.looks = 0
        self.gate = Event()
        self.gate.set()

    def find(self) -> Any:
        self.looks += 1
        now = self.now
        assert self.gate.wait(PATIENCE)
        if isinstance(now, Exception):
            raise now
        return Credentials(now, "secret", method="test") if isinstance(now, str) else now


class Expiring(Credentials):  # type: ignore[misc] # botocore has no types
    """Keys that say themselves when they have to be renewed, as a role's do."""

    def __init__(self) -> None:
        super().__init__("key-0", "secret", method="role")
        self.seconds_left = 3600.0
        self.failure: Exception | None = None
        self.renewals = 0

    def refresh_needed(self, refresh_in: float | None = None) -> bool:
        return self.seconds_left < (900 if refresh_in is None else refresh_in) or self.seconds_left <= 0

    def get_frozen_credentials(self) -> Any:
        if self.refresh_needed():
            if self.failure:
                raise self.failure
            self.renewals += 1
            self.access_key, self.seconds_left = f"key-{self.renewals}", 3600.0
        return super().get_frozen_credentials()


class Time:
    """A clock that only tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "credentials"


@pytest.fixture
def live(time: Time, file: Path) -> Callable[..., LiveCredentials]:
    def make(source: Source, wait: float = PATIENCE) -> LiveCredentials:
        return LiveCredentials(source.find, [str(file)], clock=time, wait=wait)

    return make


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def key(found: LiveCredentials) -> str:
    return str(found.get_frozen_credentials().access_key)


def settle() -> None:
    """Let the look under way, if there is one, end."""
    import threading

    for thread in threading.enumerate():
        if thread.name == "credentials":
            thread.join(PATIENCE)


def why(found: LiveCredentials) -> str:
    with pytest.raises(CredentialsUnavailable) as caught:
        found.get_frozen_credentials()
    return str(caught.value)


def test_nothing_is_looked_for_before_the_first_call_and_then_once(live: Callable[..., LiveCredentials]) -> None:
    source = Source("key")
    found = live(source)
    assert (source.looks, found.method) == (0, "")
    assert [key(found) for _ in range(5)] == ["key"] * 5
    assert (source.looks, found.method) == (1, "test")


def test_keys_that_come_later_are_found_and_the_source_is_not_asked_all_the_time(
    live: Callable[..., LiveCredentials], time: Time
) -> None:
    source = Source(CredentialsUnavailable(text="none found"))
    found = live(source)
    assert [why(found) for _ in range(5)] == ["no AWS credentials: none found"] * 5
    assert source.looks == 1
    source.now = "key"
    why(found)
    time.now += RETRY
    assert key(found) == "key"
    assert source.looks == 2


def test_a_changed_file_is_read_again_at_once(live: Callable[..., LiveCredentials], time: Time, file: Path) -> None:
    source = Source("old")
    found = live(source)
    assert key(found) == "old"
    source.now = "new"
    file.write_text("new")
    assert key(found) == "old"  # files are looked at once a second
    time.now += 1
    key(found)
    settle()
    assert key(found) == "new"


def test_calls_share_no_lock_but_once_a_second_and_after_a_rejection(
    live: Callable[..., LiveCredentials], time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[float] = []

    class Counted(Condition):
        def __enter__(self) -> bool:
            taken.append(time.now)
            return super().__enter__()

    monkeypatch.setattr(credentials, "Condition", Counted)
    found = live(Source("key"))
    key(found)
    settle()
    taken.clear()
    assert [key(found) for _ in range(5)] == ["key"] * 5
    assert taken == []
    time.now += 1
    assert [key(found) for _ in range(5)] == ["key"] * 5
    assert len(taken) == 1
    found.reject()
    key(found)
    assert len(taken) > 1


def test_a_file_that_comes_later_is_not_waited_for(
    live: Callable[..., LiveCredentials], time: Time, file: Path
) -> None:
    source = Source(CredentialsUnavailable(text="none found"))
    found = live(source)
    why(found)
    file.write_text("key")
    source.now = "key"
    time.now += 1
    assert key(found) == "key"


def test_rejected_keys_are_looked_for_again_and_stay_in_use_until_others_come(
    live: Callable[..., LiveCredentials], time: Time
) -> None:
    source = Source("old")
    found = live(source)
    key(found)
    for _ in range(3):
        found.check_answer({"Error": {"Code": "ExpiredTokenException"}})
        key(found)
    assert source.looks == 1  # too soon
    time.now += RETRY
    source.now = CredentialsUnavailable(text="none found")
    assert key(found) == "old"
    settle()
    assert (key(found), source.looks) == ("old", 2)
    found.reject()
    source.now = "new"
    time.now += RETRY
    key(found)
    settle()
    assert key(found) == "new"


@pytest.mark.parametrize(
    ("parsed", "is_rejection"),
    [
        ({"Error": {"Code": "UnrecognizedClientException"}}, True),
        ({"Error": {"Code": "AWS.SimpleQueueService.InvalidClientTokenId"}}, True),
        ({"Error": {"Code": "AccessDeniedException"}}, False),
        ({"Error": {"Code": "ThrottlingException"}}, False),
        ({"Error": {"Code": ["ExpiredToken"]}}, False),
        ({"Error": None}, False),
        ({}, False),
        (None, False),
    ],
)
def test_only_a_word_against_the_keys_has_them_looked_for_again(
    live: Callable[..., LiveCredentials], time: Time, parsed: Any, is_rejection: bool
) -> None:
    source = Source("key")
    found = live(source)
    key(found)
    found.check_answer(parsed)
    time.now += RETRY
    key(found)
    settle()
    assert source.looks == 1 + is_rejection


def test_a_source_that_renews_its_keys_is_asked_before_they_expire(
    live: Callable[..., LiveCredentials], time: Time
) -> None:
    role = Expiring()
    found = live(Source(role))
    assert key(found) == "key-0"
    role.seconds_left = 800
    time.now += RETRY
    key(found)
    settle()
    assert (key(found), role.renewals) == ("key-1", 1)


def test_a_renewal_that_fails_takes_no_valid_keys_away(live: Callable[..., LiveCredentials], time: Time) -> None:
    role = Expiring()
    found = live(Source(role))
    key(found)
    role.seconds_left, role.failure = 100, OSError(111, "s3cr3t")
    time.now += RETRY
    assert key(found) == "key-0"
    settle()
    assert key(found) == "key-0"
    role.seconds_left = 0
    time.now += RETRY
    assert why(found) == "no AWS credentials: role failed: ConnectionRefusedError: Connection refused"


def test_keys_that_expire_before_the_next_look_are_named(live: Callable[..., LiveCredentials], time: Time) -> None:
    role = Expiring()
    found = live(Source(role))
    key(found)
    role.seconds_left = 0
    time.now += RETRY / 2
    assert why(found) == "no AWS credentials: those from role have expired"


def test_a_source_that_hangs_is_waited_for_once_and_named(
    live: Callable[..., LiveCredentials], time: Time, file: Path
) -> None:
    source = Source("late")
    source.gate.clear()
    found = live(source, wait=0.0)
    assert why(found) == "no AWS credentials: their source has not answered for 0 s"
    time.now += 20
    assert why(found) == "no AWS credentials: their source has not answered for 20 s"
    assert source.looks == 1
    file.write_text("mended")  # a look that hangs keeps nobody from reading what has changed
    time.now += 1
    why(found)
    for _ in range(5):
        time.now += STUCK_AFTER
        why(found)
    assert source.looks == credentials.MAX_REFRESHES
    source.gate.set()
    settle()
    time.now += STUCK_AFTER
    why_or_key = live(source)
    assert key(why_or_key) == "late"
    settle()


def test_many_calls_wait_for_one_look(live: Callable[..., LiveCredentials]) -> None:
    source = Source("key")
    source.gate.clear()
    found = live(source)
    keys: list[str] = []
    callers = [Thread(target=lambda: keys.append(key(found)), daemon=True) for _ in range(16)]
    for caller in callers:
        caller.start()
    source.gate.set()
    for caller in callers:
        caller.join(PATIENCE)
    assert (keys, source.looks) == (["key"] * 16, 1)


@pytest.mark.parametrize("value", ["t0ken\n", "\nt0ken", "t0\r\nken", "t0 ken", "t0k\u00e9n", "t0\0ken"])
@pytest.mark.parametrize("name", ["access_key", "secret_key", "token"])
def test_what_no_header_can_carry_is_told_and_not_sent(
    live: Callable[..., LiveCredentials], name: str, value: str
) -> None:
    keys = {"access_key": "key", "secret_key": "secret", "token": "token"} | {name: value}
    text = why(live(Source(Credentials(**keys, method="env"))))
    assert "from env has a line break, a space or another invalid character" in text
    assert "t0" not in text


@pytest.mark.parametrize("keys", [("", "secret"), ("key", ""), (5, "secret"), ("key", None)])
def test_half_of_the_keys_are_none(live: Callable[..., LiveCredentials], keys: tuple[Any, Any]) -> None:
    class Half:
        method = "odd"

        def get_frozen_credentials(self) -> Any:
            return Credentials.__new__(Credentials)

    half = Half()
    frozen = type("Frozen", (), {"access_key": keys[0], "secret_key": keys[1], "token": None})
    half.get_frozen_credentials = lambda: frozen  # type: ignore[method-assign]
    assert "odd gave no " in why(live(Source(half)))


class Provider:
    METHOD = "process"

    def __init__(self, result: Any) -> None:
        self.result = result

    def load(self) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Session:
    def __init__(self, *results: Any) -> None:
        self.providers = [Provider(result) for result in results]

    def get_component(self, _name: str) -> Any:
        return self


def test_the_first_source_that_has_any_is_taken() -> None:
    first, second = Credentials("a", "b"), Credentials("c", "d")
    assert find_credentials(Session(None, first, second)) is first


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (boto.CredentialRetrievalError(provider="p", error_msg="s3cr3t"), "process failed: CredentialRetrievalError"),
        (FileNotFoundError(2, "s3cr3t", "s3cr3t"), "process failed: FileNotFoundError: No such file or directory"),
        (UnicodeDecodeError("utf-8", b"s3cr3t", 0, 1, "s3cr3t"), "process failed: UnicodeDecodeError in "),
        (RuntimeError("s3cr3t, still expired."), "process gave credentials that have expired"),
        (
            boto.ClientError({"Error": {"Code": "AccessDenied", "Message": "s3cr3t"}}, "AssumeRole"),
            "AssumeRole was",
        ),
        (boto.ProfileNotFound(profile="p"), "ProfileNotFound: AWS's configuration files have no profile 'p'"),
        (KeyError("s3cr3t"), "process failed: KeyError in "),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_any_error_of_a_source_is_told_without_what_it_quotes(error: Exception, words: str) -> None:
    with pytest.raises(CredentialsUnavailable) as caught:
        find_credentials(Session(None, error))
    assert words in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert "s3cr3t" not in error_words(error, "")


def test_no_source_that_has_any_is_told() -> None:
    with pytest.raises(CredentialsUnavailable, match="none found"):
        find_credentials(Session(None, None))
