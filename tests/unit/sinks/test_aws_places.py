import pytest

from watcher.sinks.aws_places import arn_region


@pytest.mark.parametrize(
    ("target", "region"),
    [("arn:aws:sns:eu-west-1:1:x", "eu-west-1"), ("arn:aws:events:::event-bus/x", ""), ("default", ""), ("arn:", "")],
)
def test_an_arn_tells_its_region(target: str, region: str) -> None:
    assert arn_region(target) == region
