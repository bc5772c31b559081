"""A bundle for other programs: each of its directions as one file that needs nothing of this project.

direction (what is computed) -> formats (how it is stored, and run again) -> parity (whether it is the same)
-> bundle (the files, none that is not)
"""

from translation.export.bundle import ExportedDirection, export_bundle
from translation.export.formats import FORMATS
from translation.export.parity import OtherResults

__all__ = ["FORMATS", "ExportedDirection", "OtherResults", "export_bundle"]
