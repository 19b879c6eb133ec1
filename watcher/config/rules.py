"""Rules that a type or a bound can't express: between settings, and for common mistakes."""

import os
import sys
from collections import Counter
from collections.abc import Iterator

from watcher.config.fields import Path
from watcher.config.redaction import shown
from watcher.config.settings import Settings
from watcher.config.url_rules import URL_RULES
from watcher.config.urls import queue_kind
from watcher.config.violations import Rule, Violation, plain
from watcher.domain.decision_table import STRONGER_CHALLENGE
from watcher.domain.model import DEFAULT_POLICY

_LONGEST_SQS_LEASE = 43_200
_SHORTEST_SQS_LEASE = 3


def rule_violations(settings: Settings) -> list[Violation]:
    """Every rule that these settings violate."""
    return [broken for rule in (*_RULES, *URL_RULES) for broken in rule(settings)]


def _intervals(settings: Settings) -> Iterator[Violation]:
    least, most = settings.polling.min_interval, settings.polling.max_interval
    if least > most:
        paths: tuple[Path, ...] = (("polling", "min_interval"), ("polling", "max_interval"))
        other = f"is above polling.max_interval = {plain(str(most))}"
        yield Violation(paths, least, other, "lower it, or raise max_interval")


def _session_timeout(settings: Settings) -> Iterator[Violation]:
    timeout, least = settings.polling.session_timeout, settings.polling.min_interval
    if timeout < least:
        paths: tuple[Path, ...] = (("polling", "session_timeout"), ("polling", "min_interval"))
        other = f"is below polling.min_interval = {plain(str(least))}"
        yield Violation(paths, timeout, other, "raise it, or lower min_interval")


def _thresholds(settings: Settings) -> Iterator[Violation]:
    """Thresholds go from 0 to 100; one in (0, 1] was meant as a share, and would let nearly everyone in."""
    given: list[tuple[Path, float | None]] = [(("decision", "threshold"), settings.decision.threshold)]
    given += [
        (("decision", "policies", name, "threshold"), policy.threshold)
        for name, policy in settings.decision.policies.items()
    ]
    for path, threshold in given:
        if threshold is not None and 0 < threshold <= 1:
            yield Violation(
                (path,), threshold, "is on a scale of 0 to 1, not 0 to 100", f"did you mean {threshold * 100:g}?"
            )


def _challenge_versions(settings: Settings) -> Iterator[Violation]:
    """A minimum version is that of the required challenge. A policy that requires none may inherit one."""
    decision = settings.decision
    sections: list[tuple[Path, str, str]] = [
        (("decision",), decision.min_challenge_version, decision.require_challenge)
    ]
    sections += [
        (("decision", "policies", name), policy.min_challenge_version or "", rules.require_challenge)
        for name, policy in decision.policies.items()
        if (rules := decision.rules(name))
    ]
    for section, version, challenge in sections:
        if version and not challenge:
            what = "has no effect without require_challenge"
            fix = f'set require_challenge = "{STRONGER_CHALLENGE}", or remove it'
            yield Violation(((*section, "min_challenge_version"),), version, what, fix)


def _default_policy(settings: Settings) -> Iterator[Violation]:
    policy = settings.decision.policies.get(DEFAULT_POLICY)
    if policy is not None:
        value = policy.model_dump(exclude_none=True)
        path: Path = ("decision", "policies", DEFAULT_POLICY)
        yield Violation(
            (path,), value, "redefines the default policy, which is [decision]", "set it in [decision] itself"
        )


def _sqs_lease(settings: Settings) -> Iterator[Violation]:
    """SQS accepts whole seconds up to 12 hours; less than three are too short for extending a lease in time."""
    if queue_kind(settings.queue.url, settings.queue.type) != "sqs":
        return
    lease = settings.queue.visibility_timeout
    paths: tuple[Path, ...] = (("queue", "visibility_timeout"), ("queue", "url"), ("queue", "type"))
    if lease != int(lease):
        near = max(round(lease), _SHORTEST_SQS_LEASE)
        yield Violation(paths, lease, "is not a whole number, and SQS requires one", f"did you mean {near}?")
    elif lease > _LONGEST_SQS_LEASE:
        yield Violation(paths, lease, "is above SQS's limit of 43200 (12 hours)", "give at most 43200")
    elif lease < _SHORTEST_SQS_LEASE:
        yield Violation(paths, lease, "is too short to be renewed in time, in whole seconds", "give at least 3")


def _tls(settings: Settings) -> Iterator[Violation]:
    if not settings.aws.verify_ssl and settings.aws.ca_bundle:
        paths: tuple[Path, ...] = (("aws", "verify_ssl"), ("aws", "ca_bundle"))
        other = f"contradicts aws.ca_bundle = {shown('ca_bundle', settings.aws.ca_bundle)}"
        yield Violation(paths, value=False, what=other, fix="remove one of them")


def _sink_names(settings: Settings) -> Iterator[Violation]:
    counts = Counter(sink.name for sink in settings.sinks)
    seen: set[str] = set()
    for number, sink in enumerate(settings.sinks):
        if counts[sink.name] > 1 and sink.name in seen:
            what = "is already the name of another sink"
            yield Violation((("sinks", number, "name"),), sink.name, what, "give each sink a unique name")
        seen.add(sink.name)


def _file_names(settings: Settings) -> Iterator[Violation]:
    """The system's encoding may lack characters of a file's name: then every use of it raises."""
    files: list[tuple[Path, str]] = [(("aws", "ca_bundle"), settings.aws.ca_bundle)]
    files += [(("queue", "url"), settings.queue.url), (("queue", "dead_letter_url"), settings.queue.dead_letter_url)]
    files += [(("ledger", "url"), settings.ledger.url)]
    for number, sink in enumerate(settings.sinks):
        files += [(("sinks", number, key), getattr(sink, key, "")) for key in ("path", "secret_file", "ca_bundle")]
    for path, name in files:
        try:
            os.fsencode(name)
        except UnicodeEncodeError:
            what = (
                f"has characters that the encoding of this system's file names, {sys.getfilesystemencoding()}, lacks"
            )
            yield Violation((path,), name, what, "unset PYTHONUTF8, or set LC_ALL to a UTF-8 locale")


_RULES: tuple[Rule, ...] = (
    _intervals,
    _session_timeout,
    _thresholds,
    _challenge_versions,
    _default_policy,
    _sqs_lease,
    _tls,
    _sink_names,
    _file_names,
)
