"""The examples' numbers at the mean, and what DFT of the training set says of them.

    snakemake --cores 2
    snakemake --cores 2 --configfile config/examples/tungsten_defects.yaml    # and the others
    python benchmarks/validation.py results/tungsten results/tungsten_defects results/tantalum \
        --training PATH > numbers.md

Prints, for each study, the crystal and all structures at the mean of the posterior; with
--training, the path of the data of resources/tungsten.yaml, what its configurations give
themselves: elastic constants from the strained unit cells, energies of the ideal surfaces, and
energies of vacancies and interstitials from what DFT and the potential differ by.
docs/validation.md puts published numbers beside them.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.posterior.group_weights import read_weights
from relaxdiff.posterior.training_data import read_group
from relaxdiff.units import GPA, JOULE_PER_SQUARE_METRE

ROOT = Path(__file__).parents[1]
INTERSTITIALS = [f"BCC_ForceLib_W{name}" for name in ("110", "111", "Oct", "Tet")]
LARGEST_STRAIN = 0.02  # of the unit cells that elastic constants are fitted to


def crystal_rows(study):
    """Lattice parameter, moduli and elastic constants at the mean, pairs of name and value."""
    bulk = xr.open_dataset(study / "bulk.nc").sel({"lambda": 0.0}).isel(sample=0)
    rows = [("a, A", bulk["lattice_parameter"], ".4f")]
    if "bulk_modulus" in bulk and "tetragonal_shear_modulus" in bulk:
        modulus, shear = float(bulk["bulk_modulus"]), float(bulk["tetragonal_shear_modulus"])
        rows += [
            ("B, GPa", modulus, ".1f"),
            ("C11, GPa", modulus + 4 * shear / 3, ".1f"),
            ("C12, GPa", modulus - 2 * shear / 3, ".1f"),
            ("C44, GPa", bulk["shear_modulus_c44"], ".1f"),
        ]
    return [(name, format(float(value), digits)) for name, value, digits in rows]


def structure_rows(study):
    """Formation energies and volumes, and energies per area, of all structures at the mean."""
    rows = []
    for path in sorted(study.glob("*/summary.csv")):
        summary = pd.read_csv(path)
        at_mean = summary[summary["topic"] == "reference"]
        rows += [
            (f"{path.parent.name}, {row.item}", f"{row.value:.4g} {row.units}")
            for row in at_mean.itertuples()
        ]
    return rows


def elastic_constants(cells, energies):
    """Lattice parameter (A), C11, C12, C44 (GPa) and how many of the bcc unit cells they come from.

    cells: rows are primitive vectors, (n, 3, 3), the first is the perfect one; energies: eV, (n,).
    The energy is of third order in the Green-Lagrange strain, with the six invariants of cubic
    symmetry.
    """
    inverse = np.linalg.inv(cells[0])
    gradients = np.array([(inverse @ cell).T for cell in cells])
    strain = 0.5 * (gradients.swapaxes(1, 2) @ gradients - np.eye(3))
    small = np.abs(strain).max(axis=(1, 2)) < LARGEST_STRAIN
    x, y, z = (strain[small, i, i] for i in range(3))
    p, q, r = (strain[small, i, j] for i, j in ((1, 2), (0, 2), (0, 1)))
    columns = [
        np.ones_like(x),
        x + y + z,
        (x**2 + y**2 + z**2) / 2,
        x * y + y * z + z * x,
        2 * (p**2 + q**2 + r**2),
        x**3 + y**3 + z**3,
        x**2 * (y + z) + y**2 * (z + x) + z**2 * (x + y),
        x * y * z,
        x * p**2 + y * q**2 + z * r**2,
        x * (q**2 + r**2) + y * (r**2 + p**2) + z * (p**2 + q**2),
        p * q * r,
    ]
    volume = abs(np.linalg.det(cells[0]))
    found, *_ = np.linalg.lstsq(np.column_stack(columns), energies[small] / volume)
    _, pressure, c11, c12, c44, *_ = found
    length = np.cbrt(2 * volume) * (1 - pressure / (c11 + 2 * c12))
    return length, *(GPA * np.array([c11, c12, c44])), int(small.sum())


def training_rows(data, potential):
    """What the training configurations themselves say, rows of DFT and of the potential."""
    weights = read_weights(ROOT / "resources/tungsten_weights.csv")

    def group(name):
        return read_group(data, name, weights, "W")

    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:

        def energy(atoms):
            values = calculator.evaluate(atoms).values @ potential.weights
            return values + len(atoms) * potential.energy_shift

        unit_cells = sorted(group("slice_sample"), key=lambda each: each.energy)
        perfect = unit_cells[0]
        rows = elastic_rows(unit_cells, energy)
        rows += surface_rows(group("surface"), perfect, energy)
        rows += vacancy_rows(group("vacancy"), group("md_bulk"), energy)
        interstitials = [each for name in INTERSTITIALS for each in group(name)]
        rows += interstitial_rows(interstitials, group("EOS_Data"), energy)
    return rows


def elastic_rows(unit_cells, energy):
    """Elastic constants by DFT and by the potential at the very same cells."""
    cells = np.array([each.atoms.cell.array for each in unit_cells])
    dft = np.array([each.energy for each in unit_cells])
    own = np.array([energy(each.atoms) for each in unit_cells])
    *by_dft, count = elastic_constants(cells, dft)
    *by_potential, _ = elastic_constants(cells, own)
    names = ("a, A", "C11, GPa", "C12, GPa", "C44, GPa")
    digits = (4, 0, 0, 0)
    return [
        (f"{name} ({count} unit cells)", f"{one:.{digit}f}", f"{other:.{digit}f}")
        for name, digit, one, other in zip(names, digits, by_dft, by_potential, strict=True)
    ]


def surface_rows(slabs, perfect, energy):
    """Energies of the slab with the smallest forces of each surface, J/m^2."""
    found = {}
    for each in slabs:
        lengths = np.sort(each.atoms.cell.lengths()).round(1)
        force = np.abs(each.forces).max()
        if force < found.get(tuple(lengths), (np.inf,))[0]:
            found[tuple(lengths)] = force, each
    own_perfect = energy(perfect.atoms)
    rows = []
    for force, each in found.values():
        atoms = each.atoms
        area = atoms.get_volume() / atoms.cell.lengths().max()
        factor = JOULE_PER_SQUARE_METRE / (2 * area)
        name = f"{Path(each.name).name}, {area:.2f} A^2, largest force {force:.1f} eV/A, J/m^2"
        rows.append(
            (
                name,
                f"{factor * (each.energy - len(atoms) * perfect.energy):.3f}",
                f"{factor * (energy(atoms) - len(atoms) * own_perfect):.3f}",
            )
        )
    return rows


def vacancy_rows(vacancies, bulk, energy):
    """What E_f by DFT is above that of the potential: mean over snapshots, eV."""
    per_atom = [(each.energy - energy(each.atoms)) / len(each.atoms) for each in bulk]
    rows = []
    for count in (53, 127):
        apart = [
            each.energy - energy(each.atoms) - count * np.mean(per_atom)
            for each in vacancies
            if len(each.atoms) == count
        ]
        error = np.hypot(
            np.std(apart) / np.sqrt(len(apart)), count * np.std(per_atom) / np.sqrt(len(per_atom))
        )
        name = f"vacancy in {count} atoms, E_f of DFT less that of the potential, eV"
        rows.append(
            (f"{name} ({len(apart)} snapshots)", f"{np.mean(apart):.3f} +- {error:.3f}", "")
        )
    return rows


def interstitial_rows(interstitials, crystals, energy):
    """What E_f by DFT is above that of the potential, eV, in the largest cells of each kind.

    The crystal's own difference is that of the bcc cells of the same volume per site.
    """
    bcc = [each for each in crystals if Path(each.name).name.startswith("BCCEOS")]
    per_atom = [each.atoms.get_volume() / len(each.atoms) for each in bcc]
    apart = [(each.energy - energy(each.atoms)) / len(each.atoms) for each in bcc]
    order = np.argsort(per_atom)
    largest = max(each.atoms.get_volume() for each in interstitials)
    rows = []
    for each in interstitials:
        count, volume = len(each.atoms), each.atoms.get_volume()
        if np.isclose(volume, largest):
            site = volume / (count - 1)
            own = count * np.interp(site, np.array(per_atom)[order], np.array(apart)[order])
            above = each.energy - energy(each.atoms) - own
            name = f"{Path(each.name).name}, E_f of DFT less that of the potential, eV"
            rows.append((name, f"{above:.2f}", ""))
    return rows


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="+", type=Path)
    parser.add_argument("--training", type=Path)
    given = parser.parse_args()
    for study in given.studies:
        print(f"| {study.name} | at the mean |\n|---|---|")
        for name, value in [*crystal_rows(study), *structure_rows(study)]:
            print(f"| {name} | {value} |")
        print()
    if given.training:
        potential = potential_from_posterior(read_posterior(ROOT / "resources/tungsten.nc"))
        print("| training set | DFT | potential |\n|---|---|---|")
        for row in training_rows(given.training, potential):
            print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
