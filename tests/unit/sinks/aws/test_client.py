from contextlib import closing

import pytest

from tests.sink_clients import sink_clients
from watcher.config import AwsSettings, EventBridgeSinkSettings, SnsSinkSettings, SqsSinkSettings
from watcher.domain.errors import ConfigError
from watcher.sinks import SINKS
from watcher.sinks.aws.client import AwsSinkSettings, arn_region, open_client

AWS_SINKS: list[AwsSinkSettings] = [
    SqsSinkSettings(name="out", queue_url="https://sqs.eu-west-1.amazonaws.com/1/q"),
    SnsSinkSettings(name="out", topic_arn="arn:aws:sns:eu-west-1:1:t"),
    EventBridgeSinkSettings(name="out", bus="arn:aws:events:eu-west-1:1:event-bus/b"),
]


@pytest.mark.parametrize("sink", AWS_SINKS, ids=lambda sink: sink.type)
@pytest.mark.parametrize(("given", "connect", "read"), [((60, 60), 3, 10), ((0, 0), 3, 10), ((1, 2), 1, 2)])
def test_no_sink_holds_its_thread_for_as_long_as_a_poll_may_take(
    sink: AwsSinkSettings, given: tuple[float, float], connect: float, read: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = sink_clients(monkeypatch)
    aws = AwsSettings(connect_timeout=given[0], read_timeout=given[1])
    SINKS[sink.type](sink, aws).close()
    [meta] = [client.meta for client in clients]
    assert (meta.config.connect_timeout, meta.config.read_timeout) == (connect, read)
    assert meta.region_name == "eu-west-1"


def test_a_target_that_names_no_region_is_in_that_of_the_settings() -> None:
    sink = EventBridgeSinkSettings(name="out", bus="default")
    with closing(open_client("events", sink, AwsSettings(region="ap-south-1"), arn_region(sink.bus))) as client:
        assert client.meta.region_name == "ap-south-1"


def test_a_bad_endpoint_names_the_sinks_own_setting() -> None:
    sink = SnsSinkSettings(name="out", topic_arn="arn:aws:sns:eu-west-1:1:t", endpoint_url="nowhere")
    with pytest.raises(ConfigError, match=r"^sinks\.out\.endpoint_url = 'nowhere'"):
        open_client("sns", sink, AwsSettings(), "")


@pytest.mark.parametrize(
    ("target", "region"),
    [("arn:aws:sns:eu-west-1:1:x", "eu-west-1"), ("arn:aws:events:::event-bus/x", ""), ("default", ""), ("arn:", "")],
)
def test_an_arn_tells_its_region(target: str, region: str) -> None:
    assert arn_region(target) == region
