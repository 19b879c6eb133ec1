from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from watcher.config import Loaded, load, sources
from watcher.domain.errors import ConfigError


@pytest.fixture(autouse=True, scope="package")
def no_file_of_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "SYSTEM_FILE", Path("/nonexistent/watcher.toml"))
        yield


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Loaded]:
    """Load settings in a folder of their own, from the text of its watcher.toml (None: no such file)."""

    def run(
        text: str | None = None,
        /,
        overrides: Mapping[str, str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        config: Path | None = None,
        option_names: Mapping[str, str] | None = None,
    ) -> Loaded:
        if text is not None:
            (tmp_path / "watcher.toml").write_text(text)
        return load(config, overrides or {}, environ or {}, tmp_path, option_names or {})

    return run


@pytest.fixture
def problems_of(settings_of: Callable[..., Loaded]) -> Callable[..., list[str]]:
    """The problems that loading finds; a test fails if there are none."""

    def run(*args: object, **kwargs: object) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            settings_of(*args, **kwargs)
        return caught.value.problems

    return run
