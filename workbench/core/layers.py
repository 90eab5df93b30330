"""Reads the layers of settings as text, and remembers where every piece of text stood.

    lowest   config/system.yaml          ─┐
             config/advanced_agent.yaml   │
             config/.env                  ├──►  Given(name, text, origin), lowest layer first
             config/gpu_config.env        │
             environment WORKBENCH_…      │
    highest  explicit arguments          ─┘

A scalar is taken as it is written, so YAML's own guesses (`no` is false, `010` is eight) never reach a setting: its
type decides later. This file does not know which settings exist nor what type they have; it refuses only what cannot
be read, and a name given twice in one file.

>>> [str(given.origin) for given in read_environment({"WORKBENCH_LOG_LEVEL": "DEBUG", "PATH": "/bin"})]
['environment WORKBENCH_LOG_LEVEL']
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import SettingsError

if TYPE_CHECKING:
    from dotenv.parser import Binding
    from yaml import MappingNode, Node

PREFIX = "WORKBENCH_"
CONFIG_DIR_NAME = "WORKBENCH_CONFIG_DIR"  # says where the files are, so it cannot stand in one of them
OLLAMA_NAME = "OLLAMA_HOST"  # Ollama's own variable; WORKBENCH_OLLAMA_HOST in the same layer goes before it


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from; `str(origin)` is short enough for a table."""

    layer: str  # default, system.yaml, advanced_agent.yaml, .env, gpu_config.env, environment, argument
    file: Path | None = None  # absolute
    line: int | None = None  # counted from 1
    name: str | None = None  # of the environment variable

    def __str__(self) -> str:
        if self.file is not None:
            return f"{shown(self.file)}:{self.line}"
        return f"{self.layer} {self.name}" if self.name else self.layer

    @property
    def place(self) -> str:
        """The same place as a sentence names it: `config/system.yaml line 7`."""
        return self.layer if self.file is None else f"{shown(self.file)} line {self.line}"

    @property
    def remedy(self) -> str:
        """How a person takes back what stands there."""
        if self.file is not None:
            return "correct the line or remove it"
        return "correct the variable or unset it" if self.name else "correct it or leave it out"


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Given:
    """One value as a person wrote it: its name there, its text, its origin."""

    name: str  # hardware.safe_gib in YAML and arguments, WORKBENCH_HARDWARE_SAFE_GIB elsewhere
    text: str | None
    origin: Origin
    instead: str = "empty"  # what stands there when there is no text: empty, a list, a section


def shown(file: Path) -> str:
    """The file as people speak of it: `config/system.yaml`."""
    return f"{file.parent.name}/{file.name}"


def read_layers(folder: Path | None, environ: Mapping[str, str], arguments: Mapping[str, Any]) -> Iterator[Given]:
    """Every value of every layer, lowest layer first, so that the last one of a name wins.

    Args:
        folder: where the four files may stand; a missing file is an empty layer, `None` means no files.
        environ: the environment variables.
        arguments: dotted keys to values; `None` means not given.
    Raises:
        SettingsError: a file cannot be read, or names something twice.
    """
    if folder is not None:
        for file_name, read in FILES.items():
            yield from read(folder.resolve() / file_name)
    yield from read_environment(environ)
    yield from read_arguments(arguments)


def read_yaml(file: Path) -> tuple[Given, ...]:
    """The values of a YAML file; sections are joined to dotted names."""
    import yaml

    root = _compose(_text_of(file), file)
    if root is None or _is_nothing(root):
        return ()
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError(f"{shown(file)} line 1: the file must hold settings as 'key: value'; rewrite it so")
    return tuple(_leaves(root, file, seen={}))


def read_env_file(file: Path) -> tuple[Given, ...]:
    """The values of a file of NAME=value lines; nothing in it is expanded."""
    from dotenv.parser import parse_stream

    seen: dict[str, int] = {}
    bindings = parse_stream(io.StringIO(_text_of(file)))
    return _prefer_own_name(
        tuple(_bound(binding, file, seen) for binding in bindings if binding.key is not None or binding.error)
    )


def read_environment(environ: Mapping[str, str]) -> tuple[Given, ...]:
    """The variables that begin with WORKBENCH_, and OLLAMA_HOST."""
    names = [name for name in environ if name.startswith(PREFIX) and name != CONFIG_DIR_NAME]
    if environ.get(OLLAMA_NAME, "").strip():  # Ollama takes an empty one as unset
        names.append(OLLAMA_NAME)
    return _prefer_own_name(tuple(Given(name, environ[name], Origin("environment", name=name)) for name in names))


def read_arguments(arguments: Mapping[str, Any]) -> tuple[Given, ...]:
    """The explicit arguments that are not `None`."""
    origin = Origin("argument")
    return tuple(
        Given(name, str(value), origin)
        if isinstance(value, str | int | float | Path)
        else Given(name, None, origin, instead=f"a {type(value).__name__}")
        for name, value in arguments.items()
        if value is not None
    )


FILES: Mapping[str, Callable[[Path], tuple[Given, ...]]] = {
    "system.yaml": read_yaml,
    "advanced_agent.yaml": read_yaml,
    ".env": read_env_file,
    "gpu_config.env": read_env_file,
}


def _text_of(file: Path) -> str:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SettingsError(f"{shown(file)} cannot be read ({error.strerror}); correct or remove the file") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{shown(file)} line {line}: this is not UTF-8 text; save the file as UTF-8") from error


def _compose(text: str, file: Path) -> Node | None:
    import yaml

    try:
        root: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    # `from None`: what the parser says quotes the line, which may hold a password.
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SettingsError(f"{shown(file)} line {line}: not valid YAML ({error.problem}); correct it") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsError(f"{shown(file)} line {line}: not valid YAML ({error.reason}); correct it") from None
    except RecursionError as error:
        raise SettingsError(f"{shown(file)} is nested too deeply; settings have one section and one key") from error
    return root


def _leaves(node: MappingNode, file: Path, *, seen: dict[str, int], section: str = "") -> Iterator[Given]:
    import yaml

    for key_node, value_node in node.value:
        line: int = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise SettingsError(f"{shown(file)} line {line}: a key must be plain text; correct the line or remove it")
        name = f"{section}{key_node.value}"
        _refuse_second(name, line, file, seen)
        # One level of sections only: this also ends an alias that holds itself.
        if isinstance(value_node, yaml.MappingNode) and value_node.value and not section:
            yield from _leaves(value_node, file, seen=seen, section=f"{name}.")
        else:
            yield _leaf(name, value_node, Origin(file.name, file, line))


def _leaf(name: str, node: Node, origin: Origin) -> Given:
    import yaml

    if _is_nothing(node) or (not node.value and not isinstance(node, yaml.ScalarNode)):
        return Given(name, None, origin)
    if isinstance(node, yaml.ScalarNode):
        return Given(name, node.value, origin)
    return Given(name, None, origin, instead="a list" if isinstance(node, yaml.SequenceNode) else "a section")


def _is_nothing(node: Node) -> bool:
    return str(node.tag) == "tag:yaml.org,2002:null"


def _bound(binding: Binding, file: Path, seen: dict[str, int]) -> Given:
    before = binding.original.string  # blank lines above belong to the binding; step over them
    line = binding.original.line + before[: len(before) - len(before.lstrip())].count("\n")
    if binding.error or binding.key is None or binding.value is None:
        # The line is not repeated: it may hold a password.
        raise SettingsError(f"{shown(file)} line {line}: this is not NAME=value; correct the line or remove it")
    _refuse_second(binding.key, line, file, seen)
    return Given(binding.key, binding.value, Origin(file.name, file, line))


def _refuse_second(name: str, line: int, file: Path, seen: dict[str, int]) -> None:
    if name in seen:
        raise SettingsError(
            f"{shown(file)} line {line}: {name!r} is given a second time, first on line {seen[name]}; keep one of them"
        )
    seen[name] = line


def _prefer_own_name(given: tuple[Given, ...]) -> tuple[Given, ...]:
    if any(item.name == PREFIX + OLLAMA_NAME for item in given):
        return tuple(item for item in given if item.name != OLLAMA_NAME)
    return given
