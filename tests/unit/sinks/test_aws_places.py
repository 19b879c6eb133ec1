import pytest

from watcher.sinks.aws_places import arn_region, queue_endpoint, queue_region


@pytest.mark.parametrize(
    ("url", "region", "endpoint"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/1/q", "eu-west-1", ""),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1", ""),
        ("https://sqs-fips.us-gov-west-1.amazonaws.com/1/q", "us-gov-west-1", ""),
        ("https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1", ""),
        ("https://queue.amazonaws.com/1/q", "", ""),
        (
            "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/1/q",
            "eu-west-1",
            "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com",
        ),
        ("http://localhost:9324/queue/q", "", "http://localhost:9324"),
        (
            "http://sqs.us-east-1.localhost.localstack.cloud:4566/0/q",
            "us-east-1",
            "http://sqs.us-east-1.localhost.localstack.cloud:4566",
        ),
    ],
)
def test_a_queues_url_tells_region_and_endpoint(url: str, region: str, endpoint: str) -> None:
    assert (queue_region(url), queue_endpoint(url)) == (region, endpoint)


@pytest.mark.parametrize(
    ("target", "region"),
    [("arn:aws:sns:eu-west-1:1:x", "eu-west-1"), ("arn:aws:events:::event-bus/x", ""), ("default", ""), ("arn:", "")],
)
def test_an_arn_tells_its_region(target: str, region: str) -> None:
    assert arn_region(target) == region
