"""Where a sink's target at AWS lives."""

from watcher.config.settings import AwsSettings


def arn_region(target: str) -> str:
    """The region that an ARN names; empty for a plain name."""
    parts = target.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else ""


def in_region(aws: AwsSettings, region: str) -> AwsSettings:
    """The settings for a target in this region; empty: as they are."""
    return aws.model_copy(update={"region": region}) if region else aws
