"""A run that draws what both domains show as often from either: found before its first step, then kept."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from torch import Tensor

from training import draw_shares
from training.dataset import PairDraw, UnpairedFolders
from training.interruption import Interrupted
from training.run import resume, train

Train = Callable[..., Path]


@pytest.fixture(scope="module")
def skies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Discs and rings on specks; eight of twelve discs under a plain sky, two of twelve rings."""
    root, random = tmp_path_factory.mktemp("skies"), np.random.default_rng(0)
    for name, width, under in (("discs", 0, 8), ("rings", 3, 2)):
        (root / name).mkdir()
        for index in range(12):
            picture = Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8))
            draw = ImageDraw.Draw(picture)
            if index < under:
                draw.rectangle((0, 0, 64, 30), fill=(90, 150, 230))
            fill = None if width else (140, 80, 30)
            draw.ellipse((20, 36, 44, 60), fill, (140, 80, 30), width=width or 1)
            picture.save(root / name / f"{index:02}.png")
    return root / "discs", root / "rings"


@pytest.fixture(scope="module")
def train_balanced(skies: tuple[Path, Path], tiny: str) -> Train:
    def run(out: Path, *overrides: str) -> Path:
        return train(*skies, tiny, overrides=["data.balance=true", *overrides], out=out, device="cpu")

    return run


def test_the_shares_lie_in_the_run_which_says_what_they_do(
    train_balanced: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_balanced(tmp_path / "run", "training.steps=1")
    told = json.loads((run / "balance.json").read_bytes())
    assert [sum(told["shares"][domain].values()) for domain in ("discs", "rings")] == pytest.approx([1, 1])
    assert told["gap"][1] < told["gap"][0]
    before, after = told["gap"]
    assert f"differed by {before:.3f}, and differs by {after:.3f}" in capsys.readouterr().err


def test_they_are_drawn_by(train_balanced: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, see = set(), UnpairedFolders.__getitem__

    def seen(dataset: UnpairedFolders, draw: PairDraw) -> tuple[Tensor, Tensor]:
        drawn.add((draw.index_x, draw.index_z))
        return see(dataset, draw)

    alone = np.eye(11)[3], np.eye(11)[8]
    monkeypatch.setattr("training.run.find_shares", lambda *given: alone)
    monkeypatch.setattr(UnpairedFolders, "__getitem__", seen)
    train_balanced(tmp_path / "run")
    assert drawn == {(3, 8)}


def test_a_resumed_run_draws_by_the_shares_that_it_has(train_balanced: Train, tmp_path: Path) -> None:
    straight = train_balanced(tmp_path / "straight")
    begun = Path(shutil.copytree(straight, tmp_path / "begun"))
    shutil.rmtree(begun / "checkpoints")
    before = (begun / "balance.json").stat().st_mtime_ns
    assert (resume(begun, device="cpu") / "bundle").is_dir()
    assert (begun / "balance.json").stat().st_mtime_ns == before
    assert bundle_files(begun) == bundle_files(straight)


def bundle_files(run: Path) -> set[str]:
    """Their names, which hold their hashes."""
    return {file.name for file in (run / "bundle").iterdir()}


def test_a_signal_meanwhile_is_an_interruption_to_go_on_from(
    train_balanced: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(doing: str, done: int, total: int) -> None:
        if done == 3:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(draw_shares, "show_count", stop)
    with pytest.raises(Interrupted, match="--resume"):
        train_balanced(tmp_path / "run", "training.steps=1")
    assert not (tmp_path / "run" / "balance.json").exists()
    monkeypatch.undo()
    assert (resume(tmp_path / "run", device="cpu") / "bundle").is_dir()
    assert (tmp_path / "run" / "balance.json").exists()
