"""What an error means outside: from the domain's exception to its problem."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from app import (
    auth,
    configuration,
    deadlines,
    engine,
    keys,
    middleware,
    negotiation,
    origins,
    rate_limit,
    results,
    server,
    uploads,
)
from app.archives import faults, places
from app.database import backup
from app.database import faults as database
from app.datasets import doctor, store
from app.datasets import faults as datasets
from app.datasets.schemas import DOMAINS
from app.jobs import command, desk
from app.jobs import faults as jobs
from app.jobs.kinds import KINDS
from app.problem import ENVIRONMENT, FAILED, INPUT, MODEL, USAGE, Problem, Table
from translation import (
    architecture,
    card,
    codec,
    device,
    export,
    folders,
    model,
    registry,
    translator,
    tree,
)
from translation.discriminators import efficientnet
from translation.names import NAME, OF

PARTS = ("query", "path", "header")  # of a request
DEEPEST = 4
OURS = "Value error, "  # before what a validator of ours says
PATTERNS = {
    f"^{NAME}$": f"should be of {OF}",
    DOMAINS: f"should be two names with a comma between, each of {OF}",
}
PREDICATES = {
    "Extra inputs are not permitted": "is not known here",
    "Field required": "is required",
    "Input should be a valid dictionary or object to extract fields from": "should be an object of JSON",
}
UNTAGGED, MISTAGGED = "union_tag_not_found", "union_tag_invalid"
ABSENT = "none_required"  # of what may be left out: no value of it says so
WANTED = "should be "


PROBLEMS: Table = {
    # the picture
    codec.InvalidImage: Problem("invalid-image", 422, INPUT),
    codec.EmptyImage: Problem("empty-image", 422, INPUT),
    codec.UnsupportedImageFormat: Problem("unsupported-image-format", 415, INPUT),
    codec.CorruptImage: Problem("corrupt-image", 422, INPUT),
    codec.ImageTooLarge: Problem("image-too-large", 413, INPUT),
    codec.ImageTooSmall: Problem("image-too-small", 422, INPUT),
    codec.BadAspectRatio: Problem("bad-aspect-ratio", 422, INPUT),
    codec.AnimatedImage: Problem("animated-image", 422, INPUT),
    codec.UnsupportedBitDepth: Problem("unsupported-bit-depth", 422, INPUT),
    codec.UnsupportedOutputFormat: Problem("unsupported-output-format", 422, USAGE),
    tree.InvalidInput: Problem("invalid-input", 422, INPUT),
    translator.UnlikeDomain: Problem("unlike-domain", 422, INPUT),
    engine.TooManyPixels: Problem("too-many-pixels", 413, INPUT),
    # the archive
    faults.Refused: Problem("bad-archive", 422, INPUT),
    faults.CorruptArchive: Problem("corrupt-archive", 422, INPUT),
    faults.UnsafeArchivePath: Problem("unsafe-archive-path", 422, INPUT),
    faults.UnsafeArchiveEntry: Problem("unsafe-archive-entry", 422, INPUT),
    faults.BadEntryName: Problem("bad-name", 422, INPUT),
    faults.DuplicateEntry: Problem("duplicate-entry", 422, INPUT),
    faults.ArchiveTooLarge: Problem("archive-too-large", 413, INPUT),
    faults.ArchiveTooDense: Problem("archive-too-large", 413, INPUT),
    faults.TooManyEntries: Problem("too-many-entries", 413, INPUT),
    faults.OutOfSpace: Problem("out-of-space", 507, ENVIRONMENT),
    # the dataset
    datasets.BadDataset: Problem("bad-dataset", 422, INPUT),
    datasets.CorruptPictures: Problem("corrupt-pictures", 422, INPUT),
    datasets.QuotaExceeded: Problem("quota-exceeded", 507, ENVIRONMENT),
    store.UnknownDataset: Problem("unknown-dataset", 404, INPUT),
    store.NameTaken: Problem("name-taken", 409, INPUT),
    places.TooManyUploads: Problem("overloaded", 429),
    doctor.InspectionTimeout: Problem("inspection-timeout", 504),
    doctor.InspectionFailed: Problem("inspection-failed", 500),
    # what is asked of it
    model.UnknownDomain: Problem("bad-parameter", 422, USAGE),
    RequestValidationError: Problem("bad-parameter", 422, USAGE),
    ValidationError: Problem("unknown-setting", 500, USAGE),
    configuration.UnknownSetting: Problem("unknown-setting", 500, USAGE),
    configuration.BadConfigFile: Problem("bad-config-file", 500, USAGE),
    deadlines.BadTimeout: Problem("bad-parameter", 422, USAGE),
    uploads.RepeatedParameter: Problem("bad-parameter", 422, USAGE),
    uploads.UnsupportedMediaType: Problem("unsupported-media-type", 415),
    uploads.BadForm: Problem("malformed-multipart", 400),
    uploads.MissingField: Problem("missing-field", 422),
    uploads.TooManyFiles: Problem("too-many-files", 400),
    uploads.TooManyFields: Problem("too-many-fields", 400),
    uploads.PartTooLarge: Problem("part-too-large", 400),
    negotiation.NotAcceptable: Problem("not-acceptable", 406),
    middleware.BodyTooLarge: Problem("body-too-large", 413),
    middleware.BodyTimeout: Problem("body-timeout", 408),
    ClientDisconnect: Problem("client-closed-request", 499),
    # the model
    registry.UnknownModel: Problem("unknown-model", 404, MODEL),
    registry.UnknownVersion: Problem("unknown-version", 404, MODEL),
    registry.VersionInUse: Problem("version-in-use", 409, MODEL),
    registry.ShippedVersion: Problem("shipped-version", 409, MODEL),
    registry.ShippedModel: Problem("shipped-model", 409, MODEL),
    translator.NoDomainScore: Problem("no-domain-score", 422, MODEL),
    architecture.NoDiscriminator: Problem("no-discriminator", 422, MODEL),
    model.NoCode: Problem("no-code", 422, MODEL),
    efficientnet.WrongPretrained: Problem("broken-installation", 500, ENVIRONMENT),
    card.InvalidBundle: Problem("invalid-bundle", 422, MODEL),
    card.MissingBundle: Problem("missing-bundle", 422, MODEL),
    card.UnknownSchema: Problem("unknown-schema", 422, MODEL),
    card.OtherPreprocessing: Problem("other-preprocessing", 422, MODEL),
    card.UnsafeWeights: Problem("unsafe-weights", 422, MODEL),
    card.CorruptWeights: Problem("corrupt-weights", 422, MODEL),
    card.WeightsMismatch: Problem("weights-mismatch", 422, MODEL),
    card.DigestMismatch: Problem("digest-mismatch", 422, MODEL),
    export.OtherResults: Problem("export-differs", 500, FAILED),
    # what is kept
    results.UnknownResult: Problem("unknown-result", 404),
    results.CannotStore: Problem("cannot-store", 507),
    results.OutOfSpace: Problem("out-of-space", 507, ENVIRONMENT),
    folders.OutOfSpace: Problem("out-of-space", 507, ENVIRONMENT),
    # the jobs
    jobs.UnknownJob: Problem("unknown-job", 404, INPUT),
    jobs.JobConflict: Problem("job-conflict", 409, INPUT),
    jobs.JobFinished: Problem("job-finished", 409, INPUT),
    jobs.JobRunning: Problem("job-running", 409, INPUT),
    jobs.JobNotOver: Problem("job-unfinished", 409, INPUT),
    jobs.JobUnfinished: Problem("job-unfinished", 409, INPUT),
    jobs.NoJobResult: Problem("unknown-result", 404, INPUT),
    jobs.UnknownSample: Problem("unknown-sample", 404, INPUT),
    jobs.UnknownPicture: Problem("unknown-picture", 404, INPUT),
    jobs.IdempotencyKeyReused: Problem("idempotency-key-reuse", 422),
    jobs.DatasetInUse: Problem("dataset-in-use", 409, INPUT),
    jobs.VersionInUse: Problem("version-in-use", 409, MODEL),
    jobs.BadOrder: Problem("bad-parameter", 422, USAGE),
    jobs.UnfitDataset: Problem("unfit-dataset", 422, INPUT),
    jobs.TooManyJobs: Problem("too-many-jobs", 429, INPUT),
    jobs.TooManyStreams: Problem("overloaded", 429),
    command.StillAtWork: Problem("still-at-work", 409, ENVIRONMENT),
    desk.TicketVoid: Problem("job-conflict", 409),
    # the database
    database.DatabaseFault: Problem("database-unavailable", 503, ENVIRONMENT),
    database.DatabaseTooNew: Problem("db-too-new", 503, ENVIRONMENT),
    database.DatabaseTooOld: Problem("db-too-old", 503, ENVIRONMENT),
    database.DatabaseLocked: Problem("db-locked", 503, ENVIRONMENT),
    database.DatabaseReadOnly: Problem("db-readonly", 503, ENVIRONMENT),
    database.DatabaseFull: Problem("out-of-space", 507, ENVIRONMENT),
    database.DatabaseDiskFailed: Problem("db-disk-failed", 503, ENVIRONMENT),
    database.DatabaseCorrupt: Problem("db-corrupt", 503, ENVIRONMENT),
    database.DatabaseUnreachable: Problem("db-unreachable", 503, ENVIRONMENT),
    backup.NoPgDump: Problem("no-pg-dump", 500, ENVIRONMENT),
    database.BadDatabaseUrl: Problem("bad-database-url", 500, USAGE),
    # who asks
    auth.Unauthorized: Problem("unauthorized", 401),
    auth.Forbidden: Problem("forbidden", 403),
    origins.CrossOrigin: Problem("cross-origin", 403),
    origins.UnknownHost: Problem("unknown-host", 421),
    keys.BadKeyName: Problem("bad-key-name", 500, USAGE),
    keys.KeyExists: Problem("key-exists", 500, INPUT),
    keys.UnknownKey: Problem("unknown-key", 500, INPUT),
    keys.CorruptKeys: Problem("corrupt-keys", 503, ENVIRONMENT),
    # the service and its machine
    rate_limit.RateLimited: Problem("rate-limited", 429),
    engine.Overloaded: Problem("overloaded", 429),
    engine.NotReady: Problem("not-ready", 503),
    engine.OutOfMemory: Problem("out-of-memory", 503),
    torch.OutOfMemoryError: Problem("out-of-memory", 500, ENVIRONMENT),  # of a command, with its figures
    engine.DeadlineExceeded: Problem("deadline-exceeded", 504),
    engine.NetworkHung: Problem("network-hung", 504),
    engine.NetworkFailed: Problem("network-failed", 500),
    server.PublicWithoutKeys: Problem("public-without-keys", 500, USAGE),
    server.PortInUse: Problem("port-in-use", 500, ENVIRONMENT),
    device.NoSuchDevice: Problem("no-such-device", 500, ENVIRONMENT),
    OSError: Problem("system-error", 500, ENVIRONMENT),
    Exception: Problem("internal-error", 500),
}

FRAMEWORK: Mapping[int, Problem] = {  # what the web framework raises of itself has a status only
    400: Problem("bad-request", 400),
    404: Problem("not-found", 404),
    405: Problem("method-not-allowed", 405),
    413: Problem("body-too-large", 413),
    416: Problem("range-not-satisfiable", 416),
}


def faults_of(error: ValidationError | RequestValidationError) -> list[tuple[str, str]]:
    """Each bad value's name, and what is said of it: it "should be greater than or equal to 0"."""
    told: dict[str, list[str]] = {}
    for row in error.errors():
        if row["type"] != ABSENT:
            told.setdefault(_named(row), []).append(_said(row))
    return [(name, fault) for name, faults in told.items() for fault in _alternatives(faults)]


def _alternatives(faults: list[str]) -> list[str]:
    """What is said of one value for each of the types that it may have, as one fault."""
    first, *others = dict.fromkeys(faults)
    if not all(fault.startswith(WANTED) for fault in (first, *others)):
        return [first, *others]
    return [" or ".join([first, *(fault.removeprefix(WANTED) for fault in others)])]


def _said(row: Mapping[str, Any]) -> str:
    """Without what kind of thing it is said of: "String should have at most 64 characters" is of a name."""
    context = row.get("ctx", {})
    if row["type"] == UNTAGGED:
        return f"is required: one of {', '.join(KINDS)}" if _named(row) == "kind" else "is required"
    if row["type"] == MISTAGGED:
        return f"should be one of {context['expected_tags']}, not {context['tag'][:64]!r}"
    if words := PATTERNS.get(context.get("pattern", "")) or PREDICATES.get(row["msg"]):
        return words
    said = re.sub(r"^\w+ (?=should )", "", row["msg"].removeprefix(OURS))
    return re.sub(r", unable to (parse|interpret) .*", "", said)


def _named(row: Mapping[str, Any]) -> str:
    """A parameter; of a field in a body the way to it, which begins with the kind of what was ordered."""
    if row["type"] in (UNTAGGED, MISTAGGED):
        return str(row["ctx"]["discriminator"]).strip("'")
    names = [part for part in row["loc"] if isinstance(part, str)]
    if names[0] == "body" and len(names) > 1:
        return ".".join(names[1:DEEPEST])
    return names[1] if names[0] in PARTS and len(names) > 1 else names[0]
