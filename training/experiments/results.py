"""What an experiment measured, run by run: a results.json that an interruption does not set back.

    {"protocol": ..., "seeds": [0, 1], "finished": {METHOD: [0, 1]}, "overrides": {METHOD: ["field=value"]},
     "methods": {METHOD: {METRIC: {"mean": ..., "std": ..., "values": [..., ...]}}}}

A run is one method under one seed; `overrides` are what a method departs in from the base of the protocol.
`values` follow `seeds`; null where the run is still to come, and where its figure is not finite. The mean is
over the finished runs, null where one of them is not finite: a run that blew up is no run to leave out. `std`
has n - 1 in its denominator, and is null for a single run.
"""

import json
import math
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

from translation import durable

Figures = Mapping[str, float | None]  # by metric; None is not finite
ReportShare = Callable[[float], None]  # of the run that is done, in [0, 1]
Run = Callable[[str, int, ReportShare], Mapping[str, float]]  # of a method and a seed


class OtherResults(ValueError):
    """A file to which these runs cannot be added: of another protocol, or no results at all."""


class Results:
    """The file, and what is in it. Processes that run different seeds may complete the same one."""

    def __init__(
        self,
        path: Path,
        protocol: str | Mapping[str, Any],
        seeds: Sequence[int],
        overrides: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """Takes up what the file holds, and asks for `seeds` besides. `overrides` are by method, where
        there are some. Raises OtherResults."""
        self.path = path
        self.protocol = json.loads(json.dumps(protocol))  # as it will be read back
        self.seeds = tuple(seeds)
        self.overrides = {method: list(some) for method, some in overrides.items()}
        self._runs: dict[str, dict[int, Figures]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():  # before the first run: whether the folder takes a file, and what runs it is of
            self._read()
            if not path.exists():
                self._write()

    def missing(self, methods: Iterable[str]) -> list[tuple[str, int]]:
        """The runs still to make, seed after seed: all methods can be compared as early as possible."""
        self._read()
        methods = tuple(methods)
        return [(name, seed) for seed in self.seeds for name in methods if seed not in self._finished(name)]

    def add(self, method: str, seed: int, metrics: Mapping[str, float]) -> None:
        """A finished run, on the disk by the time it returns. It replaces an earlier one."""
        figures = {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
        with self._locked():
            self._read()
            self._runs.setdefault(method, {})[seed] = figures
            self._write()

    def table(self) -> dict[str, Any]:
        """What the file holds; see the head of the module."""
        seeds = sorted({*self.seeds, *(seed for runs in self._runs.values() for seed in runs)})
        return {
            "protocol": self.protocol,
            "seeds": seeds,
            "finished": {method: sorted(runs) for method, runs in self._runs.items()},
            "overrides": {name: self.overrides[name] for name in self._runs if name in self.overrides},
            "methods": {method: _summary(runs, seeds) for method, runs in self._runs.items()},
        }

    def _finished(self, method: str) -> Mapping[int, Figures]:
        return self._runs.get(method, {})

    def _read(self) -> None:
        if not self.path.exists():
            return
        try:
            stored = json.loads(self.path.read_bytes())
            protocol, runs, overrides = stored["protocol"], _runs(stored), {**stored.get("overrides", {})}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise OtherResults(
                f"{self.path} holds no results: move it away, or give another --out"
            ) from error
        ours = {name: self.overrides[name] for name in runs if name in self.overrides}
        differing = [
            *difference(protocol, self.protocol),
            *difference({name: overrides.get(name) for name in ours}, ours, "overrides"),
        ]
        if differing:
            raise OtherResults(
                f"{self.path} was made under another protocol ({'; '.join(differing)}): "
                "move it away, or give another --out"
            )
        self._runs, self.overrides = runs, overrides | self.overrides

    def _write(self) -> None:
        durable.write(self.path, (json.dumps(self.table(), indent=2, allow_nan=False) + "\n").encode())

    def _locked(self) -> AbstractContextManager[None]:
        """One writer at a time."""
        return durable.locked(self.path.with_name(f".{self.path.name}.lock"))


def _summary(runs: Mapping[int, Figures], seeds: Sequence[int]) -> dict[str, dict[str, Any]]:
    metrics = dict.fromkeys(name for figures in runs.values() for name in figures)  # a set in their order
    return {
        name: _statistics([figures.get(name) for figures in runs.values()])
        | {"values": [runs.get(seed, {}).get(name) for seed in seeds]}
        for name in metrics
    }


def _statistics(values: Sequence[float | None]) -> dict[str, float | None]:
    finite = [value for value in values if value is not None]
    if len(finite) < len(values):
        return {"mean": None, "std": None}
    return {"mean": statistics.fmean(finite), "std": statistics.stdev(finite) if len(finite) > 1 else None}


def _runs(results: Mapping[str, Any]) -> dict[str, dict[int, Figures]]:
    """The runs behind a table."""
    place = {seed: index for index, seed in enumerate(results["seeds"])}
    return {
        method: {
            seed: {name: metric["values"][place[seed]] for name, metric in results["methods"][method].items()}
            for seed in seeds
        }
        for method, seeds in results["finished"].items()
    }


def difference(theirs: object, ours: object, name: str = "") -> list[str]:
    """Of two protocols, each value that differs, by its dotted name."""
    if theirs == ours:
        return []
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return [f"{name} {theirs!r}, not {ours!r}".strip()]
    names = {**theirs, **ours}
    below = ((each, f"{name}.{each}".removeprefix(".")) for each in names)
    return [told for each, dotted in below for told in difference(theirs.get(each), ours.get(each), dotted)]


class Progress:
    """How far, at what, how long still: one line that renews on a terminal, else a line each half minute."""

    RENEW_S = {True: 0.2, False: 30.0}  # is it a terminal?

    def __init__(
        self, runs: int, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.runs = runs
        self.stream = stream or sys.stderr
        self.clock = clock
        self.terminal = self.stream.isatty()
        self._started_s = clock()
        self._renewed_s = -math.inf

    def show(self, done: float, doing: str) -> None:
        """`done` is in runs; a share of one counts as such."""
        now = self.clock()
        if now - self._renewed_s < self.RENEW_S[self.terminal] and done < self.runs:
            return
        self._renewed_s = now
        line = "  ".join([f"run {min(int(done) + 1, self.runs)}/{self.runs}", doing, *self._left(now, done)])
        if self.terminal:
            self.stream.write(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}")
        else:
            self.stream.write(f"{line}\n")
        self.stream.flush()

    def end(self) -> None:
        if self.terminal and math.isfinite(self._renewed_s):
            self.stream.write("\n")

    def _left(self, now: float, done: float) -> list[str]:
        if not done:
            return []
        return [f"{timedelta(seconds=round((now - self._started_s) * (self.runs - done) / done))} left"]


def complete(results: Results, methods: Sequence[str], run: Run, stream: TextIO | None = None) -> None:
    """Make every run that is missing, each written as soon as it is done; progress goes to stderr."""
    runs = results.missing(methods)
    progress = Progress(len(runs), stream)
    try:
        for done, (method, seed) in enumerate(runs):
            if (method, seed) not in results.missing([method]):  # another process has made it meanwhile
                continue

            def report(share: float, done: int = done, doing: str = f"{method}, seed {seed}") -> None:
                progress.show(done + share, doing)

            report(0)
            results.add(method, seed, run(method, seed, report))
            report(1)
    finally:
        progress.end()


def summary(table: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Mean and standard deviation as text, by metric and method; "-" where a method lacks a metric."""
    methods = table["methods"]
    metrics = dict.fromkeys(metric for figures in methods.values() for metric in figures)
    return {
        metric: {method: cell(figures.get(metric), ".4g", ".2g") for method, figures in methods.items()}
        for metric in metrics
    }


def cell(metric: Mapping[str, float | None] | None, mean_format: str, deviation_format: str) -> str:
    """One metric of one method, as a table tells it."""
    if metric is None:
        return "-"
    mean, deviation = metric["mean"], metric["std"]
    if mean is None:
        return "not finite"
    return f"{mean:{mean_format}}" + ("" if deviation is None else f" ± {deviation:{deviation_format}}")
