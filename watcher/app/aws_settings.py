"""The settings of `[aws]` with the region of AWS's own configuration."""

import os

from watcher.aws.regions import region_problem
from watcher.aws.session import resolve_region
from watcher.config import AwsSettings, Loaded
from watcher.config.redaction import shown, source_of
from watcher.domain.errors import ConfigError


def effective_aws(loaded: Loaded) -> AwsSettings:
    """The settings of `[aws]`; if nothing names a region, the profile's, else us-east-1.

    A profile that only AWS's own variables name is resolved by botocore: keys in the environment override it, as in
    the AWS CLI, but no other profile.

    Raises:
        ConfigError: the profile or the region does not exist.
        WatcherError: AWS's configuration files can't be read.
    """
    aws = _resolved(loaded)
    if problem := region_problem(aws, os.environ):
        what, fix = problem
        source = source_of(
            "the profile" if aws.region != loaded.settings.aws.region else loaded.origins["aws.region"]
        )
        raise ConfigError([f"aws.region = {shown('aws.region', aws.region)} {what} ({source}): {fix}"])
    return aws


def _resolved(loaded: Loaded) -> AwsSettings:
    aws = loaded.settings.aws
    if loaded.origins["aws.profile"] in ("env AWS_PROFILE", "env AWS_DEFAULT_PROFILE"):
        aws = aws.model_copy(update={"profile": ""})
    if loaded.origins["aws.region"] != "default":
        return aws
    return aws.model_copy(update={"region": resolve_region(aws.model_copy(update={"region": ""}))})
