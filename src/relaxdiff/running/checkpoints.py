"""Finished samples of an unfinished job, which need not be relaxed again when it is restarted."""

import hashlib
import json
from pathlib import Path

from relaxdiff.exceptions import InputError
from relaxdiff.files import agrees, read_dataset, record, write_dataset

FOUND_AGAIN = "relaxed by an earlier, unfinished job"  # the end of a report on such a sample


class Checkpoints:
    """A folder with one small file for each finished sample.

    folder: created when needed; inputs: paths of all files that the samples depend on; settings:
    all other values that they depend on, JSON-like. A file made from other inputs or settings, or a
    damaged one, counts as missing.
    """

    def __init__(self, folder, inputs, settings):
        self.folder = Path(folder)
        digests = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in inputs]
        self.made_from = {"inputs": digests, "settings": settings}

    def read(self, sample):
        """The Dataset of a sample, without attributes, or None."""
        if not agrees(self._path(sample)):
            return None
        try:
            dataset = read_dataset(self._path(sample))
        except InputError:
            return None
        if dataset.attrs.get("made_from") != json.dumps(self.made_from, sort_keys=True):
            return None
        dataset.attrs = {}
        return dataset.drop_encoding()

    def write(self, sample, dataset):
        """Keep the Dataset of a finished sample."""
        write_dataset(dataset, self._path(sample), self.made_from)
        record(self._path(sample))

    def _path(self, sample):
        return self.folder / f"sample{sample:03d}.nc"
