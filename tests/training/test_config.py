"""Recipes: what is shipped loads, what is said is what is built, what is wrong is named."""

from functools import reduce
from pathlib import Path

import pytest
import torch

from training.build import build_learner, build_objective
from training.config import BadRecipe, dump_recipe, load_recipe, shipped_recipes
from training.recipe import Recipe
from training.resumable_overrides import resumed_recipe
from translation.run_folder import RunFolder

SMALL = [f"model.{part}.width=4" for part in ("generator", "noise", "discriminator")]

each_shipped = pytest.mark.parametrize("name", sorted(shipped_recipes()))


def field(recipe: Recipe, name: str) -> object:
    return reduce(getattr, name.split("."), recipe)


def read_back(recipe: Recipe, folder: Path) -> Recipe:
    (folder / "recipe.toml").write_text(dump_recipe(recipe))
    return load_recipe(str(folder / "recipe.toml"))


def test_the_promised_recipes_are_shipped() -> None:
    assert {"quick", "horse2zebra", "cyclegan"} <= shipped_recipes().keys()


class TestEveryShippedRecipe:
    @each_shipped
    def test_is_read_back_from_the_run_as_it_was(self, name: str, tmp_path: Path) -> None:
        recipe = load_recipe(name)
        assert recipe.description
        assert read_back(recipe, tmp_path) == recipe

    @each_shipped
    def test_can_be_built(self, name: str) -> None:
        recipe = load_recipe(name, SMALL)
        build_objective(recipe.objective)
        build_learner(recipe, ("horse", "zebra"), torch.device("cpu"))


OVERRIDES = {
    "integer": ("training.steps=7", 7),
    "number of a whole": ("objective.weights.nell=3", 3.0),
    "list": ("optimisation.betas=[0.1, 0.2]", (0.1, 0.2)),
    "switch": ("model.generator.copy_gate=true", True),
    "plain word": ("data.crop=resized", "resized"),
    "quoted word": ('data.crop="resized"', "resized"),
    "either a word": ("objective.noise=model", "model"),
    "or a number": ("objective.noise=0.25", 0.25),
    "value with an equals sign": ("description=x = y", "x = y"),
    "course": ("objective.conditioning=[[0, 1], [0.5, 0.1]]", ((0.0, 1.0), (0.5, 0.1))),
    "names with commas": ("objective.augmentation=cutout, colour", ("cutout", "colour")),
    "list of names": ('objective.augmentation=["cutout"]', ("cutout",)),
    "section that the file has not": ("model.noise.width=3", 3),
}


@pytest.mark.parametrize(("override", "value"), OVERRIDES.values(), ids=OVERRIDES)
def test_an_override_sets_one_field(override: str, value: object, tmp_path: Path) -> None:
    name = override.split("=")[0]
    plain, changed = load_recipe("cyclegan"), load_recipe("cyclegan", [override])
    assert field(changed, name) == value != field(plain, name)
    assert read_back(changed, tmp_path) == changed


WRONG = {
    "unknown section": ("foo.bar=1", "foo: "),
    "unknown field": ("data.sise=64", "data.sise: there is no such field; sjmvi train --schema"),
    "unknown weight": ("objective.weights.nel=1", "objective.weights.nel: there is no such field"),
    "no number": ("training.steps=many", "training.steps: .*many"),
    "out of range": ("training.steps=0", "training.steps: .*got 0"),
    "not finite": ("optimisation.maps_rate=inf", "optimisation.maps_rate: "),
    "weight not finite": ("objective.weights.nell=nan", "objective.weights.nell: "),
    "weight negative": ("objective.weights.nell=-1", "objective.weights: nell is -1"),
    "noise negative": ("objective.noise=-0.1", "objective.noise"),
    "noise neither": ("objective.noise=loud", "objective.noise"),
    "what Adam refuses": ("optimisation.betas=[0.5, 1.0]", "optimisation.betas.1: "),
    "no such preset": ("objective.preset=magic", "objective.preset: not one of paper-gan.*magic"),
    "no such row": ("objective.divergence=tv", "objective.divergence: not one of kl"),
    "no such loss": ("objective.generator_loss=tv", "objective.generator_loss: not one of"),
    "no such augmentation": (
        "objective.augmentation=colour,blur",
        "objective.augmentation: not one of colour",
    ),
    "course that steps back": ("objective.code_course=[[0.5, 1], [0.5, 2]]", "objective.code_course: .*grow"),
    "course beyond the end": ("objective.likelihood_course=[[2, 1]]", "objective.likelihood_course"),
    "course to no scale": ("objective.scale_course=[[0, 0]]", "objective.scale_course: .*more than 0"),
    "conditioning beyond 1": (
        "objective.conditioning=[[0, 2]]",
        r"objective.conditioning.0.1: .*less than or equal to 1 \(got 2\)",
    ),
    "reach beyond 1": ("objective.reach=1.5", "objective.reach"),
    "no such crop": ("data.crop=oval", "data.crop: not one of random"),
    "no such network": ("model.generator.name=unet", "model.generator: .*'unet'"),
    "views beyond the picture": ("data.load_size=63", "data: load_size 63 .* 64"),
    "codes looked at by nothing": ("objective.code_augmentation=colour", "objective: code_augmentation .*0"),
    "share of no augmentation": ("objective.augmentation_probability=0.5", "objective: .*there is none"),
    "patch beyond the picture": ("model.discriminator.downsamplings=5", "data.size is 64, .*downsamplings"),
    "section for a field": ("training=3", "training: "),
    "field for a section": ("training.steps.x=3", "steps is a field"),
    "no value": ("data.size", "'data.size' is not of the form"),
    "no field": ("=3", "'=3' is not of the form"),
}


@pytest.mark.parametrize(("override", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(override: str, message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        load_recipe("quick", [override])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("objective.weights.code_recovery=1", "model.generator.code_size=0"), "code_recovery needs codes"),
        (("objective.code_course=[[0, 1]]", "model.generator.code_size=0"), "code_course needs codes"),
        (("objective.scale_course=[[0, 1]]", "model.generator.scale=learned"), "of fixed scales"),
    ],
)
def test_what_the_model_has_not_is_not_asked_of_it(overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        load_recipe("quick", overrides)


@pytest.mark.parametrize("side", [64, 128, 256])
def test_pictures_are_an_eighth_larger_than_the_views_cut_from_them(side: int) -> None:
    assert load_recipe("quick", [f"data.size={side}"]).data.short_side == side * 9 // 8


def test_the_special_case_clips_no_gradient() -> None:
    assert load_recipe("cyclegan").optimisation.clip_norm == 0 < load_recipe("quick").optimisation.clip_norm


def test_a_run_that_goes_on_changes_its_means_alone(tmp_path: Path) -> None:
    recipe = load_recipe("quick", ["evaluation.features=n.onnx"])
    (tmp_path / "recipe.toml").write_text(dump_recipe(recipe))
    means = ["training.micro_batch=1", "data.cache_bytes=0", "evaluation.features=/elsewhere/n.onnx"]
    changed = resumed_recipe(RunFolder(tmp_path), means)
    assert (changed.training.micro_batch, changed.evaluation.features) == (1, "/elsewhere/n.onnx")
    with pytest.raises(BadRecipe, match="'training.batch_size=1': a run that goes on can change"):
        resumed_recipe(RunFolder(tmp_path), [*means, "training.batch_size=1"])
    (tmp_path / "recipe.toml").write_text(dump_recipe(load_recipe("quick")))
    with pytest.raises(BadRecipe, match="selects by no network"):
        resumed_recipe(RunFolder(tmp_path), means)


def test_an_unknown_recipe_is_told_which_there_are() -> None:
    with pytest.raises(BadRecipe, match="no recipe named 'slow'.*horse2zebra, .*quick"):
        load_recipe("slow")


@pytest.mark.parametrize("content", [b"[data\n", b"\xff\xfe[data]"], ids=["broken", "not UTF-8"])
def test_a_file_that_is_not_toml_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(BadRecipe, match="mine.toml is not TOML"):
        load_recipe(str(tmp_path / "mine.toml"))


def test_a_bundle_to_start_from_is_found_from_any_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("quick", ["training.start_from=old/bundle"])
    assert recipe.training.start_from == tmp_path / "old" / "bundle"
    assert read_back(recipe, tmp_path) == recipe
