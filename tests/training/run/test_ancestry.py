"""A run that begins with other weights holds out nothing that they are known to have learned from."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from training.domains import DomainFolders
from training.origin import Origin
from training.run import resume, train
from translation.card import read_card
from translation.run_folder import RunFolder

Pair = tuple[Path, Path]
BRIEF = "training.steps=1"


@pytest.fixture
def pictures(pair: Pair, tmp_path: Path) -> Pair:
    """Copies, to be changed."""
    first, second = (Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in pair)
    return first, second


@pytest.fixture
def ancestor(pictures: Pair, tiny: str, tmp_path: Path) -> Path:
    """A run that held out 3 of 12 and 2 of 9."""
    return train(*pictures, tiny, None, [BRIEF, "data.validation_share=0.25"], tmp_path / "ancestor", "cpu")


@pytest.fixture
def heir(pictures: Pair, tiny: str, tmp_path: Path) -> Callable[..., Path]:
    """Makes a run that begins with another, and holds out half of its pictures if it may."""

    def begin(start: Path, name: str) -> Path:
        overrides = [BRIEF, "data.validation_share=0.5", f"training.start_from={start / 'bundle'}"]
        return train(*pictures, tiny, None, overrides, tmp_path / name, "cpu")

    return begin


def folders_of(run: Path, share: float) -> DomainFolders:
    return Origin.read(RunFolder(run)).find(share)


def digests(folders: DomainFolders, split: str) -> set[str]:
    return {folders.digests[file] for files in getattr(folders, split) for file in files}


def test_a_larger_share_holds_out_no_more_than_was_held_out_before(
    ancestor: Path, heir: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    before = folders_of(ancestor, 0.25)
    second = heir(ancestor, "second")
    assert (
        "3 pictures that the weights to start from have not learned from are held out, not 6" in caplog.text
    )
    for run in (second, heir(second, "third")):
        assert digests(folders_of(run, 0.5), "validation") == digests(before, "validation")
    assert "does not say" not in caplog.text


def test_new_pictures_are_held_out_and_learned_ones_are_not(
    ancestor: Path, heir: Callable[..., Path], pictures: Pair
) -> None:
    before = folders_of(ancestor, 0.25)
    for level in range(12):
        Image.new("RGB", (24, 20), (level, 0, 0)).save(pictures[0] / f"new-{level}.png")
    after = folders_of(heir(ancestor, "heir"), 0.5)
    assert len(after.validation[0]) == 12
    assert not digests(after, "validation") & digests(before, "train")


def test_a_run_goes_on_when_the_bundle_it_started_from_is_gone(
    ancestor: Path, heir: Callable[..., Path]
) -> None:
    run = heir(ancestor, "heir")
    shutil.rmtree(ancestor)
    assert resume(run, "cpu") == run


def test_where_a_card_knows_whole_folders_alone_they_are_looked_for(
    ancestor: Path, heir: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    before = folders_of(ancestor, 0.25)
    forget(ancestor)
    after = folders_of(heir(ancestor, "heir"), 0.5)
    assert digests(after, "validation") == digests(before, "validation")
    assert "does not say" not in caplog.text


def test_what_cannot_be_known_is_told_in_the_log_and_the_card(
    ancestor: Path, heir: Callable[..., Path], pictures: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    forget(ancestor)
    (pictures[0] / "0.png").unlink()
    run = heir(ancestor, "heir")
    told = [record.getMessage() for record in caplog.records if "does not say" in record.getMessage()]
    (line,) = told
    assert line.startswith(f"{ancestor / 'bundle'} does not say all that it has learned from")
    assert str(pictures[0]) in line
    learned = read_card(run / "bundle")[0].learned
    assert [learned[domain].lineage_is_known for domain in ("plain", "striped")] == [False, True]


def test_where_nothing_is_left_one_picture_is_held_out_to_be_looked_at(
    ancestor: Path, heir: Callable[..., Path], pictures: Pair
) -> None:
    before = folders_of(ancestor, 0.25)
    for file in before.validation[1]:
        file.unlink()
    after = folders_of(heir(ancestor, "heir"), 0.5)
    assert [len(files) for files in after.validation] == [3, 1]


def forget(run: Path) -> None:
    """As a card was that does not have it."""
    card = json.loads((run / "bundle" / "card.json").read_bytes())
    del card["learned"]
    (run / "bundle" / "card.json").write_text(json.dumps(card))
