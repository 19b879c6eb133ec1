"""Rules for the settings that are URLs."""

from collections.abc import Iterator

from watcher.config.fields import Path
from watcher.config.settings import Settings
from watcher.config.sinks import SqsSinkSettings, WebhookSinkSettings
from watcher.config.urls import dynamodb_table, ledger_kind, queue_kind, sqlite_path
from watcher.config.violations import Rule, Violation
from watcher.util.urls import is_http_url, is_plain_http

_URL: Path = ("queue", "url")
_TYPE: Path = ("queue", "type")
_DEAD: Path = ("queue", "dead_letter_url")
_AMBIGUOUS = {ord(char): None for char in " \\\t\r\n"}
_LEDGER: Path = ("ledger", "url")
_SQLITE_FIX = "give sqlite:///FILE, or sqlite:////FILE with a full path"
_TABLE_FIX = "give dynamodb:///TABLE; a table has 3 to 255 letters, digits, hyphens, dots and underscores"
_LEDGER_FIX = 'give sqlite:///FILE, dynamodb:///TABLE, or "none"'


def http_urls(settings: Settings) -> Iterator[tuple[Path, str]]:
    """The settings that are called over HTTP, valid or not, as path and value. Without the queues' URLs."""
    yield ("aws", "endpoint_url"), settings.aws.endpoint_url
    yield ("queue", "endpoint_url"), settings.queue.endpoint_url
    for number, sink in enumerate(settings.sinks):
        yield ("sinks", number, "endpoint_url"), getattr(sink, "endpoint_url", "")
        if isinstance(sink, WebhookSinkSettings):
            yield ("sinks", number, "url"), sink.url
        if isinstance(sink, SqsSinkSettings):
            yield ("sinks", number, "queue_url"), sink.queue_url


def _http_urls(settings: Settings) -> Iterator[Violation]:
    """A URL for HTTP calls needs a scheme and a host, and no characters that parsers disagree about."""
    for path, url in http_urls(settings):
        if url and is_http_url(url.translate(_AMBIGUOUS)) and not is_http_url(url):
            what = "contains a space, a backslash or a control character"
            yield Violation((path,), url, what, "remove it, or percent-encode it")
        elif url and is_http_url(url.encode("ascii", "ignore").decode()) and not is_http_url(url):
            yield Violation((path,), url, "contains characters that are not ASCII", "percent-encode them")
        elif url and not is_http_url(url):
            what = "is not an http:// or https:// URL with a valid host"
            yield Violation((path,), url, what, "give a complete URL")


def _sink_into_its_own_queue(settings: Settings) -> Iterator[Violation]:
    for number, sink in enumerate(settings.sinks):
        if isinstance(sink, SqsSinkSettings) and sink.queue_url == settings.queue.url:
            paths: tuple[Path, ...] = (("sinks", number, "queue_url"), _URL)
            yield Violation(paths, sink.queue_url, "is the queue that the sessions come from", "give another")
        elif isinstance(sink, SqsSinkSettings) and sink.queue_url == settings.queue.dead_letter_url:
            paths = (("sinks", number, "queue_url"), _DEAD)
            yield Violation(paths, sink.queue_url, "is the queue of the dead letters", "give another")


def _webhook_without_tls(settings: Settings) -> Iterator[Violation]:
    """Decisions name sessions and carry the producer's context, which must not be readable on the network."""
    for number, sink in enumerate(settings.sinks):
        if isinstance(sink, WebhookSinkSettings) and is_plain_http(sink.url) and not sink.allow_private:
            what = "would carry decisions unencrypted"
            fix = "give an https URL, or set allow_private = true for a receiver in your own network"
            yield Violation((("sinks", number, "url"),), sink.url, what, fix)


def _queue_url(settings: Settings) -> Iterator[Violation]:
    url, declared = settings.queue.url, settings.queue.type
    if queue_kind(url, declared):
        yield from _sqlite_file(_URL, url)
    elif declared == "sqlite":
        yield Violation((_URL, _TYPE), url, 'is not a SQLite URL, but queue.type = "sqlite"', _SQLITE_FIX)
    elif declared == "sqs":
        fix = "give the queue's https URL, or remove queue.type"
        yield Violation((_URL, _TYPE), url, 'is not an SQS URL, but queue.type = "sqs"', fix)
    elif is_http_url(url):
        yield Violation((_URL, _TYPE), url, "doesn't look like an SQS URL", 'set queue.type = "sqs" if it is one')
    else:
        yield Violation(
            (_URL, _TYPE), url, "is not a queue URL", "give sqlite:///FILE, or the https URL of an SQS queue"
        )


def _dead_letter_url(settings: Settings) -> Iterator[Violation]:
    url, kind = settings.queue.dead_letter_url, queue_kind(settings.queue.url, settings.queue.type)
    if not url or kind is None:
        return
    if queue_kind(url, kind) is None:
        words = "an SQS queue" if kind == "sqs" else "a SQLite queue"
        fix = "give the https URL of an SQS queue" if kind == "sqs" else _SQLITE_FIX
        yield Violation((_DEAD, _URL, _TYPE), url, f"is of another kind than queue.url, {words}", fix)
    elif kind == "sqlite":
        yield from _sqlite_file(_DEAD, url)
    elif url == settings.queue.url:
        yield Violation(
            (_DEAD, _URL), url, "is the queue itself: its dead letters would come back forever", "give another"
        )


def _ledger_url(settings: Settings) -> Iterator[Violation]:
    url = settings.ledger.url
    kind = ledger_kind(url)
    if not url:
        yield from _ledger_of_its_own(settings)
    elif kind is None:
        yield Violation((_LEDGER,), url, "is not a ledger URL", _LEDGER_FIX)
    elif kind == "sqlite":
        yield from _sqlite_file(_LEDGER, url)
    elif kind == "dynamodb" and not _has_table(url):
        yield Violation((_LEDGER,), url, "names no DynamoDB table", _TABLE_FIX)


def _ledger_of_its_own(settings: Settings) -> Iterator[Violation]:
    """An SQS queue has no file for a ledger, and without a ledger a redelivery would be decided again."""
    if queue_kind(settings.queue.url, settings.queue.type) == "sqs":
        what = "means the queue's own file, but an SQS queue has none"
        fix = 'give dynamodb:///TABLE for several replicas, sqlite:///FILE for one, or "none"'
        yield Violation((_LEDGER, _URL, _TYPE), "", what, fix)


def _sqlite_file(path: Path, url: str) -> Iterator[Violation]:
    if not url.startswith("sqlite:"):
        return
    try:
        sqlite_path(url)
    except ValueError as error:
        yield Violation((path,), url, str(error), _SQLITE_FIX)


def _has_table(url: str) -> bool:
    try:
        return bool(dynamodb_table(url))
    except ValueError:
        return False


URL_RULES: tuple[Rule, ...] = (
    _http_urls,
    _sink_into_its_own_queue,
    _webhook_without_tls,
    _queue_url,
    _dead_letter_url,
    _ledger_url,
)
