import pytest

from watcher.aws.timeouts import CONNECT_LIMIT, READ_LIMIT, capped
from watcher.config import AwsSettings


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ((60.0, 60.0), (CONNECT_LIMIT, READ_LIMIT)),
        ((0.0, 0.0), (CONNECT_LIMIT, READ_LIMIT)),
        ((0.5, 60.0), (0.5, READ_LIMIT)),
        ((60.0, 0.5), (CONNECT_LIMIT, 0.5)),
    ],
)
def test_time_outs_are_lowered_and_never_raised(given: tuple[float, float], got: tuple[float, float]) -> None:
    aws = capped(AwsSettings(connect_timeout=given[0], read_timeout=given[1]))
    assert (aws.connect_timeout, aws.read_timeout) == got


@pytest.mark.parametrize(("given", "got"), [(60.0, 7.0), (0.0, 7.0), (6.0, 6.0), (1.0, 5.0)])
def test_a_caller_has_limits_of_its_own(given: float, got: float) -> None:
    aws = capped(AwsSettings(connect_timeout=given, read_timeout=given), 2.0, 7.0, least_read=5.0)
    assert (aws.connect_timeout, aws.read_timeout) == (min(given or 2.0, 2.0), got)


def test_all_else_stays_as_it_is() -> None:
    given = AwsSettings(region="eu-west-1", profile="p", ca_bundle="/c", verify_ssl=False, sign_request=False)
    changed = capped(given).model_copy(
        update={"connect_timeout": given.connect_timeout, "read_timeout": given.read_timeout}
    )
    assert changed == given
