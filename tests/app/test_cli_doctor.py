"""What `sjmvi doctor` finds, and that its exit code says it."""

import json
import shutil
import socket
import warnings
from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from app.cli import execute
from app.database.connection import Database
from app.database.migration import upgrade
from app.keys import KeyRing, Scope

Findings = dict[str, tuple[str, str]]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tiny_bundle.parent))
    monkeypatch.setenv("SJMVI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SJMVI_PORT", "0")


def examine(code: int, capsys: pytest.CaptureFixture[str]) -> Findings:
    assert execute(["doctor", "--json"]) == code
    report = json.loads(capsys.readouterr().out)
    assert report["healthy"] is (code == 0)
    return {row["part"]: (row["level"], row["text"]) for row in report["findings"]}


def test_a_machine_that_is_fit(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = examine(0, capsys)
    assert {level for level, _ in found.values()} == {"ok"}
    assert found["weights"][1] == "tiny"
    assert "torchvision" in found["torch"][1]
    assert "none yet" in found["database"][1]
    assert not (tmp_path / "data").exists()
    with closing(Database(f"sqlite:///{tmp_path / 'data/sjmvi.db'}")) as database:
        upgrade(database)
    assert examine(0, capsys)["database"][1].startswith("schema ")
    assert execute(["doctor"]) == 0
    assert "limits" in capsys.readouterr().out


def test_what_is_ill_is_told_beside_what_is_well(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SJMVI_DEVICE", "tpu")
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("SJMVI_DATABASE_URL", "mysql://db/sjmvi")
    monkeypatch.setenv("SJMVI_HOST", "0.0.0.0")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 9))
    found = examine(5, capsys)
    levels = {part: level for part, (level, _) in found.items()}
    ill = dict.fromkeys(["device", "weights", "database", "keys"], "error")
    assert levels == {
        **dict.fromkeys(["torch", "port", "limits", "features"], "ok"),
        **ill,
        "disk": "warning",
    }
    assert "sjmvi keys create" in found["keys"][1]


def test_what_is_half_well_is_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_bundle: Path
) -> None:
    shutil.copytree(tiny_bundle, tmp_path / "weights/whole")
    (tmp_path / "weights/broken").mkdir()
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tmp_path / "weights"))
    KeyRing(tmp_path / "data/keys.json").create("phone", frozenset({Scope.TRANSLATE}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("SJMVI_PORT", str(taken.getsockname()[1]))
        found = examine(0, capsys)
    assert found["port"][0] == found["weights"][0] == "warning"
    assert found["keys"] == ("ok", "1 in force of 1")
    KeyRing(tmp_path / "data/keys.json").revoke("phone")
    assert examine(0, capsys)["keys"][0] == "warning"
    (tmp_path / "data/keys.json").write_text("broken")
    assert examine(5, capsys)["keys"][0] == "error"


def test_the_network_that_jobs_measure_by_is_loaded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Means(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images.mean((2, 3))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.trace(Means(), torch.zeros(1, 3, 8, 8)).save(str(tmp_path / "means.pt"))
    monkeypatch.setenv("SJMVI_EVALUATION_FEATURES", str(tmp_path / "means.pt"))
    assert examine(0, capsys)["features"] == ("ok", f"means, {tmp_path / 'means.pt'}")
    (tmp_path / "means.pt").write_bytes(b"no network")
    level, text = examine(5, capsys)["features"]
    assert level == "error"
    assert "is no TorchScript" in text
    assert "SJMVI_EVALUATION_FEATURES" in text
