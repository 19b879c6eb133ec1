"""A botocore client for one of AWS's services, built from the settings `[aws]`."""

import logging
import ssl
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, InvalidRegionError, ProfileNotFound

from watcher.aws.call_deadline import MAX_BODY, enforce_call_deadline
from watcher.aws.faults import one_line
from watcher.aws.parsing import WaryParserFactory
from watcher.aws.settings import AwsSettings
from watcher.aws.user_agent import user_agent
from watcher.errors import ConfigError
from watcher.urls import is_http_url, without_secrets

DEFAULT_REGION = "us-east-1"


def build_client(
    service: str,
    aws: AwsSettings,
    endpoint_url: str,
    *,
    concurrency: int,
    endpoint_key: str = "aws.endpoint_url",
    max_body: int = MAX_BODY,
) -> Any:
    """A client that `concurrency` threads can share: one attempt a call, each call bounded in time.

    Build it once: botocore's sessions are not thread-safe and leak memory when there are many (boto3 #1670).
    `endpoint_url` is called instead of AWS's own unless it is empty; `endpoint_key` is the setting it came from.
    `max_body`: bytes of a response's body that are read.

    Raises:
        ConfigError: a setting that can't be used.
    """
    _silence_bodies()
    session = _session(aws)
    problems = [*_endpoint_problems(endpoint_key, endpoint_url), *_bundle_problems(aws, session)]
    if problems:
        raise ConfigError(problems)
    config = _config(aws, concurrency, user_agent(session))
    # For the clients too that botocore makes for itself to fetch credentials (STS, SSO) in the middle of a call.
    session.set_default_client_config(config)
    session.register_component("response_parser_factory", WaryParserFactory())
    client = _create(service, aws, endpoint_url, session)
    enforce_call_deadline(
        client,
        session,
        connect_timeout=aws.connect_timeout,
        read_timeout=aws.read_timeout,
        verify=_verify(aws),
        max_body=max_body,
    )
    return client


def resolve_region(aws: AwsSettings) -> str:
    """The region: `aws.region`, else the one of profile or environment, else us-east-1.

    Raises:
        ConfigError: there is no such profile.
    """
    return _region(aws, _session(aws))


def _region(aws: AwsSettings, session: Any) -> str:
    return aws.region or session.get_config_variable("region") or DEFAULT_REGION


def _session(aws: AwsSettings) -> Any:
    session = botocore.session.Session(profile=aws.profile or None)
    try:
        session.get_scoped_config()
    except ProfileNotFound as error:
        name = session.profile
        raise ConfigError(
            [f"aws.profile = {name!r}: AWS's configuration has no such profile; name one that it has"]
        ) from error
    except BotoCoreError as error:
        raise ConfigError([f"aws.profile = {aws.profile!r}: {error}; mend AWS's configuration file"]) from error
    return session


def _create(service: str, aws: AwsSettings, endpoint_url: str, session: Any) -> Any:
    region = _region(aws, session)
    try:
        return boto3.Session(botocore_session=session).client(
            service,
            region_name=region,
            endpoint_url=endpoint_url or None,
            verify=_verify(aws),
        )
    except InvalidRegionError as error:
        raise ConfigError([f"aws.region = {region!r}: no region's name; write it like us-east-1"]) from error
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(
            [f"aws: no client for {service}: {one_line(error)}; check the section and AWS_* variables"]
        ) from error


def _verify(aws: AwsSettings) -> bool | str | None:
    """`create_client`'s parameter; None: what the environment or the profile says."""
    return False if not aws.verify_ssl else aws.ca_bundle or None


def _config(aws: AwsSettings, concurrency: int, agent: str) -> Config:
    return Config(
        # Config(read_timeout=0) is an error; None is "no limit".
        connect_timeout=aws.connect_timeout or None,
        read_timeout=aws.read_timeout or None,
        # Other modes bring time-outs of their own where None stands above.
        defaults_mode="legacy",
        # The watcher alone repeats polls. Set here, this wins over AWS_MAX_ATTEMPTS, AWS_RETRY_MODE and the profile.
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=concurrency + 1,  # one for the probe, which a thread of its own makes
        tcp_keepalive=True,
        signature_version=None if aws.sign_request else UNSIGNED,
        user_agent=agent,
    )


def _endpoint_problems(key: str, url: str) -> list[str]:
    if not url or is_http_url(url):
        return []
    return [f"{key} = {without_secrets(url)!r}: not a URL; write it like https://host:port"]


def _bundle_problems(aws: AwsSettings, session: Any) -> list[str]:
    path = aws.ca_bundle or session.get_config_variable("ca_bundle") or ""
    if not path or not aws.verify_ssl:
        return []
    if not Path(path).is_file():
        return [f"aws.ca_bundle = {path!r}: no such file; name a file with CA certificates (PEM)"]
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        return [f"aws.ca_bundle = {path!r}: no certificates that can be read; name a file with CA certificates (PEM)"]
    return []


def _silence_bodies() -> None:
    """Keep botocore from logging at DEBUG: it would print whole answers, face images too (botocore/parsers.py)."""
    for name in ("botocore", "boto3", "urllib3"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
