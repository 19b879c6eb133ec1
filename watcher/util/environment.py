"""Environment variables that are meant for other programs, and that libraries of ours would follow."""

from collections.abc import MutableMapping

FOREIGN = (
    "PROMETHEUS_MULTIPROC_DIR",  # metrics go to files in a folder, which has to exist, and add up over processes
    "prometheus_multiproc_dir",  # its old name
    "PROMETHEUS_LEGACY_NAME_VALIDATION",
    "SSLKEYLOGFILE",  # the keys of every TLS connection go to a file
    "BOTOCORE_EXPERIMENTAL__PLUGINS",  # modules that botocore imports
    "AWS_CSM_ENABLED",  # every call is told to a local port
    "PYDANTIC_DISABLE_PLUGINS",
)
"""The names, each with what it does; there is nothing to gain from them here."""

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
"""Variables without which everything works, and with which botocore makes no client, or finds no credentials."""


def drop_foreign(environ: MutableMapping[str, str]) -> None:
    """Take them out, before the libraries are imported: some look once, on import."""
    for name in FOREIGN:
        environ.pop(name, None)


def drop_invalid(environ: MutableMapping[str, str]) -> list[str]:
    """Take out the ones of AWS that have no valid value, and return their names."""
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
