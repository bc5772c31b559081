"""A run goes on with the pictures and the start that it began with, or not at all."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import training.run
from training.dataset import BadDataset
from training.origin import NotARun, Origin
from training.run import resume, train
from translation.card import MissingBundle, read_card
from translation.run_folder import RunFolder

Change = Callable[[Path], object]
Train = Callable[..., Path]


@pytest.fixture
def pictures(pair: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Copies, to be changed."""
    return tuple(Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in pair)  # type: ignore[return-value]


@pytest.fixture
def run(straight: Path, pictures: tuple[Path, Path], tmp_path: Path) -> Path:
    """A run on them that has come to its end."""
    run = Path(shutil.copytree(straight, tmp_path / "run"))
    origin = Origin.read(RunFolder(run))
    origin.model_copy(update={"first": pictures[0], "second": pictures[1]}).write(RunFolder(run))
    return run


def repaint(folder: Path) -> None:
    for file in folder.iterdir():
        with Image.open(file) as picture:
            picture.transpose(Image.Transpose.ROTATE_180).save(file)


CHANGES: dict[str, tuple[Change, str]] = {
    "added": (
        lambda folder: Image.new("RGB", (24, 20)).save(folder / "new.png"),
        "8 pictures to train on and 1 held out then, 9 pictures",
    ),
    "removed": (
        lambda folder: [(folder / f"{index}.png").unlink() for index in range(3)],
        "8 pictures to train on and 1 held out then, 5 pictures to train on and 1 held out now",
    ),
    "other": (repaint, "8 pictures to train on and 1 held out as then, but not the same ones"),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
def test_pictures_that_have_changed_are_named_with_what_to_do(
    change: Change, said: str, run: Path, pictures: tuple[Path, Path]
) -> None:
    card = (run / "bundle" / "card.json").read_bytes()
    change(pictures[1])
    with pytest.raises(BadDataset) as refused:
        resume(run, device="cpu")
    assert str(refused.value).startswith(f"{pictures[1]} has changed since the run began: {said}")
    assert "Put back" in str(refused.value)
    assert (run / "bundle" / "card.json").read_bytes() == card


def test_pictures_that_lie_elsewhere_now_are_the_same(
    run: Path, pictures: tuple[Path, Path], tmp_path: Path
) -> None:
    moved = tuple(folder.rename(tmp_path / f"new-{folder.name}") for folder in pictures)
    with pytest.raises(BadDataset):
        resume(run, "cpu", folders=(moved[1], moved[0]))
    with pytest.raises(BadDataset, match="is not a folder"):
        resume(run, "cpu")
    assert resume(run, "cpu", folders=(moved[0], moved[1])) == run
    assert resume(run, "cpu") == run  # which knows of it from then on


def test_pictures_of_other_names_are_the_same_pictures(run: Path, pictures: tuple[Path, Path]) -> None:
    (pictures[0] / "0.png").rename(pictures[0] / "00.png")
    assert resume(run, device="cpu") == run


def test_a_run_from_before_the_pictures_were_kept_goes_on(run: Path, pictures: tuple[Path, Path]) -> None:
    fields = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({name: fields[name] for name in ("first", "second", "domains")}))
    (pictures[0] / "0.png").unlink()
    assert resume(run, device="cpu") == run


def test_folders_may_have_names_of_any_bytes(pair: tuple[Path, Path], tiny: str, tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"\xff\xfe")
    for folder in pair:
        shutil.copytree(folder, root / folder.name)
    run = train(root / "plain", root / "striped", tiny, overrides=["training.steps=1"], out=tmp_path / "run")
    assert Origin.read(RunFolder(run)).first == root / "plain"
    assert resume(run, device="cpu") == run


def test_a_card_names_the_bundles_that_the_weights_were_before_and_no_path(
    straight: Path, train_tiny: Train, tmp_path: Path
) -> None:
    for start, out in ((straight, "second"), (tmp_path / "second", "third")):
        overrides = [f"training.start_from={start / 'bundle'}", "training.steps=2"]
        train_tiny(overrides=overrides, out=tmp_path / out)
    (first, first_digest), (second, second_digest), (third, _) = (
        read_card(run / "bundle") for run in (straight, tmp_path / "second", tmp_path / "third")
    )
    assert [vars(ancestor) for ancestor in third.lineage] == [
        {"name": "straight", "digest": first_digest, "steps": first.steps},
        {"name": "second", "digest": second_digest, "steps": second.steps},
    ]
    assert first.lineage == ()
    for folder in (straight.parent, tmp_path):
        assert str(folder) not in (tmp_path / "third" / "bundle" / "card.json").read_text()


def test_a_start_that_has_changed_before_the_first_checkpoint_is_refused(
    straight: Path, train_tiny: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Path(shutil.copytree(straight / "bundle", tmp_path / "start"))
    monkeypatch.setattr(training.run, "_run", lambda run, *_: run.path)
    run = train_tiny(overrides=[f"training.start_from={start}"], out=tmp_path / "run")
    monkeypatch.undo()
    card = json.loads((start / "card.json").read_text())
    (start / "card.json").write_text(json.dumps(card | {"steps": 7}))
    with pytest.raises(NotARun, match=f"{start} has changed since the run began"):
        resume(run, device="cpu")


def test_a_start_that_is_no_bundle_is_refused_before_a_run_begins(train_tiny: Train, tmp_path: Path) -> None:
    with pytest.raises(MissingBundle):
        train_tiny(overrides=[f"training.start_from={tmp_path}"], out=tmp_path / "run")
    assert not list(tmp_path.iterdir())
