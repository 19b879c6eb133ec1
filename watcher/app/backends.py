"""Opens what the settings name: queue, ledger, sinks and the service. The only place that chooses adapters."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from math import inf
from typing import NamedTuple

from watcher.config import Settings
from watcher.config.sinks import SinkSettings
from watcher.delivery.selection import Selection
from watcher.domain.ports import Clock, HintLog, Ledger, Queue, SessionResults, Sink, StateStore
from watcher.ledgers import open_hint_log, open_ledger, open_state_store
from watcher.polling.endpoint_check import EndpointCheck
from watcher.queues import open_queue
from watcher.rekognition import RekognitionResults, build_client
from watcher.sinks import SINKS
from watcher.telemetry.health import OUTSIDE_LIMIT, call_allowance
from watcher.telemetry.outside_calls import watched

LOCAL_SINKS = frozenset({"file", "stdout"})
"""Types of sinks whose writes have no time-out: the pipe's reader, or the disk, decides how long they take. That is
no reason to restart the watcher."""


class Backends(NamedTuple):
    """The parts outside the process. `results` polls Rekognition; `source` is the CloudEvents source.

    `selections`: what each sink gets, by its name.
    """

    results: SessionResults
    endpoint: EndpointCheck
    queue: Queue
    ledger: Ledger
    state_store: StateStore | None
    hint_log: HintLog | None
    sinks: Sequence[Sink]
    selections: Mapping[str, Selection]
    source: str


def open_backends(settings: Settings, clock: Clock, opened: ExitStack) -> Backends:
    """Open everything that the settings name; `opened` closes what is open if a later part can't be opened.

    Raises:
        WatcherError: a queue, ledger or sink that cannot be opened.
    """
    sinks = []
    for sink in settings.sinks:
        opened_sink = SINKS[sink.type](sink, settings.aws)
        opened.callback(opened_sink.close)
        limit = inf if sink.type in LOCAL_SINKS else OUTSIDE_LIMIT
        sinks.append(watched(opened_sink, f"sink {sink.name}", limit))
    results = RekognitionResults(build_client(settings.aws, concurrency=settings.polling.concurrency))
    opened.callback(results.close)
    queue = open_queue(settings, clock)
    opened.callback(queue.close)
    ledger = open_ledger(settings, clock)
    opened.callback(ledger.close)
    state_store = open_state_store(settings, clock)
    if state_store is not None:
        opened.callback(state_store.close)
    hint_log = open_hint_log(settings, clock)
    if hint_log is not None:
        opened.callback(hint_log.close)
    one_call = call_allowance(settings.aws.connect_timeout, settings.aws.read_timeout)
    seen = watched(results, "endpoint", one_call)
    return Backends(
        results=seen,
        endpoint=EndpointCheck(seen),
        queue=watched(queue, "queue", OUTSIDE_LIMIT),
        ledger=watched(ledger, "ledger", OUTSIDE_LIMIT),
        state_store=watched(state_store, "ledger", OUTSIDE_LIMIT) if state_store is not None else None,
        hint_log=watched(hint_log, "ledger", OUTSIDE_LIMIT) if hint_log is not None else None,
        sinks=sinks,
        selections={sink.name: _selection(sink) for sink in settings.sinks},
        source=f"/watcher/{settings.aws.region}",
    )


def _selection(sink: SinkSettings) -> Selection:
    return Selection(frozenset(sink.only), leaves_out_scores=sink.fields == "outcome")
