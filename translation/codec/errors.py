"""What can be wrong with a picture, one class each. The message is a sentence for whoever sent it."""


class InvalidImage(ValueError):
    """Any picture that is refused on its way in."""


class EmptyImage(InvalidImage):
    """No bytes at all."""


class UnsupportedImageFormat(InvalidImage):
    """The bytes are no picture, or one of a kind that is never opened."""


class CorruptImage(InvalidImage):
    """Truncated, a wrong checksum, or any other data that its own format forbids."""


class ImageTooLarge(InvalidImage):
    """More pixels, or a longer side, than the limits allow."""


class ImageTooSmall(InvalidImage):
    """A side shorter than the network can see."""


class BadAspectRatio(InvalidImage):
    """Too long for its width."""


class AnimatedImage(InvalidImage):
    """Several frames and none named, or a frame that is not there."""


class UnsupportedBitDepth(InvalidImage):
    """Samples whose black and white cannot be known, such as floats outside [0, 1]."""


class UnsupportedOutputFormat(ValueError):
    """A format that cannot be written, or cannot hold a picture of this size."""
