"""What the operator can set; app/configuration.py says where."""

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from limits import parse_many
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app import retention
from app.configuration import CONFIG_FILE, PREFIX, ConfigFile, Environment, variable
from app.logs import LogFormat
from app.origins import HostNames

if TYPE_CHECKING:
    from translation.codec import Limits

UNLIMITED = "0"


def _checked(rate: str) -> str:
    """Raises ValueError."""
    if rate != UNLIMITED:
        rates = parse_many(rate)
        if len(rates) > 1 or rates[0].amount < 1:
            raise ValueError(f"it should be one rate, of 1 or more, as in 300/minute; {UNLIMITED} for none")
    return rate


def _split(names: object) -> object:
    """Of a variable, which holds them with commas between."""
    return [name for name in names.split(",") if name.strip()] if isinstance(names, str) else names


Rate = Annotated[str, AfterValidator(_checked)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True)]
Names = Annotated[frozenset[Name], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    host: str = Field("127.0.0.1", description="where to listen; 0.0.0.0 for every address")
    port: int = Field(8000, ge=0, le=65535, description="0 lets the system choose a free one")
    insecure_no_auth: bool = Field(False, description="listen on any address though there is no key")
    allowed_hosts: Names = Field(
        frozenset(),
        description="names, with commas between, that it may be called by while it has no key, beside its "
        "addresses and localhost; * for any",
    )
    device: str = Field("auto", description="auto (CUDA where present), cpu, cuda or cuda:N")
    weights_dir: Path = Field(Path("weights"), description="bundles that ship with the project, read only")
    data_dir: Path = Field(Path("data"), description="the service's own state")

    rate_limit: Rate = Field(
        "300/minute", description="for each key, and each address but loopback; 0 for none"
    )
    max_body_bytes: int = Field(20_000_000, ge=1, description="of a request, but archives have their own")
    body_timeout_s: float = Field(120.0, gt=0, description="for the whole body to arrive")
    max_pixels: int = Field(64_000_000, ge=64, description="of a picture that is sent")
    max_side: int = Field(16_384, ge=8, description="of a picture that is sent, in pixels")
    max_output_pixels: int = Field(
        256_000_000,
        ge=64,
        description="its pixels, or where they are more those of its working size, times its samples",
    )
    max_queue: int = Field(
        16,
        ge=1,
        description="translations under way and waiting; more are told to retry. Twice as many with those "
        "whose picture arrives or whose answer leaves",
    )
    timeout_s: float = Field(120.0, gt=0, description="for one translation, waiting included")
    max_batch_s: float = Field(
        60.0, gt=0, description="for one batch in the network; one that takes longer is taken to be hung"
    )
    max_models_bytes: int = Field(
        4_000_000_000, ge=0, description="of weights on the device; the least recently used model goes"
    )
    max_results_bytes: int = Field(
        2_000_000_000,
        ge=0,
        description="of all pictures that are kept as links; those not used for longest go",
    )
    max_results_age_days: float = Field(7.0, gt=0, description="since a result was last made or read")
    max_dataset_upload_bytes: int = Field(2_000_000_000, ge=1, description="of one archive, as it is sent")
    dataset_upload_timeout_s: float = Field(
        3600.0, gt=0, description="for a whole archive to arrive, also of a bundle"
    )
    max_dataset_bytes: int = Field(4_000_000_000, ge=1, description="of one archive's pictures, unpacked")
    max_dataset_entry_bytes: int = Field(100_000_000, ge=1, description="of one picture, unpacked")
    max_dataset_entries: int = Field(100_000, ge=1, description="of one archive")
    max_datasets_bytes: int = Field(50_000_000_000, ge=1, description="of all stored datasets' pictures")
    max_bundle_bytes: int = Field(
        2_000_000_000, ge=1, description="of one bundle, as it is sent and unpacked"
    )
    dataset_inspection_timeout_s: float = Field(1800.0, gt=0, description="for the doctor's report")
    database_url: SecretStr | None = Field(
        None,
        description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; DATA_DIR/sjmvi.db when absent",
    )
    embedded_worker: bool = Field(True, description="take jobs as well; else only `sjmvi worker` does")
    evaluation_features: str | None = Field(
        None,
        description="the network that jobs measure by, as in `sjmvi evaluate --features`: trainings validate "
        "by it where they have pictures enough; evaluations take inception when absent",
    )
    max_unfinished_jobs: int = Field(
        100,
        ge=1,
        description="of one key, or of all callers without one, that are not over; each may hold a picture",
    )
    max_event_streams: int = Field(64, ge=1, description="open at once, of all jobs")
    max_job_files_age_days: float = Field(7.0, gt=0, description="since a job has succeeded")
    max_jobs_age_days: float = Field(90.0, gt=0, description="since a job's end: then all of it goes")
    log_format: LogFormat = Field("auto", description="auto (text on a terminal, else json), json or text")
    graceful_shutdown_s: int = Field(20, ge=0, description="for what is under way to end, after a signal")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The first that has a value gives it."""
        return init_settings, Environment(settings_cls), ConfigFile(settings_cls)

    @property
    def models_dir(self) -> Path:
        return self.data_dir / "models"

    @property
    def results_dir(self) -> Path:
        return self.data_dir / "results"

    @property
    def results_limits(self) -> retention.Limits:
        return retention.Limits(self.max_results_bytes, self.max_results_age_days * 86400)

    @property
    def keys_file(self) -> Path:
        return self.data_dir / "keys.json"

    @property
    def is_open_without_keys(self) -> bool:
        return self.insecure_no_auth or _is_loopback(self.host)

    @property
    def host_names(self) -> HostNames:
        return HostNames(self.allowed_hosts, self.host, is_on_network=not _is_loopback(self.host))

    @property
    def datasets_dir(self) -> Path:
        return self.data_dir / "datasets"

    @property
    def runs_dir(self) -> Path:
        return self.data_dir / "runs"

    @property
    def database(self) -> str:
        """Its URL, with the password."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'sjmvi.db'}"

    @property
    def picture_limits(self) -> "Limits":
        from translation.codec import Limits  # which brings torch: a worker does well without

        return Limits(max_pixels=self.max_pixels, max_side=self.max_side)

    def environment(self, **others: object) -> dict[str, str]:
        """The settings, those others first, as a process in any folder has to be given them."""
        folders = {name: getattr(self, name).absolute() for name in ("data_dir", "weights_dir")}
        values = {**self.model_dump(exclude_none=True), **folders, "database_url": self.database, **others}
        return {variable(name): _text(value) for name, value in values.items()} | {CONFIG_FILE: ""}

    def updated(self, **given: object) -> Self:
        """A copy with the values that are not None, validated. Raises pydantic's ValidationError."""
        values = {name: value for name, value in given.items() if value is not None}
        return type(self).model_validate(self.model_dump() | values)


def _text(value: object) -> str:
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
