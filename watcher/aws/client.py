"""A botocore client for one of AWS's services, built from the settings `[aws]`."""

import logging
import ssl
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, InvalidRegionError, ProfileNotFound

from watcher.aws.call_deadline import MAX_BODY, enforce_call_deadline, enforce_for_credentials
from watcher.aws.credentials import LiveCredentials, error_words, find_credentials
from watcher.aws.errors import CredentialsUnavailable, one_line
from watcher.aws.fast_loader import is_plain
from watcher.aws.session import configuration_files, configured_text, open_session, readable_session, region_of
from watcher.aws.settings import ClientSettings
from watcher.aws.strict_parsers import StrictParserFactory
from watcher.aws.user_agent import user_agent
from watcher.domain.errors import ConfigError
from watcher.util.urls import is_http_url, is_plain_http, without_secrets


def build_client(
    service: str,
    aws: ClientSettings,
    endpoint_url: str,
    *,
    concurrency: int,
    endpoint_key: str = "aws.endpoint_url",
    max_body: int = MAX_BODY,
) -> Any:
    """A client that `concurrency` threads can share: one attempt a call, each call bounded in time.

    Build it once: botocore's sessions are not thread-safe, and many of them leak memory (boto3 #1670). Credentials
    are looked up with the first call (see `watcher.aws.credentials`). `endpoint_url` replaces AWS's own unless it is
    empty; `endpoint_key` is the setting that it came from. `max_body`: maximum bytes of a response's body.

    Raises:
        ConfigError: an invalid setting.
        WatcherError: AWS's configuration files can't be read.
    """
    _silence_libraries()
    session = readable_session(aws, makes_clients=True)
    problems = _endpoint_problems(endpoint_key, endpoint_url)
    if not is_plain_http(endpoint_url):  # reading certificates takes a while
        problems += _bundle_problems(aws, session)
    if problems:
        raise ConfigError(problems)
    _prepare(session, aws, concurrency)
    credentials = LiveCredentials(partial(find, aws), configuration_files(session))
    session.register_component("credential_provider", _Fixed(credentials))
    session.register_component("token_provider", _Fixed(None))  # no service here takes bearer tokens
    client = _create(service, aws, endpoint_url, session)
    client.meta.events.register("after-call", credentials.check_answer)
    enforce_call_deadline(
        client,
        session,
        connect_timeout=aws.connect_timeout,
        read_timeout=aws.read_timeout,
        verify=_verify(aws),
        max_body=max_body,
    )
    return client


def live_credentials(aws: ClientSettings) -> LiveCredentials:
    """The credentials that a client with these settings signs with."""
    return LiveCredentials(partial(find, aws), configuration_files(open_session(aws.profile, makes_clients=False)))


def find(aws: ClientSettings) -> Any:
    """The credentials that AWS's sources give now, as botocore's object: they may be fetched later.

    Raises:
        CredentialsUnavailable: none, or a source failed.
    """
    session = open_session(aws.profile)
    try:
        session.get_scoped_config()
    except ProfileNotFound as error:
        raise CredentialsUnavailable(text=error_words(error, "")) from error
    if aws.region:  # of the services, such as STS, that sources call
        session.set_config_variable("region", aws.region)
    _prepare(session, aws, 1)
    enforce_for_credentials(session, connect_timeout=aws.connect_timeout, read_timeout=aws.read_timeout)
    return find_credentials(session)


class _Fixed:
    """Replaces botocore's chain of sources, which is asked only once."""

    def __init__(self, credentials: LiveCredentials | None) -> None:
        self._credentials = credentials

    def load_credentials(self) -> LiveCredentials | None:
        """The credentials of a session."""
        return self._credentials

    def load_token(self, **_: object) -> None:
        """The bearer token of a session."""


def _prepare(session: Any, aws: ClientSettings, concurrency: int) -> None:
    """Settings for each client of the session, including those (STS, SSO) that fetch botocore's credentials."""
    session.set_default_client_config(_config(aws, concurrency, user_agent(session)))
    session.register_component("response_parser_factory", StrictParserFactory())


def _create(service: str, aws: ClientSettings, endpoint_url: str, session: Any) -> Any:
    region = region_of(aws, session)
    try:
        session.get_component("data_loader").brief_endpoints = is_plain(session, region)
        return boto3.Session(botocore_session=session).client(
            service,
            region_name=region,
            endpoint_url=endpoint_url or None,
            verify=_verify(aws),
        )
    except InvalidRegionError as error:
        raise ConfigError([f"aws.region = {region!r}: not a region name; write it like us-east-1"]) from error
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(
            [f"aws: no client for {service}: {one_line(str(error))}; check the section and AWS_* variables"]
        ) from error
    except (AttributeError, LookupError, TypeError) as error:  # botocore expects the right kind everywhere
        what = f"{' or '.join(configuration_files(session))} has a table where a text belongs, or the reverse"
        raise ConfigError([f"aws: no client for {service}: {what} ({one_line(error)}): fix it there"]) from error


def _verify(aws: ClientSettings) -> bool | str | None:
    """`create_client`'s parameter; None: use the environment or the profile."""
    return False if not aws.verify_ssl else aws.ca_bundle or None


def _config(aws: ClientSettings, concurrency: int, agent: str) -> Config:
    return Config(
        # Config(read_timeout=0) is an error; None is "no limit".
        connect_timeout=aws.connect_timeout or None,
        read_timeout=aws.read_timeout or None,
        # Other modes set their own time-outs where None is given above.
        defaults_mode="legacy",
        # Only the watcher retries polls. Set here, this overrides AWS_MAX_ATTEMPTS, AWS_RETRY_MODE and the profile.
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=concurrency + 1,  # one for the probe, which has its own thread
        tcp_keepalive=True,
        signature_version=None if aws.sign_request else UNSIGNED,
        user_agent=agent,
    )


def _endpoint_problems(key: str, url: str) -> list[str]:
    if not url or is_http_url(url):
        return []
    return [f"{key} = {without_secrets(url)!r}: not a URL; write it like https://host:port"]


def _bundle_problems(aws: ClientSettings, session: Any) -> list[str]:
    path = aws.ca_bundle or configured_text(session, "ca_bundle")
    if not path or not aws.verify_ssl:
        return []
    try:
        if not Path(path).is_file():
            return [f"aws.ca_bundle = {path!r}: file not found; name a file with CA certificates (PEM)"]
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError):  # ValueError: a name that the system's encoding can't write
        return [f"aws.ca_bundle = {path!r}: no readable certificates; name a file with CA certificates (PEM)"]
    return []


def _silence_libraries() -> None:
    """Keep botocore and urllib3 from logging answers (with face images), headers and credential processes' output.

    The errors of their calls say what is wrong, in our own words.
    """
    for name in ("botocore", "boto3", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
