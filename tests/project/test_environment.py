"""pyproject.toml, constraints.txt and environment.yml name the same packages in ranges that agree."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.project.papers import ROOT

# Conda's `ollama` is the server that the Python client, pip's `ollama`, speaks to; pyproject cannot name a server.
ONLY_CONDA = {"python", "pip", "ollama"}
PYTHONS = ("3.11", "3.12", "3.13")


def project() -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return data


def ranges(lines: list[str]) -> dict[str, SpecifierSet]:
    """Canonical names and ranges; a name given twice is a mistake."""
    found = [Requirement(line) for line in lines]
    names = [canonicalize_name(one.name) for one in found]
    assert len(names) == len(set(names)), f"given twice: {sorted(name for name in names if names.count(name) > 1)}"
    return {name: one.specifier for name, one in zip(names, found, strict=True)}


def wanted() -> dict[str, SpecifierSet]:
    """Everything that pyproject.toml asks for, extras included."""
    extras = project()["optional-dependencies"].values()
    return ranges([*project()["dependencies"], *(line for extra in extras for line in extra)])


def conda_and_pip() -> tuple[dict[str, SpecifierSet], dict[str, SpecifierSet]]:
    """The two sections of environment.yml."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    [pip] = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    conda = [entry for entry in entries if isinstance(entry, str)]
    return ranges(conda), ranges([line for line in pip if not line.startswith("-")])


def pins() -> dict[str, SpecifierSet]:
    lines = (line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines())
    return ranges([line for line in lines if line])


def test_environment_yml_names_the_packages_of_pyproject_and_no_others() -> None:
    conda, pip = conda_and_pip()
    assert (set(conda) - ONLY_CONDA) | set(pip) == set(wanted())


def test_no_package_comes_from_conda_and_pip_at_once() -> None:
    conda, pip = conda_and_pip()
    assert set(conda) & set(pip) == {"ollama"}, "only the server and its client share a name"


def test_environment_yml_gives_the_ranges_of_pyproject() -> None:
    conda, pip = conda_and_pip()
    given = {name: spec for name, spec in conda.items() if name not in ONLY_CONDA} | pip
    assert given == wanted()


def test_environment_yml_brings_the_server_and_this_project() -> None:
    data = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda, _ = conda_and_pip()
    [pip] = [entry["pip"] for entry in data["dependencies"] if isinstance(entry, dict)]
    assert "ollama" in conda
    assert "-e ." in pip
    assert data["channels"][0] == "conda-forge"


@pytest.mark.parametrize("python", PYTHONS)
def test_environment_and_package_agree_on_python(python: str) -> None:
    conda, _ = conda_and_pip()
    assert Version(python) in conda["python"]
    assert Version(python) in SpecifierSet(project()["requires-python"])


def test_every_constraint_is_an_exact_version() -> None:
    loose = [name for name, spec in pins().items() if [one.operator for one in spec] != ["=="]]
    assert loose == []


def test_every_package_of_pyproject_is_pinned_within_its_range() -> None:
    pinned = pins()
    assert set(wanted()) - set(pinned) == set(), "constraints.txt lacks these"
    for name, allowed in wanted().items():
        [pin] = pinned[name]
        assert allowed.contains(pin.version, prereleases=True), f"{name}: {pin} is outside {allowed}"
