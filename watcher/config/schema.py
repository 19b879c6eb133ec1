"""The JSON Schema of the file, for editors and for checks outside the watcher."""

from typing import Any

from watcher.config.settings import Settings
from watcher.config.sinks import SINK_MODELS
from watcher.domain.json_schema import DIALECT


def json_schema() -> dict[str, Any]:
    """The schema, draft 2020-12. Most rules between settings are not in it; loading checks those."""
    schema = Settings.model_json_schema()
    schema["title"] = "liveness-watcher settings"
    for model in SINK_MODELS.values():
        schema["$defs"][model.__name__].setdefault("required", []).append("type")
    return {"$schema": DIALECT, **schema}
