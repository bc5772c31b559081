from translation.tree import name_outputs


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
