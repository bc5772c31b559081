from collections.abc import Callable
from pathlib import Path

import pytest

from training.config import load_recipe
from training.dataset import BadDataset
from training.experiments.results import OtherResults
from training.experiments.trained import protocol_of, trained
from translation.card import read_card

DOMAINS = ("plain", "striped")
TINY = Path(__file__).parents[1] / "tiny.toml"
Data = tuple[Path, Path]


@pytest.fixture
def data(fill: Callable[..., Path]) -> Data:
    return fill("plain", 8), fill("striped", 8, seed=1)


def make(folder: Path, data: Data, *overrides: str, domains: tuple[str, str] = DOMAINS) -> Path:
    return trained(folder, data, TINY, domains, ["training.steps=1", *overrides], "cpu")


def test_the_same_training_is_taken_up_by_other_means_and_where_its_pictures_are_now(
    tmp_path: Path, data: Data
) -> None:
    bundle = make(tmp_path / "run", data)
    weights = read_card(bundle)[0].files
    moved = data[0].rename(tmp_path / "elsewhere")
    again = make(tmp_path / "run", (moved, data[1]), "data.workers=1", "training.micro_batch=1")
    assert read_card(again)[0].files == weights
    kept = load_recipe(str(tmp_path / "run" / "recipe.toml"))
    assert (kept.data.workers, kept.training.micro_batch) == (1, 1)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("training.steps=2", r"training\.steps 1, not 2"),
        ("data.load_size=20", r"data\.load_size 18, not 20"),
        ("evaluation.features=inception", r"evaluation\.features None, not 'inception'"),
    ],
)
def test_a_run_of_another_recipe_is_no_part_of_this_experiment(
    tmp_path: Path, data: Data, override: str, told: str
) -> None:
    make(tmp_path / "run", data)
    before = (tmp_path / "run" / "recipe.toml").read_bytes()
    with pytest.raises(OtherResults, match=rf"run holds a run of other settings \({told}\): move it away"):
        make(tmp_path / "run", data, override)
    assert (tmp_path / "run" / "recipe.toml").read_bytes() == before


def test_nor_is_one_of_other_domains_or_pictures(
    tmp_path: Path, data: Data, fill: Callable[..., Path]
) -> None:
    make(tmp_path / "run", data)
    with pytest.raises(OtherResults, match=r"domains \['plain', 'striped'\], not \['horse', 'zebra'\]"):
        make(tmp_path / "run", data, domains=("horse", "zebra"))
    with pytest.raises(BadDataset, match="has changed"):
        make(tmp_path / "run", (fill("others", 8, seed=2), data[1]))


def test_a_protocol_has_what_a_result_depends_on() -> None:
    first, other = (
        protocol_of(load_recipe(str(TINY), ["training.steps=3", f"data.workers={workers}"]))
        for workers in (0, 1)
    )
    assert first == other
    assert first["training"]["steps"] == 3
