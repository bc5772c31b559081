"""How large a picture may be."""

from dataclasses import dataclass

from translation.codec.errors import BadAspectRatio, ImageTooLarge, ImageTooSmall


@dataclass(frozen=True)
class Limits:
    """In pixels, the aspect as long side over short side. Pillow's own MAX_IMAGE_PIXELS holds as well."""

    max_pixels: int = 64_000_000
    max_side: int = 16384
    min_side: int = 8
    max_aspect: int = 32

    def check(self, size: tuple[int, int]) -> None:
        """Raises ImageTooLarge, ImageTooSmall, BadAspectRatio."""
        short, long = sorted(size)
        name, pixels = f"{size[0]}x{size[1]}", short * long
        if pixels > self.max_pixels:
            raise ImageTooLarge(
                f"{name}: {pixels / 1e6:.4g} MP exceeds {self.max_pixels / 1e6:.4g} MP, the limit max_pixels"
            )
        if long > self.max_side:
            raise ImageTooLarge(f"{name}: maximum side {self.max_side}, the limit max_side")
        if short < self.min_side:
            raise ImageTooSmall(f"{name}, minimum side {self.min_side}")
        if long > self.max_aspect * short:
            raise BadAspectRatio(f"{name}, maximum aspect 1:{self.max_aspect}")
