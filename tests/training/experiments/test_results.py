import io
import json
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from training.experiments.results import OtherResults, Progress, ReportShare, Results, complete

PROTOCOL = {"steps": 1000, "batch": 256}


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "results.json"


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(), parse_constant=pytest.fail)
    return found


def test_figures_are_summed_up_over_the_seeds(path: Path) -> None:
    results = Results(path, PROTOCOL, [0, 1, 2])
    for seed, error in enumerate([0.1, 0.2, 0.6]):
        results.add("ours", seed, {"error": error, "seconds": 1})
    assert read(path) == {
        "protocol": PROTOCOL,
        "seeds": [0, 1, 2],
        "finished": {"ours": [0, 1, 2]},
        "overrides": {},
        "methods": {
            "ours": {
                "error": {
                    "mean": pytest.approx(0.3),
                    "std": pytest.approx(math.sqrt(0.07)),
                    "values": [0.1, 0.2, 0.6],
                },
                "seconds": {"mean": 1, "std": 0, "values": [1, 1, 1]},
            }
        },
    }


def test_values_follow_the_seeds_in_whichever_order_the_runs_end(path: Path) -> None:
    results = Results(path, PROTOCOL, [0, 1, 2])
    results.add("ours", 2, {"error": 0.5})
    assert read(path)["methods"]["ours"]["error"] == {"mean": 0.5, "std": None, "values": [None, None, 0.5]}
    results.add("ours", 0, {"error": 0.3})
    found = read(path)["methods"]["ours"]["error"]
    assert (found["values"], found["mean"]) == ([0.3, None, 0.5], pytest.approx(0.4))


def test_a_run_that_blew_up_is_finished_and_leaves_no_mean(path: Path) -> None:
    results = Results(path, PROTOCOL, [0, 1])
    results.add("ours", 0, {"error": 0.5, "worst": 1.0})
    results.add("ours", 1, {"error": math.nan, "worst": 3.0})
    ours = read(path)["methods"]["ours"]
    assert ours["error"] == {"mean": None, "std": None, "values": [0.5, None]}
    assert ours["worst"]["mean"] == 2
    assert results.missing(["ours"]) == Results(path, PROTOCOL, [0, 1]).missing(["ours"]) == []


def test_what_is_missing_comes_seed_after_seed(path: Path) -> None:
    Results(path, PROTOCOL, [0]).add("ours", 0, {"error": 1})
    results = Results(path, PROTOCOL, [0, 1])
    assert results.missing(["ours", "theirs"]) == [("theirs", 0), ("ours", 1), ("theirs", 1)]


def test_more_seeds_join_those_of_the_file(path: Path) -> None:
    Results(path, PROTOCOL, [3]).add("ours", 3, {"error": 3})
    Results(path, PROTOCOL, [1, 4]).add("theirs", 1, {"error": 1})
    found = read(path)
    assert (found["seeds"], found["finished"]) == ([1, 3, 4], {"ours": [3], "theirs": [1]})
    assert found["methods"]["ours"]["error"]["values"] == [None, 3, None]


@pytest.mark.parametrize(
    ("protocol", "difference"),
    [({"steps": 500, "batch": 256}, "steps 1000, not 500"), ("by hand", "not 'by hand'")],
    ids=["another value", "another kind"],
)
def test_results_of_another_protocol_are_refused_and_kept(path: Path, protocol: Any, difference: str) -> None:  # noqa: ANN401
    Results(path, PROTOCOL, [0]).add("ours", 0, {"error": 1})
    before = path.read_bytes()
    with pytest.raises(OtherResults, match=rf"results\.json was made .*{difference}.*give another --out"):
        Results(path, protocol, [0])
    assert path.read_bytes() == before


def test_what_runs_are_of_is_settled_before_the_first_has_finished(path: Path) -> None:
    Results(path, PROTOCOL, [0])
    assert read(path)["protocol"] == PROTOCOL
    with pytest.raises(OtherResults, match="steps 1000, not 500"):
        Results(path, {**PROTOCOL, "steps": 500}, [0])


def test_a_difference_deep_in_a_protocol_is_told_by_its_dotted_name(path: Path) -> None:
    Results(path, {"base": {"data": {"size": 64}, "steps": 3}}, [0])
    with pytest.raises(OtherResults, match=r"protocol \(base\.data\.size 64, not 32\):"):
        Results(path, {"base": {"data": {"size": 32}, "steps": 3}}, [0])


def test_a_method_whose_overrides_have_changed_gets_no_more_seeds(path: Path) -> None:
    Results(path, PROTOCOL, [0], {"ours": ["a=1"], "dropped": ["c=1"]}).add("ours", 0, {"error": 1})
    Results(path, PROTOCOL, [0], {"dropped": ["c=1"]}).add("dropped", 0, {"error": 1})
    more = Results(path, PROTOCOL, [0, 1], {"ours": ["a=1"], "theirs": ["b=1"]})
    more.add("theirs", 0, {"error": 2})
    before = read(path)
    assert before["overrides"] == {"ours": ["a=1"], "dropped": ["c=1"], "theirs": ["b=1"]}
    with pytest.raises(OtherResults, match=r"overrides\.ours \['a=1'\], not \['a=2'\]"):
        Results(path, PROTOCOL, [1], {"ours": ["a=2"], "theirs": ["b=1"]})
    assert read(path) == before


@pytest.mark.parametrize(
    "content", ["", "[]", '{"protocol": 1}', '{"protocol": 1, "seeds": [0], "finished": []}']
)
def test_a_file_of_something_else_is_refused_and_kept(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(OtherResults, match=r"results\.json holds no results"):
        Results(path, PROTOCOL, [0])
    assert path.read_text() == content


def add_many(path: Path, seeds: range) -> None:
    results = Results(path, PROTOCOL, seeds)
    for seed in seeds:
        results.add("ours", seed, {"error": seed})


def test_writers_that_share_a_file_lose_no_run(path: Path) -> None:
    with ThreadPoolExecutor(3) as writers:  # a lock of one opening of the file knows no other, threads or not
        list(writers.map(add_many, [path] * 3, [range(start, 60, 3) for start in range(3)]))
    assert read(path)["methods"]["ours"]["error"]["values"] == list(range(60))


class Interrupted(Exception):
    pass


class Counter:
    """A run that notes what it is asked for, and stops the experiment where told."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.asked: list[tuple[str, int]] = []
        self.stop_at = stop_at

    def __call__(self, method: str, seed: int, report: ReportShare) -> Mapping[str, float]:
        if len(self.asked) == self.stop_at:
            raise Interrupted
        self.asked.append((method, seed))
        report(0.5)
        return {"error": seed}


def test_an_interrupted_experiment_goes_on_where_it_was(path: Path) -> None:
    first, second = Counter(stop_at=3), Counter()
    with pytest.raises(Interrupted):
        complete(Results(path, PROTOCOL, [0, 1]), ["ours", "theirs"], first)
    assert read(path)["finished"] == {"ours": [0, 1], "theirs": [0]}
    complete(Results(path, PROTOCOL, [0, 1]), ["ours", "theirs"], second)
    assert (len(first.asked), second.asked) == (3, [("theirs", 1)])


def test_a_run_that_another_process_has_made_meanwhile_is_not_made_again(path: Path) -> None:
    asked: list[int] = []

    def run(method: str, seed: int, report: ReportShare) -> Mapping[str, float]:
        asked.append(seed)
        Results(path, PROTOCOL, [1]).add(method, 1, {"error": 1})
        return {"error": 0}

    complete(Results(path, PROTOCOL, [0, 1, 2]), ["ours"], run)
    assert asked == [0, 2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, runs: int) -> str:
    """Of runs of two reports, half a minute each."""
    now_s = iter(range(0, 10_000, 30))
    progress = Progress(runs, stream, lambda: next(now_s))
    for half in range(2 * runs + 1):
        progress.show(half / 2, "ours")
    progress.end()
    return stream.getvalue()


def test_time_left_is_told_on_a_line_each_half_minute() -> None:
    lines = shown(io.StringIO(), 3).splitlines()
    assert lines[:4] == [
        "run 1/3  ours",
        "run 1/3  ours  0:05:00 left",
        "run 2/3  ours  0:03:00 left",
        "run 2/3  ours  0:02:00 left",
    ]
    assert lines[-1] == "run 3/3  ours  0:00:00 left"


def test_a_terminal_has_one_line_that_renews_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    written = shown(Terminal(), 3)
    assert written.count("\n") == 1
    assert [len(line) < 20 for line in written.rstrip("\n").split("\r\x1b[K")[1:]] == [True] * 7


def test_where_nothing_is_missing_nothing_is_shown(path: Path) -> None:
    Results(path, PROTOCOL, [0]).add("ours", 0, {"error": 1})
    stream = Terminal()
    complete(Results(path, PROTOCOL, [0]), ["ours"], Counter(stop_at=0), stream)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["file", "terminal"])
def test_many_short_runs_do_not_flood_the_stream(stream: io.StringIO) -> None:
    progress = Progress(1000, stream, lambda: 1.0)
    for done in range(1001):
        progress.show(done, "ours")
    assert stream.getvalue().count("ours") == 2
