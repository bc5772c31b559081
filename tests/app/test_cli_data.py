"""`sjmvi data inspect` and `sjmvi train --schema`, as a service runs them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.cli import execute

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """horse/ and zebra/ in the working directory, three different pictures each."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0)
    for name in ("horse", "zebra"):
        Path(name).mkdir()
        for index in range(3):
            pixels = noise.integers(0, 256, (80, 90, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(f"{name}/{index}.png")


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """(exit code, stdout, stderr) of a command."""

    def ask(*arguments: str) -> tuple[int, str, str]:
        code = execute(arguments)
        output = capsys.readouterr()
        return code, output.out, output.err

    return ask


@pytest.mark.usefixtures("pair")
def test_warnings_leave_the_exit_code_at_0_and_json_is_one_object(ask: Ask) -> None:
    Path("zebra/text.txt").write_text("no picture")
    code, out, _ = ask("data", "inspect", "horse", "zebra", "--json", "--html", "sheet.html")
    report = json.loads(out)
    assert (code, report["schema"], report["usable"], report["training_size"]) == (0, 1, True, 64)
    assert {each["level"] for each in report["findings"]} == {"warning"}
    assert {"kind", "level", "message", "advice"} == report["findings"][0].keys()
    assert [each["pictures"] for each in report["folders"]] == [3, 3]
    assert "data:image/jpeg" in Path("sheet.html").read_text()


@pytest.mark.usefixtures("pair")
def test_pictures_are_held_against_the_recipes_size(ask: Ask) -> None:
    def small(*arguments: str) -> list[int]:
        report = json.loads(ask("data", "inspect", "horse", "zebra", "--json", *arguments)[1])
        return [each["small"]["count"] for each in report["folders"]]

    assert (small(), small("--recipe", "horse2zebra")) == ([0, 0], [3, 3])
    assert small("--set", "data.size=96", "--set", "data.load_size=96") == [3, 3]


@pytest.mark.usefixtures("pair")
def test_what_cannot_be_trained_on_is_reported_whole_and_exits_with_3(ask: Ask) -> None:
    for file in Path("zebra").iterdir():
        file.write_bytes(b"")
    code, out, err = ask("data", "inspect", "horse", "zebra", "--json")
    assert code == 3
    assert json.loads(out)["usable"] is False
    assert json.loads(out)["folders"][1]["unreadable"]["count"] == 3
    assert err.splitlines()[-1].startswith("error: bad-dataset: zebra holds 0 different pictures")


@pytest.mark.usefixtures("pair")
def test_to_a_reader_it_says_what_it_found_and_what_to_do(ask: Ask) -> None:
    Path("horse/bad[0].png").write_bytes(b"")
    code, out, _ = ask("data", "inspect", "horse", "zebra")
    assert code == 3  # one of four is more than training puts up with
    for words in ("unreadable  horse/bad[0].png: the file is empty", "80 to 80", "add more"):
        assert words in out


@pytest.mark.parametrize(
    ("command", "code", "slug"),
    [
        ("data inspect absent zebra", 3, "bad-dataset"),
        ("data inspect .", 3, "bad-dataset"),
        ("data inspect horse zebra --domains one", 2, "usage"),
        ("data inspect horse zebra --recipe absent", 2, "bad-recipe"),
    ],
)
@pytest.mark.usefixtures("pair")
def test_a_refusal_is_one_line_and_an_exit_code(command: str, code: int, slug: str, ask: Ask) -> None:
    found, out, err = ask(*command.split())
    (line,) = err.splitlines()
    assert (found, out) == (code, "")
    assert line.startswith(f"error: {slug}: ")


def test_the_schema_of_recipes_is_printed_and_nothing_else_is_asked(ask: Ask) -> None:
    code, out, _ = ask("train", "--schema")
    assert code == 0
    assert json.loads(out)["$defs"]["ObjectiveRecipe"]["properties"]["preset"]["enum"]


@pytest.mark.usefixtures("pair")
def test_a_single_folder_is_looked_at_without_a_pair(ask: Ask) -> None:
    Path("horse/bad.png").write_bytes(b"")
    code, out, _ = ask("data", "inspect", "horse", "--single", "--json", "--html", "sheet.html")
    report = json.loads(out)
    assert (code, report["usable"], report["colour_auc"]) == (0, True, None)
    assert [(each["folder"], each["split"], each["pictures"]) for each in report["folders"]] == [
        ("horse", "single", 3)
    ]
    assert {each["kind"] for each in report["findings"]} == {"unreadable"}
    assert "<h1>horse</h1>" in Path("sheet.html").read_text()
    assert ask("data", "inspect", "absent", "--single")[0] == 3
