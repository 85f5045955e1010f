"""Reads users' text files; a failure is explained in one sentence."""

from pathlib import Path

from relaxdiff.exceptions import InputError


def read_text(path, complaint="is not a text file"):
    """The text of a user's file; InputError when it is missing, or (`complaint`) not text."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets write a byte-order mark
    except UnicodeDecodeError:
        raise InputError(f"{path}: {complaint}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if "\0" in text:
        raise InputError(f"{path}: {complaint}")
    return text


def path_exists(path):
    """Whether there is a file or folder; False for names that no file can have."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
