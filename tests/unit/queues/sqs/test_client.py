from errno import EMFILE

import pytest
from botocore import exceptions as boto

from tests.support import ManualClock
from tests.unit.queues.sqs.fakes import URL, FakeClient, service_error
from watcher.aws.errors import CredentialsUnavailable
from watcher.config import AwsSettings, QueueSettings, Settings
from watcher.domain.errors import ConfigError, QueueError
from watcher.queues.sqs import dead_letters
from watcher.queues.sqs.client import SqsCaller, open_caller
from watcher.queues.sqs.errors import SqsFault

AWS = AwsSettings(region="ap-south-1")


@pytest.mark.parametrize(
    ("queue_url", "region", "endpoint"),
    [
        (URL, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com"),
        ("https://sqs-fips.us-east-2.amazonaws.com/1/q", "us-east-2", "https://sqs-fips.us-east-2.amazonaws.com"),
        (
            "https://vpce-1a2b.sqs.eu-central-1.vpce.amazonaws.com/1/q",
            "eu-central-1",
            "https://vpce-1a2b.sqs.eu-central-1.vpce.amazonaws.com",
        ),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn"),
        ("https://sqs.us-west-2.api.aws/1/q", "us-west-2", "https://sqs.us-west-2.api.aws"),
        ("https://eu-west-3.queue.amazonaws.com/1/q", "eu-west-3", "https://sqs.eu-west-3.amazonaws.com"),
        ("https://queue.amazonaws.com/1/q", "us-east-1", "https://sqs.us-east-1.amazonaws.com"),
        ("http://127.0.0.1:9324/1/q", "ap-south-1", "http://127.0.0.1:9324"),
    ],
)
def test_region_and_endpoint_come_from_the_queues_url(queue_url: str, region: str, endpoint: str) -> None:
    caller = open_caller(queue_url, "", AWS)
    assert (caller.client.meta.region_name, caller.client.meta.endpoint_url) == (region, endpoint)
    caller.close()


def test_an_endpoint_of_the_settings_wins_and_the_urls_region_stays() -> None:
    caller = open_caller(URL, "http://127.0.0.1:4566", AWS)
    assert caller.client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert caller.client.meta.region_name == "eu-west-1"
    caller.close()


@pytest.mark.parametrize(
    "odd",
    [None, 5, ["http://127.0.0.1/1/q"], "", "q", "http://[::1/1/q", "http://a:99999/1/q", "http://a/\r\nB: c"],
    ids=str,
)
def test_a_url_of_a_queue_that_can_not_be_one_is_an_error(odd: object) -> None:
    caller = SqsCaller(FakeClient(get_queue_url=[{"QueueUrl": odd}]), URL)
    with pytest.raises(QueueError, match="the answer's QueueUrl is not a URL; check queue"):
        caller.url_of("arn:aws:sqs:eu-west-1:1:dead")


def test_a_bad_endpoint_names_its_own_setting() -> None:
    with pytest.raises(ConfigError, match=r"^queue\.endpoint_url = 'nowhere'"):
        open_caller(URL, "nowhere", AWS)


@pytest.mark.parametrize(("given", "connect", "read"), [((60, 60), 3, 10), ((0, 0), 3, 10), ((1, 2), 1, 5)])
def test_calls_are_bounded_below_a_lease(given: tuple[float, float], connect: float, read: float) -> None:
    caller = open_caller(URL, "", AwsSettings(connect_timeout=given[0], read_timeout=given[1]))
    config = caller.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (connect, read)
    assert config.retries["total_max_attempts"] == 1
    caller.close()


SECRET_URL = "https://svc:s3cr3t@sqs.proxy.example:8443/1/q?token=s3cr3t"
SHOWN_URL = "https://sqs.proxy.example:8443/1/q"


@pytest.mark.parametrize(
    "error",
    [
        service_error("AccessDenied"),
        service_error("AWS.SimpleQueueService.NonExistentQueue"),
        service_error("InvalidAddress", message=f"The address {SECRET_URL} is not valid for this endpoint."),
        service_error("Odd"),
        service_error("502", 502),
        boto.CredentialRetrievalError(provider="process", error_msg="s3cr3t"),
        boto.EndpointConnectionError(endpoint_url=SECRET_URL),
        boto.ReadTimeoutError(endpoint_url=SECRET_URL),
        boto.NoCredentialsError(),
    ],
)
def test_no_text_shows_what_a_queues_url_keeps_secret(error: Exception) -> None:
    client = FakeClient(receive_message=[error], delete_message_batch=[error])
    caller = SqsCaller(client, SECRET_URL)
    with pytest.raises(SqsFault) as caught:
        caller.call("receive_message")
    assert str(caught.value).startswith(f"{SHOWN_URL}: ")
    assert "s3cr3t" not in str(caught.value)
    assert client.of("receive_message") == [{"QueueUrl": SECRET_URL}]


def test_a_queue_without_dead_letters_is_named_without_what_its_url_keeps_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dead_letters, "open_caller", lambda url, *_: SqsCaller(FakeClient(), url))
    settings = Settings(queue=QueueSettings(url=SECRET_URL, type="sqs"))
    with pytest.raises(QueueError) as caught, dead_letters.open_dead_letters(settings, ManualClock()):
        pass
    assert str(caught.value).startswith(f"{SHOWN_URL}: no dead letters")


def test_credentials_that_are_missing_are_a_fault_with_its_fix() -> None:
    missing = CredentialsUnavailable(text="no AWS credentials: none found")
    with pytest.raises(SqsFault, match=r"none found; check aws\.profile") as caught:
        SqsCaller(FakeClient(receive_message=[missing]), URL).call("receive_message")
    assert not caught.value.is_transient


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TypeError("s3cr3t"), "TypeError in "),
        (KeyError("s3cr3t"), "KeyError in "),
        (RuntimeError("s3cr3t"), "RuntimeError in "),
        (MemoryError("s3cr3t"), "this machine: out of memory"),
        (OSError(EMFILE, "s3cr3t"), "this machine: Too many open files"),
    ],
)
def test_whatever_a_call_raises_is_the_queues_fault(error: Exception, words: str) -> None:
    with pytest.raises(SqsFault, match=words) as caught:
        SqsCaller(FakeClient(receive_message=[error]), URL).call("receive_message")
    assert caught.value.is_transient
    assert "s3cr3t" not in str(caught.value)


def test_a_bad_endpoint_is_told_without_its_secrets() -> None:
    with pytest.raises(ConfigError) as caught:
        open_caller(URL, "https://svc:s3cr3t@host:99999", AWS)
    assert "s3cr3t" not in str(caught.value)
    assert str(caught.value).startswith("queue.endpoint_url = 'https://host:99999'")
