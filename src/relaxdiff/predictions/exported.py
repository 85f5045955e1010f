"""One variant of a finished study: its potential, and its predicted structure."""

from pathlib import Path

import xarray as xr
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from relaxdiff.derivative import predicted_structure
from relaxdiff.exceptions import InputError
from relaxdiff.files import read_dataset
from relaxdiff.minima import minimum_from_dataset
from relaxdiff.posterior import (
    is_snap,
    potential_from_posterior,
    read_posterior,
    variant_potential,
)


def predicted_atoms(
    posterior: xr.Dataset, reference: xr.Dataset, derivative: xr.Dataset, name: str
) -> Atoms:
    """The structure predicted at h+ih for the variant `name`, with what LAMMPS says of it.

    posterior, reference, derivative: the Datasets of those names; name: such as
    sample007_lambda+04.0. Returns Atoms that carry energy (eV), forces (eV/Angstrom), which tell
    how far the minimum still is, and stress (eV/Angstrom^3) of the variant's own potential. Raises
    InputError for an unknown variant, LammpsError where LAMMPS has no energy.
    """
    mean = potential_from_posterior(posterior)
    variant = variant_potential(mean, posterior, name)
    relaxed = minimum_from_dataset(reference, mean).atoms
    atoms = predicted_structure(relaxed, derivative, variant.theta - mean.theta)
    atoms.info["potential"] = variant.name
    calculator = variant.calculator()
    calculator.calculate(atoms)
    calculator.close()
    atoms.calc = SinglePointCalculator(atoms, **calculator.results)
    return atoms


def export_variant(folder: str | Path, name: str, target: str | Path) -> list[Path]:
    """Write a variant of a finished study, its potential or its predicted structure.

    folder: results/<study>, and `target`.snapcoeff, .snapparam and .snap are written for LAMMPS, or
    what it reads of another potential; or results/<study>/<structure>, and `target` is a structure
    file, in the format that its ending names; name: of the variant, such as sample007_lambda+04.0.
    Returns the paths. Raises InputError for another folder, an unknown variant, files that exist,
    or a potential that LAMMPS does not know.
    """
    folder, target = Path(folder), Path(target)
    of_structure = (folder / "derivative.nc").exists()
    study = folder.parent if of_structure else folder
    if not (study / "posterior.nc").exists():
        raise InputError(
            f"{folder}: is no folder of a study: name results/<study> for the variant's potential "
            "or results/<study>/<structure> for its predicted structure"
        )
    posterior = read_posterior(study / "posterior.nc")
    for path in [target] if of_structure else _potential_paths(target, posterior):
        if path.exists():
            raise InputError(f"{path} exists: remove it, or name another file")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not of_structure:
        mean = potential_from_posterior(posterior)
        return list(variant_potential(mean, posterior, name).write(target))
    reference, derivative = (read_dataset(folder / f"{n}.nc") for n in ("reference", "derivative"))
    predicted_atoms(posterior, reference, derivative, name).write(target)
    return [target]


def _potential_paths(target, posterior):
    """Where a potential may be written to, a list; ones that are not SNAP have other endings."""
    if not is_snap(posterior.attrs):
        return [each for each in target.parent.glob("*") if each.stem == target.name]
    endings = (".snapcoeff", ".snapparam", ".snap")
    return [target.with_name(target.name + ending) for ending in endings]
