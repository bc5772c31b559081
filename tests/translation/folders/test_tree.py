from pathlib import Path

import pytest
from PIL import Image

from translation.codec import FORMATS, UnsupportedImageFormat
from translation.tree import FOREIGN_SUFFIXES, find_pictures, name_outputs, read_bytes


def test_outputs_are_named_apart() -> None:
    files = ["a.jpg", "a.jpg.png", "a.png", "a.tif", "a_0.jpg", "b.jpeg"]
    for format in (None, "PNG", "JPEG", "TIFF"):
        for samples in (1, 3):
            outputs = name_outputs(files, format, samples)
            assert list(outputs) == files
            names = [name for file in files for name in outputs[file]]
            assert len(set(names)) == len(files) * samples
    assert name_outputs(files, None, 1) == {file: (file,) for file in files}
    assert name_outputs(files, "JPEG", 2)["b.jpeg"] == ("b_0.jpeg", "b_1.jpeg")


@pytest.mark.parametrize("name", ["raw.CR2", "raw.nef", "raw.dng", "layers.exr", "phone.HEIC"])
def test_a_format_that_is_not_read_is_found_and_refused_whatever_its_bytes_may_pass_for(
    name: str, tmp_path: Path
) -> None:
    """A raw photograph is a TIFF of its thumbnail."""
    (tmp_path / "in").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "in" / name, "TIFF")
    assert list(find_pictures(tmp_path / "in", tmp_path / "out").pictures) == [name]
    with pytest.raises(UnsupportedImageFormat, match="not read: convert it to JPEG or PNG"):
        read_bytes(tmp_path / "in" / name)


def test_no_format_that_is_read_is_refused() -> None:
    Image.init()
    assert not {suffix for suffix in FOREIGN_SUFFIXES if Image.EXTENSION.get(suffix) in FORMATS}
