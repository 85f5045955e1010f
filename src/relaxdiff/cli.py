"""The command `relaxdiff`: check LAMMPS, begin a study, read its results, relax, or predict."""

import argparse
import subprocess
import sys

import numpy as np

import relaxdiff
from relaxdiff.exceptions import InputError, LammpsError, RelaxationError
from relaxdiff.files import package_versions, write_dataset
from relaxdiff.lammps import LAMMPS_ARGUMENTS, DescriptorCalculator, load_lammps
from relaxdiff.minima import relax
from relaxdiff.posterior import potential_from_posterior, write_trial_ensemble
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.potentials.snap import SnapHyperparameters, ZblBaseline, read_snap
from relaxdiff.predictions.exported import export_variant
from relaxdiff.predictions.one_call import predict
from relaxdiff.statistics.closing_table import closing_table
from relaxdiff.statistics.opened import study_tables
from relaxdiff.structures import bulk_cell, starting_crystal
from relaxdiff.structures.from_files import read_structure
from relaxdiff.study.shipped_config import write_shipped_config


def main(arguments=None):
    """Entry point; returns the exit code."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    command = given.pop("command")
    if command is None:
        parser.print_help()
        return 0
    try:
        return command(**given) or 0
    except (InputError, LammpsError, RelaxationError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _parser():
    """All commands; each has the function that runs it in `command`."""
    parser = argparse.ArgumentParser(prog="relaxdiff", description=__doc__)
    parser.add_argument("--version", action="version", version=relaxdiff.__version__)
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(function, name, words):
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(command=function)
        return command

    add(doctor, "doctor", "check the installation: versions, LAMMPS, two atoms")
    ensemble = add(
        _ensemble, "ensemble", "a potential that LAMMPS ships and an invented ensemble around it"
    )
    ensemble.add_argument("name", help="such as Ta06A, of Ta06A.snapcoeff and Ta06A.snapparam")
    ensemble.add_argument("folder", help="where the two files and samples.csv are written")
    ensemble.add_argument("--samples", type=int, default=20)
    ensemble.add_argument("--spread", type=float, default=0.01, help="relative to coefficients")
    ensemble.add_argument("--seed", type=int, default=2024)
    init = add(_init, "init", "write a config for a study of your own, with every key explained")
    init.add_argument("path", nargs="?", default="mine.yaml", help="default: mine.yaml")
    summary = add(_summary, "summary", "the closing table of a finished study")
    summary.add_argument("folder", help="results/<study>")
    export = add(
        _export, "export", "a variant of a finished study: its potential, or predicted structure"
    )
    export.add_argument(
        "folder",
        help="results/<study> for a potential, results/<study>/<structure> for a structure",
    )
    export.add_argument("variant", help="such as sample007_lambda+04.0")
    export.add_argument("target", help="name of the potential without ending, or structure file")
    relaxation = add(_relax, "relax", "relax a structure with a SNAP potential")
    prediction = add(_predict, "predict", "formation energy and volume at samples of parameters")
    for command in (relaxation, prediction):
        command.add_argument("coefficients", help="the .snapcoeff file")
        command.add_argument("parameters", help="the .snapparam file")
        command.add_argument(
            "--zbl", type=float, nargs=2, metavar=("INNER", "OUTER"), help="a ZBL part beside SNAP"
        )
    relaxation.add_argument("structure", help="a file that ASE reads, with a periodic cell")
    relaxation.add_argument("target", help="the file to write, extended XYZ or by its ending")
    relaxation.add_argument(
        "--cell", choices=("fixed", "isotropic", "full"), default="isotropic", help="what relaxes"
    )
    prediction.add_argument("samples", help="table: the mean, then one sample in each row")
    prediction.add_argument("structure", help="a file that ASE reads, not relaxed yet")
    prediction.add_argument("target", help="the NetCDF file to write")
    prediction.add_argument("--cell", choices=("isotropic", "full"), default="isotropic")
    prediction.add_argument(
        "--crystal",
        nargs=2,
        required=True,
        metavar=("ELEMENT", "LATTICE"),
        help="the reference crystal of formation energies, such as W bcc",
    )
    return parser


def _ensemble(**given):
    print(f"written: {write_trial_ensemble(**given)}")


def _init(path):
    print(f"written: {write_shipped_config(path)}")


def _summary(folder):
    print(*closing_table(study_tables(folder)), sep="\n")


def _export(folder, variant, target):
    print("written:", *export_variant(folder, variant, target))


def _relax(coefficients, parameters, structure, target, zbl, cell):
    potential = read_snap(coefficients, parameters, _baseline(zbl))
    minimum = relax(read_structure(structure), potential, cell)
    if not minimum.converged:
        raise RelaxationError(f"{structure}: {minimum.status}")
    minimum.atoms.write(target)
    print(
        f"{minimum.energy:.6f} eV, {minimum.atoms.get_volume():.4f} A^3, largest gradient "
        f"{minimum.max_gradient:.1e} eV/A; written: {target}"
    )


def _predict(coefficients, parameters, samples, structure, target, crystal, zbl, cell):
    posterior = posterior_from_ensemble(coefficients, parameters, samples, _baseline(zbl))
    potential = potential_from_posterior(posterior)
    atoms = read_structure(structure)
    found = predict(potential, posterior, atoms, starting_crystal(*crystal), cell)
    made_from = {"structure": structure, "samples": samples, "crystal": crystal, "cell": cell}
    write_dataset(found, target, made_from)
    best = found.isel(level=-1)
    for name, symbol in (("formation_energy", "E_f"), ("formation_volume", "V_f")):
        mean, spread = float(best[name].mean()), float(best[name].std())
        print(f"{symbol} = {mean:.4f} +- {spread:.4f} {best[name].units}")
    print(
        f"{int(best['formation_energy'].count())} of {best.sizes['sample']} samples have a stable "
        f"crystal; level {str(best['level'].values)}, its estimated error "
        f"{float(best['error_estimate'].mean()):.1e} eV; written: {target}"
    )


def _baseline(zbl):
    """The ZBL part between two distances, or None."""
    return None if zbl is None else ZblBaseline(*zbl)


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
    """LammpsError if LAMMPS or its MPI ends the process that loads it, which `except` misses."""
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
