import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from training import run
from training.config import load_recipe
from training.experiments.ellipses.experiment import BASE, GRID, Setting, run_ellipses
from training.experiments.ellipses.measure import Measured
from training.experiments.ellipses.pictures import DOMAINS, SIDE, scenes, write_pair
from training.experiments.ellipses.rows import ROWS, TRAINED
from training.experiments.results import OtherResults
from translation.distributions import Normal

TINY = (
    *("data.workers=0", "model.generator.width=4", "model.generator.blocks=1", "model.noise.width=4"),
    *("model.discriminator.width=4", "model.discriminator.projection=4"),
    *("training.steps=2", "training.batch_size=2", "data.validation_share=0.3"),
)


@pytest.fixture(scope="module")
def measured() -> Measured:
    return Measured.scenes(size=32, count=6)


class Map:
    """Its mean is a function of source and code."""

    def __init__(self, mean: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.mean = mean

    def __call__(self, source: Tensor, code: Tensor) -> Normal:
        return Normal(self.mean(source, code), torch.tensor(0.1))

    def infer_code(self, target: Tensor, source: Tensor) -> Tensor:
        return target.mean((1, 2, 3))[:, None]


class Shown(nn.Module):
    """A model of one code whose maps, by target, are as given."""

    code_size = 1

    def __init__(self, **maps: Map) -> None:
        super().__init__()
        self.maps = maps

    def conditional(self, to: str) -> Map:
        return self.maps[to]


COPY = Map(lambda source, code: source)


def test_a_scene_is_the_same_in_both_domains_but_inside_its_ellipse() -> None:
    for _, (scene, random) in zip(range(5), scenes(0), strict=False):
        plain, striped = (np.asarray(picture(random), float) for picture in (scene.plain, scene.striped))
        inside = scene.inside()
        assert 0.05 < inside.mean() < 0.5
        differing = (plain != striped).any(2)
        assert differing[inside].all()
        assert differing.mean() < inside.mean() + 0.08  # the rim, where pixels show both


def test_pairs_are_written_once_and_share_no_scene(tmp_path: Path) -> None:
    first, second = write_pair(tmp_path, count=3, seed=0)
    assert [folder.name for folder in (first, second)] == list(DOMAINS)
    names = [{file.name for file in folder.iterdir()} for folder in (first, second)]
    assert [len(some) for some in names] == [3, 3]
    assert not names[0] & names[1]
    before = {file: file.stat().st_mtime_ns for file in first.iterdir()}
    assert write_pair(tmp_path, count=3, seed=0) == (first, second)
    assert {file: file.stat().st_mtime_ns for file in first.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["3-0"]  # nothing half made is left


def test_two_processes_may_write_the_same_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def overtaken(begun: Path, wanted: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        write_pair(tmp_path, count=3, seed=0)
        return rename(begun, wanted)

    monkeypatch.setattr(Path, "rename", overtaken)
    assert [len(list(folder.iterdir())) for folder in write_pair(tmp_path, count=3, seed=0)] == [3, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["3-0"]
    assert (tmp_path / "3-0").stat().st_mode == (tmp_path / "3-0" / DOMAINS[0]).stat().st_mode


def test_the_truth_has_stripes_of_every_kind_and_one_brown_in_many_shades(measured: Measured) -> None:
    truth = measured.truth()
    assert truth["stripes_plain"] == 0
    assert truth["stripes_striped"] > 0.5
    assert truth["diversity_striped"] > 90
    assert 4 < truth["diversity_plain"] < 15
    assert max(truth["background_plain"], truth["background_striped"]) < 0.1


def test_a_model_that_copies_changes_nothing_and_has_no_diversity(measured: Measured) -> None:
    found = measured(Shown(plain=COPY, striped=COPY), seed=0)
    assert found["stripes_striped"] == 0
    assert found["stripes_plain"] == pytest.approx(measured.truth()["stripes_striped"], abs=0.05)
    assert found["diversity_striped"] == found["diversity_plain"] == 0
    assert found["background_striped"] == found["cycle_plain"] == found["told_striped"] == 0


def test_a_code_that_shades_everything_is_diversity_inside_and_an_error_outside(measured: Measured) -> None:
    shaded = Map(lambda source, code: source + 0.1 * code[:, :, None, None])
    found = measured(Shown(plain=COPY, striped=shaded), seed=0)
    assert found["diversity_striped"] == pytest.approx(12.75, rel=0.35)
    assert found["background_striped"] == pytest.approx(12.75 * 0.8, rel=0.35)  # E|N(0, 1)|
    assert found["diversity_plain"] == found["background_plain"] == found["cycle_plain"] == 0


def test_what_a_code_can_tell_is_lost_in_the_cycle_and_not_when_it_is_told(measured: Measured) -> None:
    grey = Map(lambda source, code: torch.zeros_like(source))
    level = Map(lambda source, code: code[:, :, None, None].expand_as(source))
    found = measured(Shown(plain=level, striped=grey), seed=0)
    assert found["told_plain"] < found["cycle_plain"]


def test_rows_are_made_once_under_one_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting(8, TINY, "cpu")
    run_ellipses(setting, tmp_path, [0], ["truth", "base"])
    for name in ("train", "resume"):
        monkeypatch.delattr(run, name)
    table = run_ellipses(setting, tmp_path, [0], ["truth", "base"])
    assert list(table["methods"]) == ["truth", "base"]
    assert table["methods"]["truth"].keys() < table["methods"]["base"].keys()
    assert (tmp_path / "runs" / "base-0" / GRID).stat().st_size > 0
    with pytest.raises(OtherResults, match="pictures"):
        run_ellipses(Setting(9, TINY, "cpu"), tmp_path, [0], ["truth"])


def test_a_row_that_was_begun_otherwise_is_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Measured, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_ellipses(Setting(8, TINY, "cpu"), tmp_path, [0], ["base"])
    longer = Setting(8, (*TINY, "training.steps=3"), "cpu")
    with pytest.raises(OtherResults, match=r"results\.json .*base\.training\.steps 2, not 3"):
        run_ellipses(longer, tmp_path, [0], ["base"])
    (tmp_path / "results.json").unlink()
    with pytest.raises(OtherResults, match=r"base-0 holds .*training\.steps 2, not 3.*move it away"):
        run_ellipses(longer, tmp_path, [0], ["base"])
    assert json.loads((tmp_path / "results.json").read_bytes())["finished"] == {}


def interrupted(*arguments: object) -> dict[str, float]:
    raise KeyboardInterrupt


def test_every_row_is_a_recipe() -> None:
    assert set(ROWS) == {"truth", *TRAINED}
    recipes = [load_recipe(str(BASE), row) for row in TRAINED.values()]
    assert len({recipe.model_dump_json() for recipe in recipes}) == len(TRAINED)


def test_scenes_depend_on_the_seed_alone() -> None:
    (first, random), (again, same), (other, _) = (next(scenes(seed)) for seed in (1, 1, 2))
    assert first.centre == again.centre != other.centre
    assert first.striped(random).tobytes() == again.striped(same).tobytes()
    assert first.plain(random).size == (SIDE, SIDE)
