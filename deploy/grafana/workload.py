"""The rows about the work: what is decided, what limits it, queue and sinks."""

# ruff: noqa: INP001 - scripts beside one another, no package

from collections.abc import Iterator
from typing import Any

from panels import GREEN, RED, YELLOW, Panel, Query, buckets, graph, number
from queries import IN_JOB, OF, PER, quantiles, rate


def decided() -> Iterator[Any]:
    """Outcomes, reasons, the pass rate, and the scores of each policy."""
    chosen = ', policy=~"$policy"'
    yield graph(
        Panel(
            "Outcomes",
            "Decisions a second.",
            "reqps",
            (rate("watcher_decisions_total", "outcome", chosen),),
            ("WatcherDecisionsStopped",),
        ),
        stacked=True,
    )
    yield graph(
        Panel(
            "Reasons",
            "Why; timed_out beyond one in ten is worth a look.",
            "reqps",
            (rate("watcher_decisions_total", "reason", chosen),),
            ("WatcherTimeOuts", "WatcherUnknownSessions"),
        ),
        stacked=True,
    )
    share = f"{{{IN_JOB}{chosen}}}"
    yield graph(
        Panel(
            "Pass rate, and its own past",
            "Share of live decisions in an hour, and its average over the week before.",
            "percentunit",
            (
                Query(f"job_policy:watcher_decisions_live:ratio_increase1h{share}", "{{policy}}, 1 h"),
                Query(f"job_policy:watcher_decisions_live:ratio_avg7d{share}", "{{policy}}, 7 d"),
            ),
            ("WatcherPassRateFell", "WatcherPassRateRose"),
        )
    )
    scores = f'sum by (le) (increase(watcher_policy_confidence_ratio_bucket{{{OF}, policy=~"$policy"}}{PER}))'
    yield buckets(
        Panel(
            "Confidence: $policy",
            "Scores of sessions that AWS finished. A band just below the threshold is people turned away by a hair.",
            "percentunit",
            (Query(scores, "{{le}}"),),
            ("WatcherPassRateFell", "WatcherPassRateRose"),
        ),
        repeat="policy",
    )


def people() -> Iterator[Any]:
    """From creation to pass, what lowers scores, and the apps."""
    steps = (
        ("created", ""),
        ("started", ', reason!="not_started"'),
        ("finished", ', reason=~"confidence_.+|challenge_not_accepted|reference_image_missing"'),
        ("passed", ', outcome="live"'),
    )
    funnel = tuple(
        Query(f'sum(rate(watcher_decisions_total{{{OF}, policy=~"$policy"{step}}}{PER}))', name)
        for name, step in steps
    )
    yield graph(
        Panel(
            "From creation to pass",
            "Decided sessions a second, and how far their people came.",
            "reqps",
            funnel,
            ("WatcherPeopleDoNotStart", "WatcherPassRateFell"),
        )
    )
    yield graph(
        Panel(
            "What lowers scores",
            "Share of sessions with a score for which Rekognition reported each code, in an hour.",
            "percentunit",
            (Query(f"job_code:watcher_feedback:ratio_increase1h{{{IN_JOB}}}", "{{code}}"),),
            ("WatcherFeedbackRose",),
        )
    )
    passed, all_ = (
        f"sum by (sdk_type) (rate(watcher_sdk_sessions_total{{{OF}{live}}}[1h]))" for live in (', live="true"', "")
    )
    yield graph(
        Panel(
            "Pass rate by SDK",
            "Share of live decisions in an hour. Clients name their SDK themselves: no proof of anything.",
            "percentunit",
            (Query(f"{passed} / {all_}", "{{sdk_type}}"),),
            ("WatcherFeedbackRose", "WatcherPeopleDoNotStart"),
        )
    )


def limits() -> Iterator[Any]:
    """Quota, errors and lag."""
    calls = (
        Query(f"sum(rate(watcher_polls_total{{{OF}}}{PER}))", "calls"),
        Query(f"sum(watcher_rate_limit_calls_per_second{{{OF}}})", "allowed now (0: no limit)"),
    )
    yield graph(Panel("Calls and quota", "Calls a second, and what the watcher allows itself.", "reqps", calls))
    throttled = Query(f"job:watcher_polls_throttled:ratio_rate5m{{{IN_JOB}}}", "throttled")
    failed = Query(f"job:watcher_polls_failed:ratio_rate5m{{{IN_JOB}}}", "failed")
    yield graph(
        Panel(
            "Throttled and failed calls",
            "Shares of all calls. About one throttle in a hundred is how the quota is found.",
            "percentunit",
            (throttled, failed),
            ("WatcherThrottled", "WatcherCallsFailing"),
            ((0, GREEN), (0.1, YELLOW), (0.5, RED)),
        ),
        lines_at_thresholds=True,
    )
    yield graph(
        Panel(
            "Calls by result",
            "Everything that GetFaceLivenessSessionResults answered, or did not.",
            "reqps",
            (rate("watcher_polls_total", "result"),),
            ("WatcherCallsFailing", "WatcherCredentials"),
        ),
        stacked=True,
    )
    yield graph(
        Panel(
            "Lag: from due to begun",
            "How late polls begin, for want of quota or of workers.",
            "s",
            quantiles("watcher_poll_lag_seconds", 0.5, 0.95),
            ("WatcherPollLag",),
            ((0, GREEN), (5, RED)),
        ),
        lines_at_thresholds=True,
    )
    duration = quantiles("watcher_poll_duration_seconds", 0.5, 0.99)
    yield graph(Panel("Duration of a call", "As the watcher sees it.", "s", duration, ("WatcherCallsFailing",)))
    polls = quantiles("watcher_polls_per_session", 0.5, 0.9)
    yield graph(Panel("Polls a decision took", "What the quota is spent on.", "short", polls, ("WatcherThrottled",)))


def queue() -> Iterator[Any]:
    """What waits, what is taken in, what the sinks take."""
    states = Query(f"max by (state) (watcher_queue_messages{{{OF}}})", "{{state}}")
    flight = Query(f"sum(watcher_sessions_in_flight{{{OF}}})", "in flight here")
    yield graph(
        Panel("Messages", "On the queue, and taken in.", "short", (states, flight), ("WatcherDecisionsStopped",))
    )
    age = Query(f"max(watcher_queue_oldest_message_age_seconds{{{OF}}})", "age of the oldest (not told by SQS)")
    wait = Query(f"job:watcher_queue_wait_seconds:estimate5m{{{IN_JOB}}}", "wait of one that comes now")
    yield graph(
        Panel(
            "Backlog against the 3-minute life",
            "The oldest may be a session that is being watched; the wait is what counts.",
            "s",
            (age, wait),
            ("WatcherBacklogOld",),
            ((0, GREEN), (120, YELLOW), (180, RED)),
        ),
        lines_at_thresholds=True,
    )
    yield graph(
        Panel(
            "Taken in, leases, dead letters",
            "Messages a second; a lost lease is a session that another watcher has.",
            "reqps",
            (
                Query(f"sum(rate(watcher_sessions_received_total{{{OF}}}{PER}))", "received"),
                Query(f"sum by (result) (rate(watcher_lease_extensions_total{{{OF}}}{PER}))", "lease {{result}}"),
                Query(f"sum by (reason) (rate(watcher_dead_letters_total{{{OF}}}{PER}))", "dead: {{reason}}"),
            ),
            ("WatcherDeadLetters",),
        )
    )
    sinks = ("WatcherSinkFailing",)
    delivered = Query(
        f"sum by (sink, result) (rate(watcher_sink_deliveries_total{{{OF}}}{PER}))", "{{sink}} {{result}}"
    )
    yield graph(Panel("Deliveries", "Events a second.", "reqps", (delivered,), sinks), stacked=True)
    slowest = quantiles("watcher_sink_delivery_seconds", 0.95, by="sink")
    yield graph(Panel("Duration of a delivery", "One hand-over to a sink.", "s", slowest, sinks))
    circuit = Query(f"max by (sink) (watcher_sink_circuit_open{{{OF}}})", "{{sink}}")
    words = {"0": ("takes", GREEN), "1": ("spared", RED)}
    open_ = Panel(
        "Circuits", "A sink that failed again and again is spared.", "none", (circuit,), sinks, ((0, GREEN), (1, RED))
    )
    yield number(open_, words)
