"""Environment variables that are meant for other programs, but that our libraries would obey."""

from collections.abc import MutableMapping
from datetime import datetime
from math import inf

FOREIGN = (
    "PROMETHEUS_MULTIPROC_DIR",  # writes metrics to files in an existing folder, summed over processes
    "prometheus_multiproc_dir",  # its old name
    "PROMETHEUS_LEGACY_NAME_VALIDATION",
    "SSLKEYLOGFILE",  # writes the keys of every TLS connection to a file
    "BOTOCORE_EXPERIMENTAL__PLUGINS",  # modules that botocore imports
    "AWS_CSM_ENABLED",  # reports every call to a local port
    "PYDANTIC_DISABLE_PLUGINS",
)
"""The names, each with its effect; none is useful here."""

_WORDS = {
    "AWS_ENDPOINT_DISCOVERY_ENABLED": ("true", "false", "auto"),
    "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH": ("true", "false"),
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": ("legacy", "regional"),
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": ("ipv4", "ipv6"),
    "AWS_STS_REGIONAL_ENDPOINTS": ("legacy", "regional"),
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": ("preferred", "disabled", "required"),
    "AWS_REQUEST_CHECKSUM_CALCULATION": ("when_supported", "when_required"),
    "AWS_RESPONSE_CHECKSUM_VALIDATION": ("when_supported", "when_required"),
}
_EXACT = ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "AWS_STS_REGIONAL_ENDPOINTS")
_NUMBERS = {
    "AWS_METADATA_SERVICE_TIMEOUT": inf,
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": inf,
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": 1 << 20,
}
_TIMES = ("AWS_CREDENTIAL_EXPIRATION",)
_URLS = ("AWS_EC2_METADATA_SERVICE_ENDPOINT",)
"""Optional variables whose invalid values keep botocore from making a client, or from finding credentials. Words are
valid in any case, except those of `_EXACT`; numbers up to the one given."""


def drop_foreign(environ: MutableMapping[str, str]) -> None:
    """Remove them before the libraries are imported, because some read them only then."""
    for name in FOREIGN:
        environ.pop(name, None)


def drop_invalid(environ: MutableMapping[str, str]) -> list[str]:
    """Remove AWS's variables with invalid values, and return their names; empty ones count as not set.

    To botocore an empty one has a value, and most of those above are then invalid, as is an empty AWS_PROFILE.
    """
    for name in [name for name, value in environ.items() if name.startswith("AWS_") and not value]:
        del environ[name]
    invalid = [
        name
        for name in (*_WORDS, *_NUMBERS, *_TIMES, *_URLS)
        if name in environ and not _is_valid(name, environ[name])
    ]
    for name in invalid:
        del environ[name]
    return invalid


def _is_valid(name: str, value: str) -> bool:
    if name in _NUMBERS:
        return value.isascii() and value.isdecimal() and len(value) < 20 and int(value) <= _NUMBERS[name]
    if name in _TIMES:
        return _is_time(value)
    if name in _URLS:
        return value.startswith(("http://", "https://"))
    return value in _WORDS[name] or (value.lower() in _WORDS[name] and name not in _EXACT)


def _is_time(value: str) -> bool:
    """Whether it is a time as AWS's tools write it: ISO 8601."""
    try:
        return bool(datetime.fromisoformat(value))
    except ValueError:
        return False
