"""Bytes to picture to tensor and back: one codec for training, folders and the service."""

from translation.codec.decode import FORMATS, Picture, decode, read_size
from translation.codec.encode import MEDIA_TYPES, check_output, encode
from translation.codec.errors import (
    AnimatedImage,
    BadAspectRatio,
    CorruptImage,
    EmptyImage,
    ImageTooLarge,
    ImageTooSmall,
    InvalidImage,
    UnsupportedBitDepth,
    UnsupportedImageFormat,
    UnsupportedOutputFormat,
)
from translation.codec.limits import Limits
from translation.codec.pixels import (
    PREPROCESSING,
    centre_square,
    fit_short_side,
    on_white,
    preprocessing_digest,
    resize,
    short_side_size,
    to_image,
    to_tensor,
)

__all__ = [
    "FORMATS",
    "MEDIA_TYPES",
    "PREPROCESSING",
    "AnimatedImage",
    "BadAspectRatio",
    "CorruptImage",
    "EmptyImage",
    "ImageTooLarge",
    "ImageTooSmall",
    "InvalidImage",
    "Limits",
    "Picture",
    "UnsupportedBitDepth",
    "UnsupportedImageFormat",
    "UnsupportedOutputFormat",
    "centre_square",
    "check_output",
    "decode",
    "encode",
    "fit_short_side",
    "on_white",
    "preprocessing_digest",
    "read_size",
    "resize",
    "short_side_size",
    "to_image",
    "to_tensor",
]
