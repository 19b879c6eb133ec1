"""Environment variables that are meant for other programs, but that our libraries would obey."""

from collections.abc import MutableMapping

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
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": ("ipv4", "ipv6"),
    "AWS_STS_REGIONAL_ENDPOINTS": ("legacy", "regional"),
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": ("preferred", "disabled", "required"),
    "AWS_REQUEST_CHECKSUM_CALCULATION": ("when_supported", "when_required"),
    "AWS_RESPONSE_CHECKSUM_VALIDATION": ("when_supported", "when_required"),
}
_NUMBERS = (
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
)
_TIMES = ("AWS_CREDENTIAL_EXPIRATION",)
_URLS = ("AWS_EC2_METADATA_SERVICE_ENDPOINT",)
"""Optional variables whose invalid values keep botocore from making a client, or from finding credentials."""


def drop_foreign(environ: MutableMapping[str, str]) -> None:
    """Remove them before the libraries are imported, because some read them only then."""
    for name in FOREIGN:
        environ.pop(name, None)


def drop_invalid(environ: MutableMapping[str, str]) -> list[str]:
    """Remove AWS's variables with invalid values, and return their names."""
    invalid = [
        name
        for name in (*_WORDS, *_NUMBERS, *_TIMES, *_URLS)
        if environ.get(name) and not _is_valid(name, environ[name])
    ]
    for name in invalid:
        del environ[name]
    return invalid


def _is_valid(name: str, value: str) -> bool:
    if name in _NUMBERS:
        return value.isascii() and value.isdecimal()
    if name in _TIMES:
        return value[:4].isdecimal()
    if name in _URLS:
        return value.startswith(("http://", "https://"))
    return value.lower() in _WORDS[name]
