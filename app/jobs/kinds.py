"""The kinds of jobs: which commands do one, how far it is, and what is made of it in the end. One row each.

A command takes up its work where it was stopped, if it is given again as it was, or is done within minutes.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.datasets.schemas import DatasetDetails, inputs, side
from app.jobs.folder import JobFolder
from app.jobs.progress import Progress, TrainingProgress, TranslationProgress
from app.keys import Scope
from app.problem import SOME_FAILED

Params = dict[str, Any]
Watch = Callable[[], Progress | None]
PICTURE = "translation"


@dataclass(frozen=True)
class Work:
    """A job as its commands are made from it. The pictures are its dataset's, None of a job without one."""

    params: Params
    folder: JobFolder
    device: str
    features: str | None  # as in `sjmvi evaluate --features`
    dataset: DatasetDetails | None = None
    pictures: Path | None = None
    since: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Stage:
    """A command of `sjmvi`, as arguments, and the exit codes with which it has done what it should."""

    name: str
    arguments: Callable[[Work], Sequence[str]]
    watch: Callable[[Work], Watch] = lambda work: lambda: None
    good: tuple[int, ...] = (0,)
    begins_anew: bool = False  # in an empty out/, if it was stopped
    is_whole: bool = False  # once begun it comes to its end, though the job be paused or cancelled meanwhile


@dataclass(frozen=True)
class Kind:
    """`summarise` gets what the last stage said on its stdout, and leaves the result's file."""

    scope: Scope
    stages: tuple[Stage, ...]
    summarise: Callable[[Work, str], Params]


def _train(work: Work) -> list[str]:
    run = work.folder.path
    params, pictures = work.params, _pair(work)
    if work.folder.run.origin.exists():
        return ["train", *_without_names(pictures), "--resume", str(run), "--device", work.device]
    options = ["--recipe", params["recipe"], "--out", str(run), "--device", work.device]
    options += [*_values(params), *_features(work)]
    if params["domains"]:
        pictures = [*_without_names(pictures), "--domains", params["domains"]]
    return ["train", *pictures, *options]


def _values(params: Params) -> list[str]:
    """Minutes go before steps."""
    minutes, values = params.get("minutes"), dict(params["set"])
    if minutes is not None:
        values.pop("training.steps", None)
    options = [] if minutes is None else ["--minutes", str(minutes)]
    for name, value in values.items():
        options += ["--set", f"{name}={json.dumps(value)}"]  # which TOML reads as well
    return options


def _features(work: Work) -> list[str]:
    return [] if work.features is None else ["--features", work.features]


def _without_names(arguments: Sequence[str]) -> Sequence[str]:
    return arguments[: arguments.index("--domains")] if "--domains" in arguments else arguments


def _pair(work: Work) -> Sequence[str]:
    assert work.dataset
    assert work.pictures
    return inputs(work.pictures, work.dataset.kind, work.dataset.domains)


def _publish(work: Work) -> list[str]:
    activate = ["--activate"] if work.params["activate"] else []
    return ["weights", "add", str(work.folder.path), "--name", work.params["model"], *activate, "--json"]


def _bundle(work: Work, answer: str) -> Params:
    work.folder.pack(work.folder.run.bundle)
    said = json.loads(answer)
    return {"model": said["name"], **{name: said[name] for name in ("version", "digest", "is_active")}}


def _model(params: Params) -> str:
    """As commands take it: NAME@VERSION, so that one that goes on has the weights that it began with."""
    return f"{params['model']}@{params['version']}" if params.get("version") else str(params["model"])


def _translate(work: Work) -> list[str]:
    params = work.params
    picture, out = work.folder.picture(), work.folder.out
    source, target = (picture, out / f"{PICTURE}.{params['format']}") if picture else (_single(work), out)
    names = ("to", "samples", "seed", "temperature", "size", "frame", "refuse_at")
    options = {name.replace("_", "-"): params.get(name) for name in names}
    options["format"] = None if picture else params.get("format")  # the picture's name says it
    given = [
        part for name, value in options.items() if value is not None for part in (f"--{name}", str(value))
    ]
    plain = ["--no-metadata"] if params.get("embed_metadata") is False else []
    places = ["translate", _model(params), str(source), str(target)]
    repeated = ["--overwrite"]  # what an earlier attempt has left
    return [*places, *given, *plain, *repeated, "--device", work.device, "--json"]


def _single(work: Work) -> Path | None:
    """The folder to translate; of a pair, that of the domain which the order has settled."""
    if "domain" not in work.params:
        return work.pictures
    assert work.dataset
    assert work.pictures
    return side(work.pictures, work.dataset.domains, work.params["domain"])


def _translations(work: Work, answer: str) -> Params:
    work.folder.pack(work.folder.out)
    said = json.loads(answer)
    if work.folder.picture():
        return {"translated": 1, "failed": 0, "seed": said["seed"], "digest": said["digest"]}
    return {
        "translated": said["translated"] + said["skipped"],
        "failed": said["failed"],
        "seed": said["seed"],
    }


def _training_watch(work: Work) -> Watch:
    return TrainingProgress(work.folder.run, work.since)


def _translation_watch(work: Work) -> Watch:
    folder = _single(work)
    if work.dataset and work.dataset.kind == "pair" and folder:
        return TranslationProgress(work.folder.out, sum(path.is_file() for path in folder.rglob("*")))
    return TranslationProgress(work.folder.out, work.dataset.pictures if work.dataset else 1)


def _evaluate(work: Work) -> list[str]:
    params = work.params
    assert work.pictures
    root = (work.pictures / "testA").is_dir()
    pictures = [str(work.pictures)] if root else list(_pair(work))
    options = {name: params[name] for name in ("seeds", "samples", "inputs", "size")}
    given = [
        part for name, value in options.items() if value is not None for part in (f"--{name}", str(value))
    ]
    classes = ",".join(f"{domain}={index}" for domain, index in params["classes"].items())
    given += ["--classes", classes] if classes else []
    places = ["--out", str(work.folder.out), "--device", work.device]
    return ["evaluate", _model(params), *pictures, *given, *_features(work), *places, "--json"]


def _export(work: Work) -> list[str]:
    params = work.params
    return ["export", _model(params), str(work.folder.out), "--format", params["format"], "--json"]


def _reported(work: Work, answer: str) -> Params:
    """By the command itself, in JSON."""
    work.folder.pack(work.folder.out)
    report: Params = json.loads(answer)
    return report


KINDS: dict[str, Kind] = {
    "train": Kind(
        Scope.TRAIN,
        (Stage("train", _train, _training_watch), Stage("publish", _publish, is_whole=True)),
        _bundle,
    ),
    "translate": Kind(
        Scope.TRANSLATE,
        (Stage("translate", _translate, _translation_watch, good=(0, SOME_FAILED)),),
        _translations,
    ),
    "evaluate": Kind(Scope.TRAIN, (Stage("evaluate", _evaluate),), _reported),
    "export": Kind(Scope.TRAIN, (Stage("export", _export, begins_anew=True),), _reported),
}
