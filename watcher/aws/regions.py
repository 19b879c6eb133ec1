"""The regions that AWS has."""

from collections.abc import Mapping
from difflib import get_close_matches

from botocore.loaders import create_loader

from watcher.aws.fast_loader import PARTITIONS, known_regions
from watcher.aws.session import named_endpoints
from watcher.aws.settings import ClientSettings


def region_problem(aws: ClientSettings, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with `aws.region`, and the fix; None for a region of any partition, or any name at an endpoint.

    Raises:
        ConfigError, WatcherError: as `readable_session`.
    """
    known = known_regions(create_loader().load_data(PARTITIONS))  # what botocore derives endpoints from
    if aws.region in known or aws.endpoint_url or any(named_endpoints(aws, environ)):
        return None
    wanted = aws.region.lower()
    near = get_close_matches(wanted, known, n=3)
    near.sort(key=lambda name: sorted(name) != sorted(wanted))  # us-esat-1 is us-east-1, not us-west-1
    newer = "give a region of AWS; for one that is newer than the installed botocore, set aws.endpoint_url, too"
    return "is an unknown region", f"did you mean {near[0]}?" if near else newer
