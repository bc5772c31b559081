"""A network that whoever starts a training has at hand, whatever its recipe says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from training.config import load_recipe, measured_by
from training.evaluation.validation import PREFIX, SCORE

Train = Callable[..., Path]


@pytest.mark.parametrize(("share", "is_enough"), [(0.4, False), (0.8, True)])
def test_a_network_that_is_offered_is_taken_where_there_are_pictures_enough(
    share: float,
    is_enough: bool,
    train_tiny: Train,
    colours: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("training.config.ENOUGH", 7)
    overrides = [f"data.validation_share={share}"]
    run = train_tiny(overrides=overrides, out=tmp_path / "run", features=str(colours))
    assert ("4 pictures are held out, and" in caplog.text) is not is_enough
    log = (run / "metrics.jsonl").read_text()
    assert log.count(PREFIX) > 0
    assert (SCORE in log) is is_enough
    recipe = load_recipe(str(run / "recipe.toml"))
    assert recipe.evaluation.features == (str(colours) if is_enough else None)
    mine = tmp_path / "mine.pt"
    mine.write_bytes(colours.read_bytes())
    assert measured_by(recipe, str(mine), 1000).evaluation.features == str(colours if is_enough else mine)
