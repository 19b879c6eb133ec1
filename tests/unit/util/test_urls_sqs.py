import pytest

from watcher.util.urls import looks_like_sqs, queue_place


@pytest.mark.parametrize(
    ("host", "region", "endpoint"),
    [
        # AWS's public endpoints: the client knows them.
        ("https://sqs.eu-west-1.amazonaws.com", "eu-west-1", ""),
        ("https://SQS.EU-West-1.AmazonAWS.com", "eu-west-1", ""),
        ("https://sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1", ""),
        ("https://sqs.cn-north-1.amazonaws.com.cn", "cn-north-1", ""),
        ("https://user:s3cr3t@sqs.eu-west-1.amazonaws.com", "eu-west-1", ""),
        # The legacy ones are called by today's name.
        ("https://eu-west-3.queue.amazonaws.com", "eu-west-3", ""),
        ("https://cn-north-1.queue.amazonaws.com.cn", "cn-north-1", ""),
        ("https://queue.amazonaws.com", "us-east-1", ""),
        # Who names one of these wants no other.
        ("https://sqs-fips.us-east-2.amazonaws.com", "us-east-2", "https://sqs-fips.us-east-2.amazonaws.com"),
        ("https://sqs.us-west-2.api.aws", "us-west-2", "https://sqs.us-west-2.api.aws"),
        (
            "https://vpce-0a-1b.sqs.eu-central-1.vpce.amazonaws.com",
            "eu-central-1",
            "https://vpce-0a-1b.sqs.eu-central-1.vpce.amazonaws.com",
        ),
        (
            "https://vpce-0a-1b-eu-central-1a.sqs.eu-central-1.vpce.amazonaws.com",
            "eu-central-1",
            "https://vpce-0a-1b-eu-central-1a.sqs.eu-central-1.vpce.amazonaws.com",
        ),
        ("https://sqs.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "https://sqs.us-iso-east-1.c2s.ic.gov"),
        ("https://sqs.eu-west-1.amazonaws.com:8443", "eu-west-1", "https://sqs.eu-west-1.amazonaws.com:8443"),
        # AWS's imitations, and what is in front of them.
        ("http://localhost:9324", "", "http://localhost:9324"),
        ("http://127.0.0.1:9324", "", "http://127.0.0.1:9324"),
        ("http://[::1]:9324", "", "http://[::1]:9324"),
        (
            "http://sqs.us-east-1.localhost.localstack.cloud:4566",
            "us-east-1",
            "http://sqs.us-east-1.localhost.localstack.cloud:4566",
        ),
        ("https://sqs.proxy.example.com", "", "https://sqs.proxy.example.com"),
        ("https://notsqs.eu-west-1.amazonaws.com", "", "https://notsqs.eu-west-1.amazonaws.com"),
    ],
)
def test_a_queues_url_tells_region_and_endpoint(host: str, region: str, endpoint: str) -> None:
    assert queue_place(f"{host}/123456789012/q") == (region, endpoint)


def test_what_is_no_sqs_url_names_no_region() -> None:
    assert queue_place("sqlite:///watcher.db").region == ""


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("sqs.eu-west-1.amazonaws.com", True),
        ("SQS-FIPS.us-gov-west-1.amazonaws.com", True),
        ("queue.amazonaws.com", True),
        ("eu-west-1.queue.amazonaws.com", True),
        ("vpce-1-2.sqs.eu-west-1.vpce.amazonaws.com", True),
        ("sqs.us-east-1.localhost.localstack.cloud:4566", True),
        ("localhost:9324", False),
        ("notsqs.example.com", False),
    ],
)
def test_a_host_is_sqs_by_one_of_its_labels(host: str, is_one: bool) -> None:
    assert looks_like_sqs(f"https://{host}/sqs/q") is is_one
