"""The config that comes with relaxdiff, which explains every key."""

from pathlib import Path

from relaxdiff.exceptions import InputError

SHIPPED = Path(__file__).parents[1] / "config.yaml"


def write_shipped_config(path: str | Path) -> Path:
    """Write the shipped config, that of the default study, to a file, and return its path.

    Raises InputError when the file exists.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path} exists: remove it, or name another file")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
    return path
