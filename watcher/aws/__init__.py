"""Clients for AWS's services, one way for all: what the adapters that talk to AWS stand on."""

from watcher.aws.client import build_client, resolve_region
from watcher.aws.settings import AwsSettings

__all__ = ["AwsSettings", "build_client", "resolve_region"]
