import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from training import run
from training.config import load_recipe
from training.experiments.digits import experiment
from training.experiments.digits import measure as measuring
from training.experiments.digits.classifier import LeNet, Trained, train_classifier
from training.experiments.digits.domains import DIRECTIONS, DigitDomain, LabelledDigits, load_domain
from training.experiments.digits.experiment import BASE, Setting, run_digits
from training.experiments.digits.measure import Measure
from training.experiments.digits.rows import GRID, TRANSLATORS
from training.experiments.digits.table import digits_table
from training.experiments.digits.yardstick import Yardstick
from training.experiments.results import OtherResults
from training.interruption import Interrupted
from translation.distributions import Normal
from translation.sampler import Sampler


@pytest.fixture
def setting(files: Mapping[str, Path], tiny: tuple[str, ...], brief: Yardstick) -> Setting:
    return Setting(files["mnist"], files["usps"], tiny, "cpu", brief)


@pytest.fixture
def domains(files: Mapping[str, Path]) -> Mapping[str, DigitDomain]:
    return {name: load_domain(name, file, 1000, 8) for name, file in files.items()}


class Shown(nn.Module):
    """A model of one direction, as far as a measure asks."""

    def __init__(self, code_size: int, mean: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.code_size, self.mean = code_size, mean

    def conditional(self, to: str) -> "Shown":
        return self

    def forward(self, source: Tensor, code: Tensor) -> Normal:
        return Normal(self.mean(source, code), torch.tensor(0.1))


def measure(brief: Yardstick, model: Shown, seed: int = 0) -> Measure:
    return Measure(Sampler(model, 32), brief, seed)  # type: ignore[arg-type]


def test_a_translation_has_its_digits_label_and_a_code_of_its_own(
    domains: Mapping[str, DigitDomain], brief: Yardstick
) -> None:
    digits = domains["mnist"].train[:5]
    copied = measure(brief, Shown(2, lambda source, code: source)).translated(digits, "usps", 12)
    assert torch.equal(copied.pixels, torch.cat([digits.pixels, digits.pixels, digits.pixels[:2]]))
    assert torch.equal(copied.labels, torch.cat([digits.labels, digits.labels, digits.labels[:2]]))
    shaded = Shown(1, lambda source, code: torch.tanh(code)[:, :, None, None].expand_as(source))
    first, again, other = (measure(brief, shaded, seed).translated(digits, "usps", 12) for seed in (0, 0, 1))
    assert torch.equal(first.pixels, again.pixels)
    assert not torch.equal(first.pixels, other.pixels)
    assert len(first.pixels[:, 0, 0].unique()) > 6


def test_what_keeps_the_digit_scores_more_than_what_swaps_it(
    domains: Mapping[str, DigitDomain], brief: Yardstick
) -> None:
    longer, target, judge = replace(brief, classifier_steps=60), domains["usps"], LeNet().eval()
    upright = lambda source, code: source  # noqa: E731
    turned = lambda source, code: source.transpose(2, 3)  # noqa: E731
    kept, swapped = (
        measure(longer, Shown(0, mean)).learn(domains["mnist"], target, judge)[0]
        for mean in (upright, turned)
    )
    rights = [
        float((each.classifier(target.test.images()).argmax(1) == target.test.labels).float().mean())
        for each in (kept, swapped)
    ]
    assert kept.held_out == swapped.held_out == 1  # without labels of the target, nothing tells them apart
    assert rights == [1, 0]


def test_what_two_ways_name_alike_is_found_without_the_targets_labels(
    domains: Mapping[str, DigitDomain], brief: Yardstick
) -> None:
    longer, source, target = replace(brief, classifier_steps=60), domains["mnist"], domains["usps"]
    knows = train_classifier(source.train, source.validation, longer, 0).classifier
    digits = target.validation
    unlabelled = LabelledDigits(digits.pixels, torch.zeros_like(digits.labels))
    kept, swapped = (
        measure(longer, Shown(0, mean)).named_alike(knows, knows, "mnist", unlabelled)
        for mean in (lambda source, code: source, lambda source, code: source.transpose(2, 3))
    )
    assert torch.equal(kept.pixels, digits.pixels)
    assert torch.equal(kept.labels, digits.labels)
    assert len(swapped) == 0


def test_what_both_ways_name_alike_is_learned_from(
    domains: Mapping[str, DigitDomain], brief: Yardstick, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer, source, target = replace(brief, classifier_steps=60), domains["mnist"], domains["usps"]
    knows = train_classifier(source.train, source.validation, longer, 0).classifier
    lessons = []

    def noted(digits: LabelledDigits, *rest: object) -> Trained:
        lessons.append(digits)
        return Trained(knows, 1.0)

    monkeypatch.setattr(measuring, "train_classifier", noted)
    measure(longer, Shown(0, lambda source, code: source)).learn(source, target, knows)
    pool, beside, plain = lessons
    assert torch.equal(beside.pixels, torch.cat([pool.pixels, target.train.pixels]))
    assert torch.equal(beside.labels, torch.cat([pool.labels, target.train.labels]))
    assert torch.equal(plain.pixels, pool.pixels)


def test_methods_are_made_once_and_have_a_line_in_both_tables(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ["source only", "target only", "default"]
    run_digits(setting, tmp_path, [0], made[:2])
    run_digits(setting, tmp_path, [0], made)
    for name in ("train", "resume"):
        monkeypatch.delattr(run, name)
    found = run_digits(setting, tmp_path, [0], made)
    for direction in DIRECTIONS:
        table = digits_table(found, *direction)
        assert list(table) == made
        assert all(0 <= float(table[method]["accuracy"]) <= 1 for method in made)
        assert float(table["default"]["diversity"]) > 0
        assert table["source only"]["diversity"] == table["target only"]["label"] == "-"
        assert "-" not in table["default"].values()
    with Image.open(tmp_path / "cycles.png") as cycles:
        assert cycles.size == (800, 350)
    assert found["methods"]["source only"]["accuracy_mnist_to_usps"]["values"] != [None]
    with Image.open(tmp_path / "runs" / "default-0" / "grid.png") as grid:
        assert grid.size == (10 * 34 + 2, 4 * 34 + 2)  # two kinds of digits each; source, 8 samples, back
    with pytest.raises(OtherResults, match="yardstick"):
        run_digits(replace(setting, yardstick=replace(setting.yardstick, pool=41)), tmp_path, [0], [])


def test_no_translator_sees_test_validation_or_a_label(
    setting: Setting, domains: Mapping[str, DigitDomain], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def seen(first: Path, second: Path, *rest: object) -> Path:
        given.extend([first, second])
        raise Interrupted(tmp_path, 2)

    monkeypatch.setattr(run, "train", seen)
    with pytest.raises(KeyboardInterrupt):
        run_digits(setting, tmp_path, [0], ["default"])
    assert [len(list(folder.iterdir())) for folder in given] == [len(each.train) for each in domains.values()]


def test_a_signal_ends_it_with_the_run_to_go_on_with(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_digits(setting, tmp_path, [0], ["source only"])

    def interrupted(*arguments: object) -> Mapping[str, float]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(experiment.Measure, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_digits(setting, tmp_path, [0], ["source only", "default"])
    finished = json.loads((tmp_path / "results.json").read_bytes())["finished"]
    assert finished == {"source only": [0]}
    monkeypatch.delattr(run, "train")
    assert run_digits(setting, tmp_path, [0], ["source only", "default"])["finished"]["default"] == [0]


def test_the_grid_crosses_conditioning_and_codes() -> None:
    crossed = set()
    for method in set(GRID) - {"cyclegan"}:
        recipe = load_recipe(str(BASE), GRID[method])
        crossed.add((recipe.objective.conditioning, bool(recipe.model.generator.code_size)))
    assert crossed == {(share, codes) for share in (0, 0.1, 1) for codes in (True, False)}


@pytest.mark.parametrize("method", TRANSLATORS)
def test_digits_are_neither_mirrored_nor_moved(method: str) -> None:
    data = load_recipe(str(BASE), TRANSLATORS[method]).data
    assert data.horizontal_flip == 0
    assert data.load_size == data.size == 32


def test_a_classifier_reads_grey() -> None:
    torch.manual_seed(0)
    images = torch.rand(2, 3, 32, 32)
    classifier = LeNet().eval()
    grey = images.mean(1, keepdim=True).expand_as(images)
    assert torch.allclose(classifier(images), classifier(grey), atol=1e-5)
