"""The experiments' commands, on measurements of a moment."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from app.cli import execute
from app.cli_output import print_table
from training.experiments import divergences
from training.experiments.results import ReportShare

COMMAND = ["experiment", "divergences", "--seeds", "2"]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    brief = partial(divergences.Protocol, nats=(0.5, 2.0), steps=5, batch_size=16, measured=100)
    monkeypatch.setattr(divergences, "Protocol", brief)


def results() -> str:
    return Path("runs/divergences/results.json").read_text()


def test_every_method_has_a_row_and_the_figures_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(COMMAND) == 0
    output = capsys.readouterr()
    *rows, path = output.out.splitlines()
    assert rows[0].split() == ["learned", "by", "0.5", "nats", "2", "nats"]
    assert [row.split()[0] for row in rows[1:]] == list(divergences.METHODS)
    assert all(row.count("±") == 2 for row in rows[1:])
    assert path == "runs/divergences/results.json"
    assert "left" in output.err
    assert json.loads(results())["seeds"] == [0, 1]


def test_an_interrupted_one_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, measure = [], divergences.measure

    def interrupted(
        protocol: divergences.Protocol, method: str, seed: int, report: ReportShare
    ) -> Mapping[str, float]:
        asked.append((method, seed))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return measure(protocol, method, seed, report)

    monkeypatch.setattr(divergences, "measure", interrupted)
    assert execute(COMMAND) == 130
    assert "the same command goes on from here" in capsys.readouterr().err
    assert execute(COMMAND) == 0
    assert len(asked) == 2 * len(divergences.METHODS) + 1


def test_results_of_another_protocol_are_an_input_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(COMMAND) == 0
    before = results()
    monkeypatch.setattr(divergences, "Protocol", partial(divergences.Protocol, steps=6))
    assert execute(COMMAND) == 3
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith("error: other-results: runs/divergences/results.json was made under another")
    assert "steps 5, not 6" in line
    assert results() == before


def test_a_class_of_no_domain_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "experiment",
        "ablations",
        "--data",
        ".",
        "--domains",
        "horse,zebra",
        "--features",
        "none.onnx",
    ]
    assert execute([*command, "--classes", "horse=339,cow=345"]) == 2
    assert "cow is none of horse, zebra" in capsys.readouterr().err


def test_a_table_is_whole_in_a_narrow_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_table(["row", *(f"column {index}" for index in range(6))], [["base", *6 * ["446.1 ± 0.0"]]])
    head, row = capsys.readouterr().out.splitlines()
    assert "column 5" in head
    assert row.count("446.1 ± 0.0") == 6
