"""The fields of other people's kinds that are used here.

From what KEDA (keda.sh/v1alpha1, docs and types of 2.17) and the Prometheus Operator (monitoring.coreos.com/v1, 0.91)
document. No JSON schema of them is on PyPI. A field that is not listed is refused: that is where a typo shows.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Check = Callable[[Any], bool]


DURATION = re.compile(r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$")


@dataclass(frozen=True)
class Fields:
    """A mapping: the fields that it may have, and those of them that it must."""

    known: dict[str, Any]
    required: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Listed:
    """A list that is not empty."""

    item: Any


def text(value: Any) -> bool:
    """A string that says something."""
    return isinstance(value, str) and bool(value)


def texts(value: Any) -> bool:
    """A mapping from strings to strings: numbers and booleans have to be quoted."""
    return isinstance(value, dict) and all(isinstance(one, str) for pair in value.items() for one in pair)


def count(value: Any) -> bool:
    """A whole number, not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def duration(value: Any) -> bool:
    """A duration of Prometheus."""
    return text(value) and DURATION.match(value) is not None


def either(*values: str) -> Check:
    """One of these words."""
    return lambda value: value in values


_SCALING = Fields(
    {
        "stabilizationWindowSeconds": lambda value: count(value) and value <= 3600,
        "selectPolicy": either("Max", "Min", "Disabled"),
        "policies": Listed(
            Fields(
                {
                    "type": either("Pods", "Percent"),
                    "value": lambda value: count(value) and value > 0,
                    "periodSeconds": lambda value: count(value) and 0 < value <= 1800,
                },
                frozenset({"type", "value", "periodSeconds"}),
            )
        ),
    }
)

_SQS = {"queueURL", "awsRegion", "queueLength", "scaleOnInFlight", "activationQueueLength"}

_SCALED_OBJECT = Fields(
    {
        "scaleTargetRef": Fields({"apiVersion": text, "kind": text, "name": text}, frozenset({"name"})),
        "minReplicaCount": count,
        "maxReplicaCount": count,
        "pollingInterval": count,
        "cooldownPeriod": count,
        "fallback": Fields(
            {"failureThreshold": count, "replicas": count}, frozenset({"failureThreshold", "replicas"})
        ),
        "advanced": Fields(
            {
                "horizontalPodAutoscalerConfig": Fields(
                    {"behavior": Fields({"scaleUp": _SCALING, "scaleDown": _SCALING})}
                )
            }
        ),
        "triggers": Listed(
            Fields(
                {
                    "type": either("aws-sqs-queue"),
                    "metadata": lambda value: texts(value) and set(value) <= _SQS,
                    "authenticationRef": Fields({"name": text, "kind": text}, frozenset({"name"})),
                },
                frozenset({"type", "metadata"}),
            )
        ),
    },
    frozenset({"scaleTargetRef", "triggers"}),
)

_TRIGGER_AUTHENTICATION = Fields(
    {
        "podIdentity": Fields(
            {"provider": either("aws"), "identityOwner": either("keda", "workload"), "roleArn": text},
            frozenset({"provider"}),
        )
    }
)

_POD_MONITOR = Fields(
    {
        "selector": Fields({"matchLabels": texts}),
        "jobLabel": text,
        "podMetricsEndpoints": Listed(
            Fields({"port": text, "path": text, "interval": duration, "scrapeTimeout": duration}, frozenset({"port"}))
        ),
    },
    frozenset({"selector", "podMetricsEndpoints"}),
)

_RULE = Fields(
    {
        "record": text,
        "alert": text,
        "expr": text,
        "for": duration,
        "keep_firing_for": duration,
        "labels": texts,
        "annotations": texts,
    },
    frozenset({"expr"}),
)

_PROMETHEUS_RULE = Fields(
    {
        "groups": Listed(
            Fields(
                {"name": text, "interval": duration, "limit": count, "labels": texts, "rules": Listed(_RULE)},
                frozenset({"name", "rules"}),
            )
        )
    },
    frozenset({"groups"}),
)

KINDS: dict[tuple[str, str], Fields] = {
    ("keda.sh/v1alpha1", "ScaledObject"): _SCALED_OBJECT,
    ("keda.sh/v1alpha1", "TriggerAuthentication"): _TRIGGER_AUTHENTICATION,
    ("monitoring.coreos.com/v1", "PodMonitor"): _POD_MONITOR,
    ("monitoring.coreos.com/v1", "PrometheusRule"): _PROMETHEUS_RULE,
}


def problems(one: dict[str, Any]) -> list[str]:
    """What is wrong with an object of one of these kinds, by field."""
    return list(_problems(KINDS[one["apiVersion"], one["kind"]], one["spec"], "spec"))


def _problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, Fields):
        if not isinstance(value, dict):
            yield f"{path} is no mapping"
            return
        yield from (f"{path}.{name} is not known" for name in value if name not in shape.known)
        yield from (f"{path}.{name} is missing" for name in sorted(shape.required - set(value)))
        for name in shape.known.keys() & value.keys():
            yield from _problems(shape.known[name], value[name], f"{path}.{name}")
    elif isinstance(shape, Listed):
        if not isinstance(value, list) or not value:
            yield f"{path} is no list with something in it"
            return
        for number, item in enumerate(value):
            yield from _problems(shape.item, item, f"{path}[{number}]")
    elif not shape(value):
        yield f"{path} can't be {value!r}"
