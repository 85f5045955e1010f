"""Two results folders of one study compared number by number, before and after a change of code.

    $ python benchmarks/compare_results.py results/before results/after

Every NetCDF file and every CSV below both folders is compared; hidden folders, logs, figures and
captions are not, nor are attributes of files (versions, times, digests). Variables must have the
same names, dimensions, coordinates and units, text must be equal, and NaN must be in the same
places. Of the numbers a and b of each variable two differences are told, the largest of

    elementwise        |a - b| / max(|a|, |b|)
    to the largest     |a - b| / largest |a| or |b| of the whole variable

Columns of a CSV with a column `quantity` are divided by it, a variable for each quantity. The first
that applies is the verdict:

* `identical`: the same numbers;
* `equal`: elementwise difference within the tolerance (--rtol);
* `equal in scale`: |a - b| within the tolerance times a scale. That is the largest magnitude of the
  variable, for elements near zero, such as displacements that vanish by symmetry, are what is left
  of terms of that size. An error, or the estimate of one, is a difference of two values that are
  nearly equal near lambda = 0, where it has no correct digit. What the values may differ by, their
  difference may: its scale is the largest magnitude of what it is an error of, found in the
  structure's predictions.nc and truth.nc: formation energy, formation volume, or coordinates;
* `within its bound`: numbers that say where an iteration stopped, or are made of errors at the end
  of what truth resolves. Nothing fixes their digits but the bound that they stop below (BOUNDS),
  and they may differ by that;
* `cost`: evaluations, force calls, time and memory are no results: their differences are told
  and do not count;
* `told elsewhere`: summary.csv has numbers of the other files, rounded to six digits: its text is
  compared, its numbers are not judged;
* `differs` or `missing`: everything else. The exit code is 1 if there is one of these, else 0.

Each file has one line for all its variables that are identical, and a line for each other one.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

RTOL = 1e-12
COSTS = {
    "evaluations",
    "stability_evaluations",
    "force_calls",
    "iterations",
    "seconds",
    "peak_MiB",
    "grown_MiB",
}
# Variables and columns whose differences may be as large as this.
BOUNDS = {
    "max_gradient": 1e-6,  # eV/Angstrom, to which truth and reference are relaxed
    # What plain LAMMPS leaves of energies, volumes and positions when it stops at 1e-5 eV/Angstrom.
    "formation_energy_difference_eV": 1e-8,
    "formation_volume_difference_A3": 1e-4,
    "largest_displacement_A": 1e-4,
    # Of logarithms of mean errors down to 1e-11 eV: of these E_f, a few eV, holds three digits.
    "slope": 1e-2,
}
# What errors are errors of, where it is not the formation energy: a quantity of the tables.
ERRORS_OF_COORDINATES = ("strain", "positions")
ENERGY_ERRORS, COORDINATE_ERRORS = ("error_estimate",), ("displacement_estimate",)


@dataclass(frozen=True)
class Row:
    """A line of the table; differences None where there are none to tell."""

    file: str
    variable: str
    verdict: str
    elementwise: float | None = None
    to_largest: float | None = None

    @property
    def failed(self):
        """Whether this makes the folders different."""
        return self.verdict.startswith(("differs", "missing"))


def compare_folders(before, after, rtol=RTOL):
    """A list of Rows for all files below two folders (paths)."""
    before, after = Path(before), Path(after)
    files = {folder: _files(folder) for folder in (before, after)}
    rows = []
    for file in sorted(files[before] | files[after]):
        lacking = [folder for folder in (before, after) if file not in files[folder]]
        if lacking:
            rows.append(Row(str(file), "", f"missing in {lacking[0]}"))
            continue
        # Those of a structure, whose folder may hold others with parts of its results.
        beside = [(folder / file).parents[up] for folder in (before, after) for up in (0, 1)]
        scales = _scales_of_errors(beside)
        here = compare_files(str(file), before, after, scales, rtol)
        others = [row for row in here if row.verdict != "identical"]
        rows += others
        if count := len(here) - len(others):
            rows.append(Row(str(file), f"{count} variables", "identical", 0.0, 0.0))
    return rows


def _files(folder):
    """Paths of NetCDF files and tables below a folder, relative to it, a set."""
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {
        path
        for path in found
        if path.suffix in (".nc", ".csv") and not any(part[0] == "." for part in path.parts)
    }


def _scales_of_errors(folders):
    """Largest magnitudes of what errors are errors of, as far as folders hold it, a dict."""
    largest = {}
    for folder in folders:
        for file in ("predictions.nc", "truth.nc"):
            if not (folder / file).is_file():
                continue
            with xr.open_dataset(folder / file) as dataset:
                for name in ("formation_energy", "formation_volume", "coordinates"):
                    if name in dataset:
                        here = _largest(dataset[name].values)
                        largest[name] = max(here, largest.get(name, 0.0))
    return largest


def compare_files(file, before, after, scales, rtol):
    """A list of Rows for all variables of a NetCDF file or table that both folders have.

    file: its path in both; scales: of errors, see `_scales_of_errors`.
    """
    read = _read_netcdf if file.endswith(".nc") else _read_table
    ours, theirs = read(before / file), read(after / file)
    rows = []
    for name in dict.fromkeys([*ours, *theirs]):
        if name in ours and name in theirs:
            found = _compare(Path(file).name, name, ours[name], theirs[name], scales, rtol)
        else:
            found = (f"missing in {after if name in ours else before}",)
        rows.append(Row(file, name, *found))
    return rows


def _read_netcdf(path):
    """Variable -> what is said of it, and its values."""
    dataset = xr.load_dataset(path)
    return {
        name: ((values.dims, values.attrs.get("units"), name in dataset.coords), values.values)
        for name, values in dataset.variables.items()
    }


def _read_table(path):
    """Column, or quantity and column -> its place in the table, and its values."""
    table = pd.read_csv(path)
    if "quantity" not in table:
        return {name: ((), _plain(values)) for name, values in table.items()}
    return {"quantity": ((), _plain(table["quantity"]))} | {
        f"{quantity} {name}": ((), _plain(values))
        for quantity, part in table.groupby("quantity", sort=False)
        for name, values in part.drop(columns="quantity").items()
    }


def _plain(column):
    """Numbers, or text that may be empty, as an array."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy()
    return column.fillna("").to_numpy(dtype=str)


def _compare(file, variable, ours, theirs, scales, rtol):
    """Verdict and, of numbers, the two largest differences."""
    (described, a), (described_there, b) = ours, theirs
    a, b = np.asarray(a), np.asarray(b)
    if described != described_there:
        return ("differs: dimensions, units or coordinates",)
    if a.shape != b.shape:
        return (f"differs: shape {a.shape}, {b.shape}",)
    if not (_is_number(a) and _is_number(b)):
        count = int((a != b).sum()) if not (_is_number(a) or _is_number(b)) else a.size
        return (f"differs: {count} of {a.size}" if count else "identical",)
    return _compare_numbers(file, variable, a.astype(float), b.astype(float), scales, rtol)


def _is_number(values):
    return values.dtype.kind in "iufb"


def _compare_numbers(file, variable, a, b, scales, rtol):
    quantity, _, name = variable.rpartition(" ")
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        count = int((np.isnan(a) != np.isnan(b)).sum())
        return (f"differs: {count} of {a.size} are NaN in one only",)
    same = (a == b) | np.isnan(a)
    apart = np.abs(np.where(same, 0.0, a - b))
    each = np.where(same, 1.0, np.maximum(np.abs(a), np.abs(b)))
    largest = max(_largest(a), _largest(b))
    elementwise = float((apart / each).max(initial=0.0))
    to_largest = float(apart.max(initial=0.0) / largest) if largest else 0.0
    scale = _scale(quantity, name, scales, largest)
    if same.all():
        verdict = "identical"
    elif name in COSTS:
        verdict = "cost"
    elif file == "summary.csv":
        verdict = "told elsewhere"
    elif elementwise <= rtol:
        verdict = "equal"
    elif (apart <= rtol * scale).all():
        verdict = "equal in scale"
    elif name in BOUNDS and (apart <= BOUNDS[name]).all():
        verdict = "within its bound"
    else:
        verdict = "differs"
    return verdict, elementwise, to_largest


def _scale(quantity, name, scales, largest):
    """What differences of a variable are compared with: of errors not their own magnitude."""
    if name in ENERGY_ERRORS:
        return scales.get("formation_energy", largest)
    if name in COORDINATE_ERRORS:
        return scales.get("coordinates", largest)
    if "abs_error" in name:
        of = "coordinates" if quantity in ERRORS_OF_COORDINATES else quantity or "formation_energy"
        return scales.get(of, largest)
    return largest


def _largest(values):
    """The largest finite magnitude, 0 if there is none."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def print_table(rows):
    """The Rows as a table in Markdown."""
    print("| file | variable | elementwise | to the largest | verdict |\n|---|---|---|---|---|")
    for row in rows:
        told = ["" if each is None else f"{each:.1e}" for each in (row.elementwise, row.to_largest)]
        print(f"| {row.file} | {row.variable} | {' | '.join(told)} | {row.verdict} |")


def main(arguments=None):
    """Compare two folders; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path, help="results folder of a study")
    parser.add_argument("after", type=Path, help="the same study, made by other code")
    parser.add_argument("--rtol", type=float, default=RTOL, help="tolerance, else %(default)g")
    options = parser.parse_args(arguments)
    for folder in (options.before, options.after):
        if not _files(folder):
            parser.error(f"{folder} holds no results")
    rows = compare_folders(options.before, options.after, options.rtol)
    print_table(rows)
    return int(any(row.failed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
