"""Rekognition's GetFaceLivenessSessionResults as the watcher's port `SessionResults`."""

from watcher.rekognition.client import build_client, resolve_region
from watcher.rekognition.results import RekognitionResults
from watcher.rekognition.settings import AwsSettings

__all__ = ["AwsSettings", "RekognitionResults", "build_client", "resolve_region"]
