import pytest

from watcher.util.environment import FOREIGN, drop_foreign, drop_invalid


def test_variables_of_other_programs_are_taken_out_and_no_others() -> None:
    environ = {**dict.fromkeys(FOREIGN, "x"), "AWS_REGION": "us-east-1"}
    drop_foreign(environ)
    assert environ == {"AWS_REGION": "us-east-1"}


@pytest.mark.parametrize(
    ("name", "valid", "invalid"),
    [
        ("AWS_METADATA_SERVICE_TIMEOUT", "5", "5s"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2", "²"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00:ec2::254]", "junk"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6", "ipv5"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "regional", "yes"),
        ("AWS_CREDENTIAL_EXPIRATION", "2030-01-01T00:00:00Z", "soon"),
    ],
)
def test_only_what_has_no_valid_value_is_taken_out_and_named(name: str, valid: str, invalid: str) -> None:
    for value in (valid, ""):
        environ = {name: value}
        assert drop_invalid(environ) == []
        assert environ == {name: value}
    environ = {name: invalid}
    assert drop_invalid(environ) == [name]
    assert environ == {}
