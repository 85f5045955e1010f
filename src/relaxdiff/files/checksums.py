"""Checks that finished files have not changed since their jobs wrote them.

A job records the checksum of each of its outputs, and what it made them from, in a hidden folder
beside them. A file that no longer agrees has since been truncated, overwritten or edited.
"""

import hashlib
import json
from pathlib import Path

RECORDS = ".checksums"


def checksum(path):
    """SHA-256 of a file, as text."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(path, inputs=()):
    """Keep the checksum of a finished file and the paths that it was made from."""
    kept = _record_of(path)
    kept.parent.mkdir(exist_ok=True)
    text = json.dumps({"sha256": checksum(path), "inputs": list(map(str, inputs))})
    kept.write_text(text, encoding="utf-8")


def forget(path):
    """Drop the record of a file that is about to be made again."""
    _record_of(path).unlink(missing_ok=True)


def agrees(path):
    """Whether a file exists and agrees with its record; True for one that has no record."""
    path = Path(path)
    kept = _read(_record_of(path))
    return path.is_file() and (kept is None or kept["sha256"] == checksum(path))


def damaged_files(folder):
    """Paths of files below a folder that no longer agree with their records, a sorted list."""
    return sorted(path for path in _recorded(folder) if path.exists() and not agrees(path))


def set_aside(damaged, folder):
    """Rename damaged files, and remove all that was made from them, as the damage may be older.

    damaged: paths below the folder; the new names end in `.damaged`. Returns the removed paths.
    """
    inputs = {path: set(kept["inputs"]) for path, kept in _recorded(folder).items()}
    removed, suspects = [], set(map(str, damaged))
    while suspects:
        made_from_suspects = [path for path, given in inputs.items() if given & suspects]
        for path in made_from_suspects:
            del inputs[path]
        removed += made_from_suspects
        suspects = set(map(str, made_from_suspects))
    for path in damaged:
        path.rename(path.with_name(f"{path.name}.damaged"))
        forget(path)
    for path in set(removed) - set(damaged):
        path.unlink(missing_ok=True)
        forget(path)
    return sorted(set(removed) - set(damaged))


def _record_of(path):
    path = Path(path)
    return path.parent / RECORDS / f"{path.name}.json"


def _recorded(folder):
    """The records below a folder, a dict: path of a file -> its record."""
    found = {
        kept.parents[1] / kept.name.removesuffix(".json"): _read(kept)
        for kept in Path(folder).rglob(f"{RECORDS}/*.json")
    }
    return {path: kept for path, kept in found.items() if kept is not None}


def _read(kept):
    """A record; None if there is none, or only half of one after a kill or on a full disk."""
    try:
        return json.loads(kept.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
