"""Whole runs, from two folders to a bundle: what they leave, what they start from, what they refuse."""

import shutil
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch
from PIL import Image

import training.run
from training.build import build_learner
from training.checkpoint import CheckpointFolder, RunInUse, RunLock
from training.config import BadRecipe, load_recipe
from training.dataset import BadDataset, Batch
from training.evaluation.folders import find_test_folders
from training.origin import NotARun
from training.run import resume, train
from training.trainer import Diverged
from translation.card import read_card
from translation.sampler import Sampler
from translation.weights import load_bundle

Train = Callable[..., Path]


class TestStraightRun:
    def test_is_a_folder_of_these_things(self, straight: Path) -> None:
        files = ".lock recipe.toml run.json data.json data.html metrics.jsonl"
        names = f"{files} checkpoints tensorboard samples bundle"
        assert {path.name for path in straight.iterdir()} == set(names.split())
        assert list(straight.rglob("card.json")) == [straight / "bundle" / "card.json"]
        assert sorted(path.name for path in (straight / "samples").iterdir()) == ["000003.png", "000006.png"]

    def test_ends_in_a_bundle_that_translates_both_ways(
        self, straight: Path, pair: tuple[Path, Path]
    ) -> None:
        bundle = load_bundle(straight / "bundle")
        sampler = Sampler(bundle.model, bundle.card.training_size)
        codes = torch.randn(2, bundle.model.code_size)
        for folder, to in zip(pair, ("striped", "plain"), strict=True):
            with Image.open(folder / "0.png") as picture:
                assert [sample.size for sample in sampler(picture, to, codes)] == 2 * [picture.size]

    def test_ends_in_the_averaged_maps(self, straight: Path) -> None:
        found = CheckpointFolder(straight / "checkpoints").load_latest()
        assert found is not None
        average = found[1]["learner"]["average"]
        for name, weight in load_bundle(straight / "bundle").model.state_dict().items():
            assert torch.equal(weight, average[f"module.{name}"].half().float())

    def test_tells_in_its_card_what_it_was(self, straight: Path) -> None:
        card, _ = read_card(straight / "bundle")
        assert (card.domains, card.training_size, card.steps) == (("plain", "striped"), 16, 6)
        assert card.recipe["training"]["steps"] == 6
        assert card.objective["preset"] == "paper-gan"
        assert card.objective["implied_scale"] is None  # what it is of is learned
        assert card.data["plain"]["train"]["pictures"] == 11
        assert card.data["unreadable"] == 0


def from_then_on_nan(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The first three, then no more than noise of the worst kind."""
    yield from islice(batches, 3)
    yield from (Batch(batch.x * torch.nan, batch.z) for batch in batches)


def test_a_diverged_run_keeps_what_it_had_learned(
    train_tiny: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = training.run.loader
    monkeypatch.setattr(training.run, "loader", lambda *arguments: from_then_on_nan(loader(*arguments)))
    with pytest.raises(Diverged, match="up to step 13"):
        train_tiny(overrides=["training.steps=50"], out=tmp_path)
    found = CheckpointFolder(tmp_path / "checkpoints").load_latest()
    assert found is not None
    average = found[1]["learner"]["average"]
    assert all(weight.isfinite().all() for weight in average.values())
    assert average["n_averaged"] == 3
    assert load_bundle(tmp_path / "bundle").card.domains == ("plain", "striped")


class TestStartingFromABundle:
    def test_goes_on_from_its_weights(self, straight: Path, train_tiny: Train, tmp_path: Path) -> None:
        overrides = [f"training.start_from={straight / 'bundle'}", "optimisation.maps_rate=1e-9"]
        train_tiny(overrides=[*overrides, "training.steps=2"], out=tmp_path)
        started, ended = load_bundle(straight / "bundle"), load_bundle(tmp_path / "bundle")
        maps = ended.model.state_dict(), started.model.state_dict()
        ratios = ended.ratios.state_dict(), started.ratios.state_dict()
        torch.testing.assert_close(*maps, rtol=1e-3, atol=1e-6)
        torch.testing.assert_close(*ratios, rtol=0, atol=0.01)
        with pytest.raises(AssertionError):  # but they learn at their own rate
            torch.testing.assert_close(*ratios, rtol=1e-3, atol=1e-6)

    def test_has_the_recipes_scale_wherever_a_course_left_the_others(
        self, train_tiny: Train, tiny: str, tmp_path: Path
    ) -> None:
        fixed, course = "model.generator.scale=fixed", "objective.scale_course=[[0.0, 0.1], [1.0, 0.02]]"
        run = train_tiny(overrides=[fixed, course, "training.steps=2"], out=tmp_path)
        recipe, domains = load_recipe(tiny, [fixed]), ("plain", "striped")
        learner = build_learner(recipe, domains, torch.device("cpu"), run / "bundle")
        x = torch.zeros(1, 3, 16, 16)
        scales = [float(learner.model.conditional(to)(x).scale) for to in domains]
        assert scales == pytest.approx([0.1, 0.1])

    def test_takes_new_ratios_where_they_are_of_another_size(self, straight: Path, tiny: str) -> None:
        recipe, bundle = load_recipe(tiny, ["model.discriminator.width=5"]), straight / "bundle"
        learner = build_learner(recipe, ("plain", "striped"), torch.device("cpu"), bundle)
        assert learner.networks.latent.judged.first.out_channels == 5
        torch.testing.assert_close(learner.model.state_dict(), load_bundle(bundle).model.state_dict())

    def test_takes_new_ratios_where_the_others_are_no_log_ratios(self, straight: Path, tiny: str) -> None:
        least_squares = ["objective.divergence=least-squares", "objective.generator_loss=least-squares"]
        for said, is_kept in (([], True), (least_squares, False)):
            recipe, bundle = load_recipe(tiny, said), load_bundle(straight / "bundle")
            learner = build_learner(recipe, ("plain", "striped"), torch.device("cpu"), straight / "bundle")
            same = zip(learner.networks.parameters(), bundle.ratios.parameters(), strict=True)
            assert all(torch.equal(*pair) for pair in same) == is_kept

    @pytest.mark.parametrize(
        ("override", "is_swapped", "message"),
        [
            ("model.generator.blocks=2", False, "model.generator.blocks is"),
            ("model.noise.width=5", False, "model.noise.width is"),
            ("model.noise.width=4", True, "the other way round"),
        ],
    )
    def test_that_does_not_fit_is_refused(
        self, override: str, is_swapped: bool, message: str, straight: Path, tiny: str
    ) -> None:
        domains = ("striped", "plain") if is_swapped else ("plain", "striped")
        with pytest.raises(BadRecipe, match=f"training.start_from: .* {message}"):
            build_learner(load_recipe(tiny, [override]), domains, torch.device("cpu"), straight / "bundle")


class TestRefusals:
    def test_of_a_folder_with_a_run_in_it(self, straight: Path, train_tiny: Train) -> None:
        before = (straight / "recipe.toml").read_bytes()
        with pytest.raises(NotARun, match=f"holds a run already: continue it with --resume {straight}"):
            train_tiny(overrides=["training.steps=1"], out=straight)
        assert (straight / "recipe.toml").read_bytes() == before

    @pytest.mark.parametrize("out", ["file", "file/run"])
    def test_of_a_file_in_the_way(self, out: str, train_tiny: Train, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(NotARun, match="is no folder"):
            train_tiny(out=tmp_path / out)

    def test_of_a_second_trainer(self, train_tiny: Train, tmp_path: Path) -> None:
        with RunLock(tmp_path), pytest.raises(RunInUse):
            train_tiny(out=tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]

    @pytest.mark.parametrize(
        "content", [None, "", "[]", '{"first": "a"}'], ids=["no file", "empty", "list", "less"]
    )
    def test_of_resuming_what_is_no_run(self, content: str | None, tmp_path: Path) -> None:
        if content is not None:
            (tmp_path / "run.json").write_text(content)
        with pytest.raises(NotARun, match=f"{tmp_path} is not a run"):
            resume(tmp_path)

    @pytest.mark.parametrize(
        ("overrides", "error"), [(["data.size=20"], BadRecipe), (["data.size=16"], BadDataset)]
    )
    def test_leave_nothing_behind(
        self,
        overrides: list[str],
        error: type[ValueError],
        tmp_path: Path,
        pair: tuple[Path, Path],
        tiny: str,
    ) -> None:
        with pytest.raises(error):
            train(pair[0], tmp_path / "nowhere", tiny, overrides=overrides, out=tmp_path / "run")
        assert not list(tmp_path.iterdir())


def test_without_a_name_a_run_is_named_after_its_domains_and_the_time(
    train_tiny: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = train_tiny(domains=("horse", "zebra"), overrides=["training.steps=1"])
    assert run.parent == Path("runs")
    assert run.name.startswith("horse-zebra-2")
    card, _ = read_card(run / "bundle")
    assert card.domains == ("horse", "zebra")


VALUES = 3 * 16**2
IMPLIED = {
    "objective.scale_course=[[0.0, 0.1], [1.0, 0.02]]": (VALUES * 0.02, VALUES * 0.02),
    "objective.likelihood_course=[[0.0, 1.0], [0.5, 0.1]]": (VALUES * 0.1 / 0.1, VALUES * 0.02 / 0.1),
    "objective.code_course=[[0.0, 1.0], [0.5, 50.0]]": (VALUES * 0.1, VALUES),
    "objective.weights.nell=0": (None, None),  # a likelihood that counts for nothing
    "objective.reduction=sum": (0.1, 0.02),
    "model.generator.code_size=0": (VALUES * 0.1, None),
}


@pytest.mark.parametrize(("override", "implied"), IMPLIED.items(), ids=IMPLIED)
def test_what_the_card_says_of_scale_and_code_is_that_of_the_end(
    override: str, implied: tuple[float | None, float | None], train_tiny: Train, tmp_path: Path
) -> None:
    plain = ["model.generator.scale=fixed", "training.steps=1", "objective.weights.ratio=4"]
    run = train_tiny(overrides=[*plain, override], out=tmp_path)
    card, _ = read_card(run / "bundle")
    assert (card.objective["implied_scale"], card.objective["implied_code_weight"]) == pytest.approx(implied)
    assert card.objective["ratio_weight"] == 4


def test_an_evaluation_is_told_of_pictures_that_were_learned_from(
    straight: Path, pair: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    card, _ = read_card(straight / "bundle")
    found = find_test_folders(*pair, None, card, None)
    assert found.shared == (11, 8)  # of 12 and 9, one of either was held out
    assert found.as_json()["test_pictures_in_train"] == [11, 8]
    assert "19 of 21 test pictures are training pictures as well" in caplog.text
    others = Path(shutil.copytree(pair[1], tmp_path / "others"))
    next(others.iterdir()).unlink()
    assert find_test_folders(pair[0], others, None, card, None).shared == (11, 0)
    assert find_test_folders(others, others, None, card, None).as_json()["test_pictures_in_train"] is None


def test_small_sets_get_no_more_grids_than_that(
    pair: tuple[Path, Path], tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.run.MOST_GRIDS", 3)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(Path(tiny).read_text().replace("grid_every = 3\n", ""))
    run = train(*pair, str(recipe), device="cpu", out=tmp_path / "run", overrides=["training.steps=18"])
    assert [grid.stem for grid in sorted((run / "samples").iterdir())] == ["000006", "000012", "000018"]
