"""Files in and out: NetCDF with units, checksums, text, a digest of the code."""

from relaxdiff.files.checksums import agrees, checksum, record
from relaxdiff.files.datasets import package_versions, read_dataset, variable, write_dataset
from relaxdiff.files.text import path_exists, read_text

__all__ = [
    "agrees",
    "checksum",
    "package_versions",
    "path_exists",
    "read_dataset",
    "read_text",
    "record",
    "variable",
    "write_dataset",
]
