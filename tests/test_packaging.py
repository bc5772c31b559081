"""What `make serve` installs is what was tested."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.configuration import variable
from app.settings import Settings

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DEPENDENCIES = [
    Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
]
CONSTRAINTS = {
    canonicalize_name(constraint.name): constraint.specifier
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
    for constraint in [Requirement(line)]
}


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda dependency: dependency.name)
def test_every_dependency_is_pinned_to_a_version_that_the_project_allows(dependency: Requirement) -> None:
    (pin,) = CONSTRAINTS[canonicalize_name(dependency.name)]
    assert pin.operator == "=="
    assert dependency.specifier.contains(pin.version)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_the_tests_run_with_the_constrained_versions(name: str) -> None:
    assert CONSTRAINTS[name].contains(version(name).split("+")[0])


def test_what_the_compose_file_sets_are_settings() -> None:
    named = set(re.findall(r"SJMVI_[A-Z_]+", (ROOT / "compose.yaml").read_text()))
    assert named
    assert named <= {*map(variable, Settings.model_fields)}
