"""What may import what, and how long a thing may be.

app -> translation <- training -> training/objective -> torch
"""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "translation", "training")
MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 30

OURS = {  # the folder's files may import these of our packages
    "app": ("app", "translation"),
    "translation": ("translation",),
    "training": ("training", "translation"),
    "training/objective": ("training.objective",),
}
OTHERS = {  # and, of all other libraries, where there is a row, these
    "translation": ("torch", "torchvision", "PIL", "numpy", "safetensors", "pydantic"),
    "training/objective": ("torch",),
}
LAZILY = {"translation/export/": ("onnx", "onnxruntime")}  # and these, where they are needed


@dataclass(frozen=True)
class Import:
    file: str
    module: str
    is_lazy: bool

    def is_of(self, packages: tuple[str, ...]) -> bool:
        return any(self.module == package or self.module.startswith(f"{package}.") for package in packages)


def sources(folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text()


def imports(folder: str) -> Iterator[Import]:
    """Every import in a folder; a lazy one is made when a function runs."""
    for file, source in sources(folder):
        tree = ast.parse(source)
        functions = (
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        lazy = {id(node) for function in functions for node in ast.walk(function)}
        for node in ast.walk(tree):
            for module in imported(node):
                yield Import(file, module, id(node) in lazy)


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom):  # `from training import objective` imports training.objective
        return [f"{'.' * node.level}{node.module or ''}.{name.name}" for name in node.names]
    return []


@pytest.mark.parametrize("folder", OURS)
def test_our_packages_import_each_other_along_the_arrows(folder: str) -> None:
    def is_allowed(each: Import) -> bool:
        is_command = each.file.startswith("app/cli") and each.is_lazy  # a command, once it is the one given
        return each.is_of(OURS[folder]) or (is_command and each.is_of(("training",)))

    assert [each for each in imports(folder) if each.is_of(PACKAGES) and not is_allowed(each)] == []


@pytest.mark.parametrize("folder", OTHERS)
def test_the_model_and_the_objective_need_few_libraries(folder: str) -> None:
    def is_known(each: Import) -> bool:
        lazily = (name for path, names in LAZILY.items() if each.file.startswith(path) for name in names)
        return each.is_of((*PACKAGES, *sys.stdlib_module_names, *OTHERS[folder])) or (
            each.is_lazy and each.is_of(tuple(lazily))
        )

    assert [each for each in imports(folder) if not is_known(each)] == []


def test_every_library_that_is_imported_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    distributions = packages_distributions()
    known = (*PACKAGES, *sys.stdlib_module_names)
    for each in (each for folder in PACKAGES for each in imports(folder) if not each.is_of(known)):
        names = distributions.get(each.module.split(".")[0], [])
        assert declared & set(map(canonicalize_name, names)), each


def test_only_the_augmentation_imports_albumentations() -> None:
    users = {each.file for folder in PACKAGES for each in imports(folder) if each.is_of(("albumentations",))}
    assert users == {"training/augmentation.py"}


@pytest.mark.parametrize("folder", [*PACKAGES, "tests"])
def test_a_file_is_one_subject_and_a_function_one_thing(folder: str) -> None:
    for file, source in sources(folder):
        assert len(source.splitlines()) <= MAX_FILE_LINES, file
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body_lines = (node.end_lineno or 0) - node.body[0].lineno + 1
                assert body_lines <= MAX_FUNCTION_LINES, f"{file}: {node.name}"


@pytest.mark.parametrize(
    ("module", "heavy"),
    [("app.cli", "torch"), ("app.main", "training"), ("app.main", "albumentations")],
    ids=lambda name: name,
)
def test_what_is_heavy_is_imported_only_where_it_works(module: str, heavy: str) -> None:
    code = f"import sys, {module}; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
