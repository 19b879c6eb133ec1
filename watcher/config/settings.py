"""The settings, one class per section of the file. Durations are seconds. Every default is the manual's."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from watcher.config.settings_model import Name, Seconds, SettingsModel, Url
from watcher.config.sinks import SinkSettings, with_names
from watcher.config.urls import LedgerKind, QueueKind, dynamodb_table, ledger_kind, queue_kind, sqlite_path
from watcher.domain.decision_table import CHALLENGE_VERSION
from watcher.domain.model import DEFAULT_POLICY, DecisionRules

REGION_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"

_Threshold = Annotated[
    float, Field(ge=0, le=100, json_schema_extra={"anyOf": [{"const": 0}, {"exclusiveMinimum": 1}]})
]
"""A confidence, 0..100. The schema rejects a share of 1, so that editors and Helm do; loading suggests a value."""

ChallengeType = Literal["", "FaceMovementAndLightChallenge"]
ChallengeVersion = Annotated[str, Field(pattern=rf"^({CHALLENGE_VERSION})?$")]


class AwsSettings(SettingsModel):
    """How AWS is reached: the AWS CLI's global options, with its meanings and defaults."""

    region: str = Field(default="us-east-1", pattern=REGION_PATTERN, description="Region of the sessions.")
    profile: str = Field(default="", description="Profile of AWS's own config files; empty: the default one.")
    endpoint_url: Url = Field(default="", description="URL to call instead of Rekognition's own endpoint.")
    ca_bundle: str = Field(default="", description="File of CA certificates to trust; empty: the usual ones.")
    verify_ssl: bool = Field(default=True, description="Whether to check TLS certificates.")
    sign_request: bool = Field(default=True, description="Whether to sign requests; false needs no credentials.")
    connect_timeout: Seconds = Field(default=60.0, ge=0, description="Seconds for one connect; 0: no limit.")
    read_timeout: Seconds = Field(default=60.0, ge=0, description="Seconds for one read; 0: no limit.")


class QueueSettings(SettingsModel):
    """Where session ids come from."""

    url: Url = Field(default="sqlite:///watcher.db", min_length=1, description="sqlite:///FILE or an SQS queue URL.")
    type: Literal["", "sqlite", "sqs"] = Field(default="", description="Kind of queue; empty: derived from the URL.")
    endpoint_url: Url = Field(default="", description="URL to call instead of SQS's own endpoint.")
    dead_letter_url: Url = Field(
        default="", description="Queue for messages that can never be served; of the same kind as the queue."
    )
    # Extended after two fifths of its time: at 1, three fifths of a second are left for a busy disk. With less,
    # leases get lost, and sessions are received again and again.
    visibility_timeout: Seconds = Field(
        default=60.0,
        ge=1,
        description="Seconds that a lease lasts; it is extended while its session is watched.",
    )
    max_in_flight: int = Field(
        default=5000,
        ge=1,
        le=120_000,
        description="Sessions watched at once; up to three further messages for each count as one more.",
    )

    @property
    def kind(self) -> QueueKind:
        """The backend. Raises ValueError for a URL of an unknown kind, which `load` rejects."""
        kind = queue_kind(self.url, self.type)
        if kind is None:
            raise ValueError("queue.url is neither a SQLite nor an SQS URL")
        return kind


class PollingSettings(SettingsModel):
    """When sessions are polled."""

    strategy: Literal["learned", "backoff"] = Field(
        default="learned", description="How waits are chosen: learned from earlier sessions, or plain backoff."
    )
    min_interval: Seconds = Field(default=1.0, gt=0, description="Seconds before the second poll: the first wait.")
    max_interval: Seconds = Field(default=10.0, gt=0, description="Seconds of the longest wait between two polls.")
    multiplier: float = Field(default=1.6, ge=1, description="Factor from one wait to the next.")
    jitter: float = Field(default=0.2, ge=0, le=1, description="Share of each wait that is random.")
    session_timeout: float = Field(
        default=180.0,
        gt=0,
        le=180,
        description="Seconds from a session's creation to giving up; AWS keeps it for 180.",
    )
    concurrency: int = Field(default=16, ge=1, le=1000, description="Calls to Rekognition under way at once.")
    max_rate: float = Field(default=0.0, ge=0, description="Calls a second; 0: adapt to the account's quota.")


class PolicyOverrides(SettingsModel):
    """A policy that a message can ask for; keys that it doesn't set come from `[decision]`."""

    threshold: _Threshold | None = Field(default=None, description="Minimum confidence (0..100) for live.")
    require_reference_image: bool | None = Field(
        default=None, description="Whether a live session needs a reference image."
    )
    require_challenge: ChallengeType | None = Field(
        default=None, description="The challenge that a live session needs; empty: any."
    )
    min_challenge_version: ChallengeVersion | None = Field(
        default=None, description="Minimum version of the required challenge; empty: any."
    )


class DecisionSettings(SettingsModel):
    """What makes a session live."""

    threshold: _Threshold = Field(
        default=80.0, description="Minimum confidence (0..100) for a succeeded session to be live."
    )
    require_reference_image: bool = Field(
        default=True, description="Whether a live session needs a reference image; without one it is inconclusive."
    )
    require_challenge: ChallengeType = Field(
        default="",
        description="FaceMovementAndLightChallenge: a live session needs this challenge, the stronger one, or "
        "it is inconclusive; empty: any.",
    )
    min_challenge_version: ChallengeVersion = Field(
        default="", description="Minimum version of the required challenge, such as 2.0.0; empty: any."
    )
    require_policy: bool = Field(
        default=False, description="Whether a message has to name its policy; one that doesn't is a dead letter."
    )
    policies: dict[Name, PolicyOverrides] = Field(
        default_factory=dict,
        description='Named policies, chosen by a message\'s "policy".',
        json_schema_extra={"additionalProperties": False},
    )

    def rules(self, name: str) -> DecisionRules | None:
        """The rules of a policy; `default` is the section itself. None if there is no such policy."""
        overrides = PolicyOverrides() if name == DEFAULT_POLICY else self.policies.get(name)
        if overrides is None:
            return None
        rules = {item.name: getattr(self, item.name) for item in fields(DecisionRules)}
        return DecisionRules(**rules | overrides.model_dump(exclude_none=True))


class LedgerSettings(SettingsModel):
    """Where decisions are stored, so that a session has only one."""

    url: str = Field(
        default="",
        description="Empty: the queue's own SQLite file; sqlite:///FILE, dynamodb:///TABLE, or none.",
    )


class HttpSettings(SettingsModel):
    """The server of /metrics, /livez and /readyz."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0: all of IPv4.")
    port: int = Field(default=9464, ge=0, le=65535, description="TCP port; 0: a free one, which is logged.")


class LogSettings(SettingsModel):
    """The log on standard error."""

    level: Literal["debug", "info", "warning", "error", "critical"] = Field(
        default="info", description="Minimum level to log."
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", description="Format of a line; auto: console in a terminal, else JSON."
    )


class ShutdownSettings(SettingsModel):
    """How the watcher ends."""

    drain_timeout: Seconds = Field(
        default=25.0, ge=0, description="Seconds to finish what is under way before the rest goes back to the queue."
    )


class Settings(SettingsModel):
    """All settings of the liveness watcher."""

    aws: AwsSettings = AwsSettings()
    queue: QueueSettings = QueueSettings()
    polling: PollingSettings = PollingSettings()
    decision: DecisionSettings = DecisionSettings()
    ledger: LedgerSettings = LedgerSettings()
    sinks: Annotated[list[SinkSettings], AfterValidator(with_names)] = Field(
        default_factory=lambda: with_names([]),
        max_length=10,  # there is room for so many in the 300 series of `watcher.telemetry.metrics`
        description="Where decisions go, at most 10 sinks; default: standard output.",
    )
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    shutdown: ShutdownSettings = ShutdownSettings()

    @property
    def ledger_kind(self) -> LedgerKind:
        """The ledger's backend. Raises ValueError for a URL of an unknown kind, which `load` rejects."""
        kind = ledger_kind(self.ledger.url) if self.ledger.url else self.queue.kind
        if kind is None or kind == "sqs":
            raise ValueError("ledger.url says no ledger")
        return kind

    @property
    def ledger_path(self) -> Path:
        """The SQLite ledger's file: its own, or the queue's."""
        return sqlite_path(self.ledger.url or self.queue.url)

    @property
    def ledger_table(self) -> str:
        """The DynamoDB ledger's table."""
        return dynamodb_table(self.ledger.url)
