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
        ("AWS_CREDENTIAL_EXPIRATION", "2030-01-01T00:00:00.5+00:00", "9999999"),
        ("AWS_CREDENTIAL_EXPIRATION", "20300101T000000Z", "9" * 30),
        ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "1048576", "1048577"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0", "9" * 5000),
        ("AWS_ENDPOINT_DISCOVERY_ENABLED", "auto", "junk"),
        ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "legacy", "junk"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "legacy", "LEGACY"),
        ("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "True", "junk"),
    ],
)
def test_only_what_has_no_valid_value_is_taken_out_and_named(name: str, valid: str, invalid: str) -> None:
    environ = {name: valid}
    assert drop_invalid(environ) == []
    assert environ == {name: valid}
    environ = {name: invalid}
    assert drop_invalid(environ) == [name]
    assert environ == {}


def test_empty_variables_of_aws_are_not_set() -> None:
    environ = {"AWS_PROFILE": "", "AWS_METADATA_SERVICE_TIMEOUT": "", "AWS_REGION": "eu-west-1", "PATH": ""}
    assert drop_invalid(environ) == []
    assert environ == {"AWS_REGION": "eu-west-1", "PATH": ""}
