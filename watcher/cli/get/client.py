"""The AWS session and client of one run, set up as the AWS CLI sets up its own.

Options, then environment, then profile; botocore's retries as the user configured them. The one difference: a region
that only `AWS_REGION` names is used, not reported missing (AWS CLI v1 reads only `AWS_DEFAULT_REGION`, while
Kubernetes' pod identity sets both and people set either).
"""

import os
import platform
from argparse import Namespace
from pathlib import Path
from typing import Any

from botocore import UNSIGNED
from botocore import __version__ as botocore_version
from botocore.config import Config
from botocore.endpoint import DEFAULT_TIMEOUT
from botocore.session import Session
from botocore.utils import JSONFileCache

from watcher import __version__
from watcher.aws.call_deadline import enforce_call_deadline, enforce_for_credentials
from watcher.aws.fast_loader import is_plain, use_fast_loader
from watcher.cli.get.failures import CommandFailed

SERVICE = "rekognition"
OPERATION = "GetFaceLivenessSessionResults"
NEW_RETRIES = "AWS_NEW_RETRIES_2026"
"""The AWS CLI's variable for the retries that other SDKs have: `true` in any case, anything else is no (1.46.3)."""
CREDENTIAL_CACHE = Path("~/.aws/cli/cache")
# Credential sources that call no other service, whose endpoint would need the full patterns.
LOCAL_CREDENTIALS = frozenset({"env", "shared-credentials-file", "config-file"})


def version_text() -> str:
    """The relevant versions, in the form of `aws --version`."""
    return (
        f"liveness-watcher/{__version__} Python/{platform.python_version()} "
        f"{platform.system()}/{platform.release()} botocore/{botocore_version}"
    )


def open_session(options: Namespace, *, attempts: int | None = None) -> Session:
    """A session with the global options applied; `attempts` for each call, if not botocore's setting.

    Raises:
        ValueError: a time-out that is not a whole number.
    """
    session = Session(_variables())
    session.user_agent_name = "liveness-watcher"
    session.user_agent_version = __version__
    use_fast_loader(session)
    session.set_default_client_config(_client_config(options, attempts))
    if options.profile:
        session.set_config_variable("profile", options.profile)
    if options.region:
        session.set_config_variable("region", options.region)
    # An image stays in the base64 of the response, which is what gets printed.
    session.get_component("response_parser_factory").set_parser_defaults(blob_parser=lambda wire: wire)
    return session


def _variables() -> dict[str, tuple[str, str, str, None]]:
    """Where the AWS CLI differs from botocore: the output setting, and the default retry mode.

    That is legacy (up to five attempts), not botocore's standard (three), unless the user asks for the new retries.
    """
    mode = "standard" if os.environ.get(NEW_RETRIES, "").lower() == "true" else "legacy"
    return {
        "output": ("output", "AWS_DEFAULT_OUTPUT", "json", None),
        "retry_mode": ("retry_mode", "AWS_RETRY_MODE", mode, None),
    }


def check_endpoint_url(url: str | None) -> None:
    """Reject an endpoint without a scheme.

    Raises:
        CommandFailed: with the AWS CLI's words.
    """
    from urllib.parse import urlparse

    if url is not None and not urlparse(url).scheme:
        raise CommandFailed(
            f'Bad value for --endpoint-url "{url}": scheme is missing.  '
            "Must be of the form http://<hostname>/ or https://<hostname>/"
        )


def open_client(session: Session, options: Namespace) -> Any:
    """A Rekognition client.

    Raises:
        botocore.exceptions.BotoCoreError: no region, an unknown profile, settings that contradict each other.
        ValueError: a negative time-out, an endpoint that is not a URL.
    """
    region = options.region
    if region is None:
        region = session.get_config_variable("region") or os.environ.get("AWS_REGION")
    _share_credential_cache(session)
    is_brief = is_plain(session, region) and _has_local_credentials(session, signed=options.sign_request)
    session.get_component("data_loader").brief_endpoints = is_brief
    verify = options.ca_bundle if options.verify_ssl else False
    client = session.create_client(SERVICE, region_name=region, endpoint_url=options.endpoint_url, verify=verify)
    _bound(client, session, verify)
    return client


def _bound(client: Any, session: Session, verify: Any) -> None:
    """The daemon's limit: no attempt takes longer than both time-outs together, however slowly a server sends."""
    connect, read = client.meta.config.connect_timeout or 0, client.meta.config.read_timeout or 0
    # A negative time-out is rejected in urllib3's words, when it is used.
    if connect >= 0 and read >= 0:
        enforce_call_deadline(client, session, connect_timeout=connect, read_timeout=read, verify=verify)
        enforce_for_credentials(session, connect_timeout=connect, read_timeout=read)


def _has_local_credentials(session: Session, *, signed: bool) -> bool:
    """Whether credentials come without a call of another service, or none are needed."""
    credentials = session.get_credentials() if signed else None
    return credentials is None or credentials.method in LOCAL_CREDENTIALS


def _client_config(options: Namespace, attempts: int | None) -> Config:
    """Time-outs, signing, retries; the time-outs are checked when they are used, as in the AWS CLI."""
    settings: dict[str, Any] = {} if options.sign_request else {"signature_version": UNSIGNED}
    if attempts is not None:
        settings["retries"] = {"total_max_attempts": attempts, "mode": "standard"}
    settings["read_timeout"] = _timeout(options.read_timeout)
    settings["connect_timeout"] = _timeout(options.connect_timeout)
    return Config(**settings)


def _timeout(value: str | float | None) -> float | None:
    """Seconds: an option's whole number, or the watcher's setting; None, which is no limit, for 0."""
    if value is None:
        return float(DEFAULT_TIMEOUT)
    return (int(value) if isinstance(value, str) else value) or None


def _share_credential_cache(session: Session) -> None:
    """Cache the credentials of assumed roles where the AWS CLI does, so that an MFA code is requested only once."""
    providers = session.get_component("credential_provider")
    cache = JSONFileCache(str(CREDENTIAL_CACHE.expanduser()))
    for name in ("assume-role", "assume-role-with-web-identity"):
        providers.get_provider(name).cache = cache
