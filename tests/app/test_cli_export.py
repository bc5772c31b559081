import json
from pathlib import Path

import pytest

from app.cli import execute


def test_a_bundle_is_exported_and_the_difference_printed(
    one_way_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["export", str(one_way_bundle), str(tmp_path / "out"), "--format", "torch"]
    assert execute(command) == 0
    assert capsys.readouterr().out.startswith(
        f"horse to zebra  {tmp_path}/out/horse_to_zebra.pt2  differs by "
    )
    assert json.loads((tmp_path / "out/export.json").read_text())["directions"][0]["to"] == "zebra"
    assert execute([*command, "--json"]) == 3
    assert capsys.readouterr().err.startswith("error: invalid-input: ")
