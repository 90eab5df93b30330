"""Settings in layers: reads them all, checks each value where it stands, and keeps its origin.

    read_layers ──► Given ──► known key? ──► right type? ──► highest layer wins ──► no contradiction? ──► Settings

Every mistake is a `SettingsError` of one sentence that names file, line and key. A value is checked even where a higher
layer replaces it, for the file is wrong all the same. This file does not know what the settings are for (`schema`) nor
how a file is parsed (`layers`).

>>> settings = load_settings(environ={}, overrides={"model.backend": "embedded"})
>>> settings.model.backend, str(settings.origins["model.backend"])
('embedded', 'argument')
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workbench.core.errors import SettingsError
from workbench.core.layers import CONFIG_DIR_NAME, OLLAMA_NAME, Given, Origin, read_layers
from workbench.core.schema import EMBEDDED_MODEL, SECTIONS, SPECS, Settings, Spec

__all__ = ["EMBEDDED_MODEL", "Origin", "SettingRow", "Settings", "describe", "find_config_dir", "load_settings"]

_ENV_KEYS = {spec.env_name: key for key, spec in SPECS.items()} | {OLLAMA_NAME: "ollama.host"}
_LONGEST_QUOTE = 60  # characters of a wrong value that a sentence repeats


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of `workbench config`."""

    key: str
    value: str | int | float | None  # a secret is masked
    unit: str | None
    origin: Origin
    meaning: str


def load_settings(
    *,
    config_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings of this run, with `settings.origins` saying where each came from.

    Args:
        config_dir: folder of the settings files; by default `find_config_dir` looks for it.
        environ: environment variables, by default this process's.
        overrides: dotted keys to values, such as `{"model.backend": "embedded"}`; `None` means not given.
    Raises:
        SettingsError: an unknown key, a wrong type, a contradiction or an unreadable file.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for given in read_layers(find_config_dir(config_dir, environ), environ, overrides or {}):
        if (key := _known_key(given)) is not None:
            values[key], origins[key] = _checked(given, SPECS[key]), given.origin
    return Settings.model_validate(_nested(values), context={"origins": origins})


def describe(settings: Settings) -> list[SettingRow]:
    """Every setting with its value, unit, origin and meaning, in the order of the schema."""
    origins = settings.origins
    return [
        SettingRow(key, _shown(settings.value(key), spec), spec.unit, origins[key], spec.meaning)
        for key, spec in SPECS.items()
    ]


def find_config_dir(config_dir: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The folder of settings files: the one named, else ./config, else the checkout's; `None` if there is none.

    Raises:
        SettingsError: the folder that was named is not there.
    """
    named = environ.get(CONFIG_DIR_NAME) if config_dir is None else str(config_dir)
    if named is not None:
        if not named or not Path(named).is_dir():
            source = CONFIG_DIR_NAME if config_dir is None else "config_dir"
            raise SettingsError(f"{source} names {named!r}, which is not a folder; create it or name another")
        return Path(named)
    checkout = Path(__file__).parents[2]
    # An installed wheel sits in site-packages, where a folder `config` would be somebody else's.
    beside = [checkout / "config"] if (checkout / "pyproject.toml").is_file() else []
    return next((folder for folder in (Path("config"), *beside) if folder.is_dir()), None)


def _known_key(given: Given) -> str | None:
    """The dotted key that is meant; `None` for a section with nothing in it."""
    names = {key: key for key in SPECS} if _is_dotted(given) else _ENV_KEYS
    if given.name in names:
        return names[given.name]
    if given.name in SECTIONS and _is_dotted(given):
        if given.text is None and given.instead == "empty":
            return None
        example = next(key for key in SPECS if key.startswith(f"{given.name}."))
        raise SettingsError(
            f"{given.origin.place}: '{given.name}' is a section, not a setting; "
            f"write its keys indented beneath it, such as '{example}'"
        )
    raise SettingsError(f"{given.origin.place}: {given.name!r} is not a setting; {_advice(given, names)}")


def _is_dotted(given: Given) -> bool:
    return given.origin.layer.endswith((".yaml", "argument"))


def _advice(given: Given, names: Mapping[str, str]) -> str:
    if given.name == CONFIG_DIR_NAME:
        return "it says where this file is, so set it in the environment and remove the line"
    close = get_close_matches(given.name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else given.origin.remedy


def _checked(given: Given, spec: Spec) -> Any:
    if given.text is None or not given.text.strip():
        if spec.optional and (given.text is not None or given.instead == "empty"):
            return None
        raise _wrong(given, spec)
    try:
        value = getattr(spec.section.model_validate({spec.leaf: given.text}), spec.leaf)
    except ValidationError as error:
        raise _wrong(given, spec) from error
    return _absolute(value, given, spec) if isinstance(value, Path) else value


def _absolute(path: Path, given: Given, spec: Spec) -> Path:
    """`~` opened; a relative path in a file counts from the folder above config/, elsewhere from where we stand."""
    try:
        path = path.expanduser()
    except RuntimeError as error:  # ~somebody who is unknown here
        raise _wrong(given, spec) from error
    return path.absolute() if given.origin.file is None else given.origin.file.parent.parent / path


def _wrong(given: Given, spec: Spec) -> SettingsError:
    found = given.instead if given.text is None else _quoted(given.text)
    what = f"{given.name!r} " + ("" if spec.secret else f"is {found}, but ") + f"must be {spec.must_be}"
    return SettingsError(f"{given.origin.place}: {what}; {given.origin.remedy}")


def _quoted(text: str) -> str:
    if not text.strip():
        return "empty"
    text = _without_user(text)
    return repr(text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…")


def _shown(value: Any, spec: Spec) -> str | int | float | None:
    if isinstance(value, str) and spec.secret:
        return re.sub(r"://.*", "://***", value, flags=re.DOTALL) if "://" in value else "***"
    if isinstance(value, str):
        return _without_user(value)
    return str(value) if isinstance(value, Path) else value


def _without_user(text: str) -> str:
    """The text with the user name and password of an address hidden."""
    return re.sub(r"://[^/\s]*@", "://***@", text)


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        section, dot, leaf = key.rpartition(".")
        (tree.setdefault(section, {}) if dot else tree)[leaf] = value
    return tree
