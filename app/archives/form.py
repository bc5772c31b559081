"""A multipart form whose file goes to disk as it arrives, to a place of ours.

The framework's parser keeps it in the system's folder for temporary files, which may be memory.
"""

from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.uploads import (
    MAX_FIELD_BYTES,
    MAX_FIELDS,
    BadForm,
    MissingField,
    PartTooLarge,
    TooManyFields,
    TooManyFiles,
)


def boundary_of(content_type: str) -> bytes:
    """Raises BadForm."""
    _, options = parse_options_header(content_type)
    if b"boundary" not in options:
        raise BadForm("Missing boundary in multipart.")
    return options[b"boundary"]


class Form:
    """Fed in pieces. Its one file, whatever the field's name, goes to `target`; its fields are kept."""

    def __init__(self, boundary: bytes, target: BinaryIO) -> None:
        self._target = target
        self._fields: list[tuple[str, str]] = []
        self._files = 0
        self._header = self._value = self._disposition = b""
        self._name: str | None = None  # of the field at work; None of a file
        self._data = bytearray()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_header,
                "on_header_value": self._on_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    def feed(self, data: bytes) -> None:
        """Raises BadForm."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise BadForm(f"The form cannot be read: {error}") from error

    def finished(self) -> list[tuple[str, str]]:
        """The fields. Raises MissingField, BadForm."""
        if not self._files:
            raise MissingField("the form has no file: send the archive in one, as in -F file=@ellipses.zip")
        if not self._ended:
            raise BadForm("The form ends before its last boundary.")
        return self._fields

    def _begin(self) -> None:
        self._disposition, self._data = b"", bytearray()

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise BadForm('The Content-Disposition header field "name" must be provided.')
        is_file = b"filename" in options
        self._name = None if is_file else options[b"name"].decode("utf-8", "replace")
        self._files += is_file
        if self._files > 1:
            raise TooManyFiles("Too many files. Maximum number of files is 1.")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            self._target.write(memoryview(data)[start:end])
            return
        self._data += data[start:end]
        if len(self._data) > MAX_FIELD_BYTES:
            raise PartTooLarge(f"A field has more than {MAX_FIELD_BYTES} bytes.")

    def _end(self) -> None:
        if self._name is not None:
            self._fields.append((self._name, self._data.decode("utf-8", "replace")))
        if len(self._fields) > MAX_FIELDS:
            raise TooManyFields(f"Too many fields. Maximum number of fields is {MAX_FIELDS}.")

    def _finish(self) -> None:
        self._ended = True
