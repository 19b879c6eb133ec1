"""What explains a decision, from the answer on the wire to events, sinks, metrics and commands."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.acceptance.conftest import Daemon, put_on_queue
from tests.support import run_watcher, session_id
from watcher.domain.decision_table import DECISIONS
from watcher.domain.feedback import FeedbackCode
from watcher.domain.model import Reason
from watcher.simulator import Fault, SessionScript, Simulator
from watcher.simulator.results import FEEDBACK_MESSAGES

Start = Callable[..., Daemon]
LATER = "later"  # a policy that requires a challenge of a version to come
LOW = 12.5
SINKS = [
    {"type": "stdout"},
    {"type": "file", "name": "app", "path": "app.jsonl", "fields": "outcome"},
    {"type": "file", "name": "door", "path": "door.jsonl", "only": ["live"]},
]


def scored(confidence: float, *codes: str, sdk_type: str = "") -> SessionScript:
    return SessionScript(created_for=0, in_progress_for=2, confidence=confidence, feedback=codes, sdk_type=sdk_type)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_code_reaches_event_metrics_and_commands(tmp_path: Path, simulator: Simulator, start: Start) -> None:
    codes: dict[str, list[str]] = {simulator.create_session(scored(LOW, code)): [str(code)] for code in FeedbackCode}
    several = ["NEW_CODE", "LOW_LIGHTING_DETECTED"]
    codes[simulator.create_session(scored(LOW, *several, sdk_type="AmplifyWeb"))] = several
    codes[simulator.create_session(scored(99.0))] = []
    put_on_queue(tmp_path, *codes)
    daemon = start(WATCHER_SINKS=json.dumps(SINKS))
    decisions = daemon.wait_for_decisions(len(codes))
    found = {event["subject"]: [item["code"] for item in event["data"]["feedback"]] for event in decisions}
    assert found == codes
    for event in decisions:
        known = [item for item in event["data"]["feedback"] if item["code"] in FEEDBACK_MESSAGES]
        assert all(item["message"] == FEEDBACK_MESSAGES[item["code"]] for item in known)
        assert event["data"]["outcome"] == ("live" if event["data"]["confidence"] > LOW else "not_live")
    assert [event["data"]["sdkType"] for event in decisions if event["data"]["sdkType"]] == ["AmplifyWeb"]

    daemon.wait_for(lambda: len(lines(tmp_path / "app.jsonl")) == len(codes), "every decision at the app")
    daemon.wait_for(lambda: len(lines(tmp_path / "door.jsonl")) == 1, "the live one at the door")
    metrics = daemon.get("/metrics").splitlines()
    for code in FeedbackCode:
        count = 2.0 if code == "LOW_LIGHTING_DETECTED" else 1.0
        assert f'watcher_feedback_total{{code="{code}",policy="default"}} {count}' in metrics
    assert 'watcher_feedback_total{code="other",policy="default"} 1.0' in metrics
    assert 'watcher_sdk_sessions_total{live="false",sdk_type="AmplifyWeb"} 1.0' in metrics
    assert f'watcher_sink_deliveries_total{{result="skipped",sink="door"}} {len(codes) - 1.0}' in metrics

    by_id = {event["id"]: event for event in decisions}
    for event in lines(tmp_path / "app.jsonl"):
        full = by_id[str(event["id"])]
        left_out = ("confidence", "threshold", "referenceImage", "auditImages")
        assert event == full | {"data": {key: full["data"][key] for key in full["data"] if key not in left_out}}
    (live,) = lines(tmp_path / "door.jsonl")
    assert live == by_id[str(live["id"])]

    subject = next(iter(codes))
    assert codes[subject][0] in run_watcher(tmp_path, "explain", subject).stdout
    assert codes[subject][0] in run_watcher(tmp_path, "decisions", "--session-id", subject).stdout


def test_a_policy_can_require_a_challenge_and_a_session_that_nobody_began_is_not_timed_out(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    begun = simulator.create_session(scored(99.0))
    never = simulator.create_session(SessionScript(ending="CREATED"))
    policies = {
        "WATCHER_DECISION__POLICIES__LIGHT__REQUIRE_CHALLENGE": "FaceMovementAndLightChallenge",
        "WATCHER_DECISION__POLICIES__LATER__REQUIRE_CHALLENGE": "FaceMovementAndLightChallenge",
        "WATCHER_DECISION__POLICIES__LATER__MIN_CHALLENGE_VERSION": "99.0.0",
    }
    for policy in ("light", "later"):
        sent = run_watcher(tmp_path, "enqueue", "--policy", policy, begun, stdin=b"", **policies)
        assert sent.returncode == 0, sent.stderr
    put_on_queue(tmp_path, never)
    daemon = start("--until-empty", WATCHER_POLLING__SESSION_TIMEOUT="15", **policies)
    assert daemon.end() == 0
    reasons = {event["id"]: event["data"]["reason"] for event in daemon.decisions}
    assert reasons == {
        f"{begun}:light": "confidence_met",
        f"{begun}:later": "challenge_not_accepted",
        f"{never}:default": "not_started",
    }
    (event,) = (event for event in daemon.decisions if event["subject"] == never)
    assert (event["data"]["status"], event["data"]["lastError"]) == ("CREATED", None)


def test_each_row_of_the_table_is_decided_delivered_and_counted(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    scripts = {
        Reason.CONFIDENCE_MET: scored(99.0),
        Reason.CONFIDENCE_BELOW_THRESHOLD: scored(LOW),
        Reason.CHALLENGE_NOT_ACCEPTED: scored(99.0),
        Reason.REFERENCE_IMAGE_MISSING: replace(scored(99.0), reference_image=False),
        Reason.SESSION_FAILED: SessionScript(ending="FAILED"),
        Reason.SESSION_EXPIRED: SessionScript(ending="EXPIRED"),
        Reason.NOT_STARTED: SessionScript(ending="CREATED"),
        Reason.TIMED_OUT: SessionScript(ending="IN_PROGRESS"),
        Reason.MALFORMED_RESULT: SessionScript(faults=(Fault("nan_confidence"),)),
        Reason.REJECTED_BY_SERVICE: SessionScript(faults=(Fault("invalid_parameter"),)),
    }
    sessions = {reason: simulator.create_session(script) for reason, script in scripts.items()}
    sessions[Reason.SESSION_NOT_FOUND] = session_id(404)
    settings = {
        f"WATCHER_DECISION__POLICIES__{LATER.upper()}__REQUIRE_CHALLENGE": "FaceMovementAndLightChallenge",
        f"WATCHER_DECISION__POLICIES__{LATER.upper()}__MIN_CHALLENGE_VERSION": "99.0",
    }
    later = sessions[Reason.CHALLENGE_NOT_ACCEPTED]
    others = [subject for subject in sessions.values() if subject != later]
    put_on_queue(tmp_path, *others)
    assert run_watcher(tmp_path, "enqueue", "--policy", LATER, later, stdin=b"", **settings).returncode == 0
    daemon = start(WATCHER_POLLING__SESSION_TIMEOUT="15", **settings)
    decisions = daemon.wait_for_decisions(len(sessions))
    found = {event["subject"]: (event["data"]["outcome"], event["data"]["reason"]) for event in decisions}
    assert set(sessions) == set(Reason)
    assert found == {sessions[reason]: (outcome.value, reason.value) for outcome, reason in DECISIONS}
    metrics = daemon.get("/metrics").splitlines()
    for outcome, reason in DECISIONS:
        policy = LATER if reason is Reason.CHALLENGE_NOT_ACCEPTED else "default"
        labels = f'outcome="{outcome}",policy="{policy}",reason="{reason}"'
        assert f"watcher_decisions_total{{{labels}}} 1.0" in metrics
