"""Why a picture is not translated, or not now."""

RETRY_S = 2


class NotReady(RuntimeError):
    """No model is warm, the one asked for cannot be loaded, or the service is about to stop."""

    retry_after_s: int | None = RETRY_S

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class UnusableModel(NotReady):
    """Until somebody mends its bundle, so it says nothing of when to try again."""

    retry_after_s = None


class UnreadableCard(UnusableModel):
    def __init__(self, name: str, version: str | None = None) -> None:
        of = f", version {version}," if version else ""
        super().__init__(f"the card of the model {name!r}{of} cannot be read")


class DeviceLost(NotReady):
    """The process that has the device ended, or its device did. Another one is started."""

    def __init__(self) -> None:
        super().__init__(f"the device was lost and is being started again; try again in {RETRY_S} s")


class Overloaded(RuntimeError):
    def __init__(self, under_way: int, retry_after_s: int) -> None:
        super().__init__(f"{under_way} translations are under way; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class OutOfMemory(RuntimeError):
    """Of the device. What else is at work on it may be done in a moment."""

    retry_after_s = RETRY_S

    def __init__(self) -> None:
        super().__init__(
            f"the device has too little memory for it: try again in {RETRY_S} s, "
            "with fewer samples, or at a smaller size"
        )


class DeadlineExceeded(TimeoutError):
    def __init__(self, limit_s: float) -> None:
        super().__init__(f"the translation took longer than {limit_s:g} s, waiting included")
        self.limit = limit_s


class NetworkHung(RuntimeError):
    """Its process was ended, since nothing else ends a call. Another one is started."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"the network did not answer within {limit_s:g} s")
        self.limit = limit_s


class NetworkFailed(RuntimeError):
    """An error of our own, with its traceback; the process that has the device goes on."""


class TooManyPixels(ValueError):
    def __init__(self, limit: int, got: int) -> None:
        super().__init__(
            f"samples times pixels, of the picture or of its working size, is {got / 1e6:.4g} MP "
            f"and exceeds {limit / 1e6:.4g} MP"
        )
        self.limit, self.got = limit, got
