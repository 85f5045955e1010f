"""A finished study as one Dataset, and its tables."""

from pathlib import Path

import pandas as pd
import xarray as xr

from relaxdiff.exceptions import InputError
from relaxdiff.files import read_dataset
from relaxdiff.statistics.errors import all_levels

TABLES = {
    "summary": "summary.csv",
    "windows": "errors_by_window.csv",
    "check": "truth_check.csv",
}
TRUE = ("formation_energy", "formation_volume")


def open_study(folder: str | Path) -> xr.Dataset:
    """Predictions, evaluations and truth of a structure of a finished study, in one Dataset.

    folder: results/<study>/<structure>, or results/<study> where the study has one structure.
    Returns a Dataset over (level, sample, lambda) with `formation_energy`, `formation_volume` and
    `error_estimate` at all levels, those with an evaluation last, and where there is a truth, over
    (sample, lambda), `true_formation_energy`, `true_formation_volume` and `status`; NaN where a
    variant was not predicted or not relaxed. Raises InputError naming the folder.
    """
    folder = _one_structure(Path(folder))
    optional = {name: folder / f"{name}.nc" for name in ("evaluations", "truth")}
    found = {name: read_dataset(path) for name, path in optional.items() if path.exists()}
    study = all_levels(read_dataset(folder / "predictions.nc"), found.get("evaluations"))
    if "truth" not in found:
        return study
    truth = found["truth"]
    added = {f"true_{name}": truth[name] for name in TRUE if name in truth}
    try:
        return xr.merge([study, xr.Dataset(added | {"status": truth["status"]})], join="exact")
    except ValueError:
        raise InputError(f"{folder}: predictions and truth are not of the same variants") from None


def study_tables(folder: str | Path) -> dict[str, dict[str, pd.DataFrame]]:
    """What `closing_table` reads of a finished study, by the names of its structures.

    folder: results/<study>. Raises InputError when no structure in it has a summary.
    """
    found = {}
    for summary in sorted(Path(folder).glob(f"*/{TABLES['summary']}")):
        paths = {name: summary.with_name(file) for name, file in TABLES.items()}
        found[summary.parent.name] = {
            name: pd.read_csv(path) for name, path in paths.items() if path.exists()
        }
    if not found:
        raise InputError(
            f"{folder}: holds no */summary.csv: name results/<study> of a finished study"
        )
    return found


def _one_structure(folder):
    """The folder of a structure, that or the only one in it; InputError if there is not one."""
    if (folder / "predictions.nc").exists():
        return folder
    inside = sorted(path.parent for path in folder.glob("*/predictions.nc"))
    if not inside:
        raise InputError(f"{folder}: holds no predictions.nc: name results/<study>/<structure>")
    if len(inside) > 1:
        names = ", ".join(path.name for path in inside)
        raise InputError(f"{folder}: holds the structures {names}: name the folder of one")
    return inside[0]
