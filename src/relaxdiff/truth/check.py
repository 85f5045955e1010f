"""The truth checked by plain LAMMPS: own forces and minimiser, no symmetry, another start.

Of a potential that LAMMPS does not know, by ASE's minimiser (`plain.py`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relaxdiff.crystals import beyond_crystal, chemical_potentials, solute_crystals
from relaxdiff.exceptions import EvaluationError, RelaxationError
from relaxdiff.posterior import variant_energy_shifts, variant_weights
from relaxdiff.structures import (
    Freedom,
    cell_strains,
    crystal_from,
    largest_displacement,
    planes_of_crystal,
)
from relaxdiff.truth.plain import minimise_plainly

# Angstrom, standard deviation of the random displacements at the start, which break all symmetry.
SHAKE = 0.01
TOLERANCE = 1e-5  # eV/Angstrom: leaves 1e-8 eV and 1e-4 Angstrom^3
ENERGY_BOUND = 1e-5  # eV, a thousand times what TOLERANCE leaves
VOLUME_BOUND = 1e-3  # Angstrom^3, ten times what TOLERANCE leaves
LOST = 0.5  # Angstrom; a relaxation this far from the truth is not finished
SAME_STRUCTURE = 1e-2  # Angstrom; further apart than this, two minima are different ones
COLUMNS = (
    "sample",
    "lambda",
    "formation_energy_difference_eV",
    "formation_volume_difference_A3",
    "largest_displacement_A",
    "force_calls",
    "verdict",
    "message",
)


@dataclass(frozen=True)
class _Compared:
    """What a structure is compared with.

    crystals: its reference crystal and those of solutes, each with a number of atoms, Atoms and
    their Freedom; given: numbers of atoms and chemical potentials, eV, of other solutes.
    """

    crystals: list
    given: list

    def minimised(self, variant):
        """The crystals, relaxed by plain LAMMPS."""
        return [
            minimise_plainly(atoms, variant, TOLERANCE, freedom)
            for _, atoms, freedom in self.crystals
        ]

    def formation(self, defect, perfect):
        """E_f in eV and V_f in Angstrom^3; perfect: of `minimised`."""
        energy, volume = defect.energy, defect.atoms.get_volume()
        for (count, atoms, _), end in zip(self.crystals, perfect, strict=True):
            energy -= count / len(atoms) * end.energy
            volume -= count / len(atoms) * end.atoms.get_volume()
        own = perfect[0].atoms
        for count, potential in self.given:
            energy -= count * potential
            volume -= count * own.get_volume() / len(own)
        return energy, volume


def choose_variants(truth, count, seed):
    """A random choice of converged variants: list of (sample, index of lambda), in that order."""
    converged = np.argwhere(truth["status"].values == "converged")
    count = min(count, len(converged))
    chosen = np.random.default_rng(seed).choice(len(converged), size=count, replace=False)
    return [(int(sample), int(index)) for sample, index in converged[np.sort(chosen)]]


def check_variants(minimum, posterior, crystal, truth, chosen, settings, report):
    """Relax the chosen variants with plain LAMMPS, from the shaken reference, and compare.

    minimum: the reference, in whose coordinates truth's `coordinates` are; posterior, crystal,
    truth: the Datasets of those names; settings: the structure's entry in the config; report:
    called with a line of text per variant. Returns a table with one row per variant: sample,
    lambda, differences in E_f (eV) and V_f (Angstrom^3), LAMMPS minus truth, and a verdict:
    'agrees', 'disagrees', 'LAMMPS not converged' or 'LAMMPS error'. Where LAMMPS ends in another
    structure, the true one is also shaken and relaxed; the verdict is 'other minimum' if it returns
    to where it was, 'saddle point' if not.
    """
    lambdas = truth["lambda"].values
    weights = variant_weights(posterior, lambdas)
    shifts = variant_energy_shifts(posterior, lambdas)
    perfect, crystal_freedom = _perfect_crystal(crystal, settings)
    size, excess = beyond_crystal(crystal.attrs, minimum.atoms.symbols.formula.count())
    solutes = [
        (excess[element], *_solute_cell(each)) for element, each in solute_crystals(crystal).items()
    ]
    given = [(excess[element], mu) for element, mu in chemical_potentials(crystal).items()]
    rows = []
    for sample, index in chosen:
        variant = minimum.potential.with_theta(weights[sample, index, :-1], shifts[sample, index])
        here = truth.isel({"sample": sample, "lambda": index})
        relaxed = minimum.coordinates.structure(here["coordinates"].values)
        stretch = 1.0
        if settings["cell"] in ("isotropic", "full"):
            volume = float(crystal["volume"][sample, index])
            stretch = (volume / float(crystal["reference_volume"])) ** (1 / 3)
        start = _stretched(minimum.atoms, stretch), minimum.coordinates.freedom
        own = (size, _stretched(perfect, stretch), crystal_freedom)
        row = {"sample": sample, "lambda": float(lambdas[index])}
        compared = _Compared([own, *solutes], given)
        row |= _compare(variant, start, compared, here, relaxed, seed=sample)
        report(
            f"sample {sample}, lambda {lambdas[index]:+g}: {row['verdict']}, differences "
            f"{row['formation_energy_difference_eV']:.1e} eV and "
            f"{row['formation_volume_difference_A3']:.1e} A^3, {row['force_calls']} force calls"
        )
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def judge(table):
    """One sentence on the whole check; RelaxationError when truth and LAMMPS disagree."""
    if table.empty:
        return "no variant has converged, so none was checked"
    disagreeing = table[table["verdict"] == "disagrees"]
    if len(disagreeing):
        worst = disagreeing.iloc[0]
        raise RelaxationError(
            f"plain LAMMPS contradicts the truth of {len(disagreeing)} of {len(table)} checked "
            f"variants, first sample {worst['sample']}, lambda {worst['lambda']:+g}: "
            f"{worst['formation_energy_difference_eV']:.1e} eV and "
            f"{worst['formation_volume_difference_A3']:.1e} A^3"
        )
    counts = ", ".join(
        f"{count} {verdict}" for verdict, count in table["verdict"].value_counts().items()
    )
    agreeing = table[table["verdict"] == "agrees"]
    energy = agreeing["formation_energy_difference_eV"].abs().max()
    volume = agreeing["formation_volume_difference_A3"].abs().max()
    return f"{counts}; largest differences {energy:.1e} eV and {volume:.1e} A^3"


def _perfect_crystal(crystal, settings):
    """Atoms of the mean's reference crystal, and their Freedom: the structure's constraint."""
    mean, cell = crystal_from(crystal.attrs), settings["cell"]
    atoms = mean.conventional()
    if cell == "in_plane_fixed":  # LAMMPS relaxes a cell along the normal of its first two vectors
        atoms = planes_of_crystal(settings["plane"], mean)
    one_length = mean.c is None and mean.is_simple
    kind = "isotropic" if cell == "full" and one_length else cell
    # A crystal has no vacuum, whatever the reach of the potential.
    return atoms, Freedom(strains=cell_strains(kind, atoms, reach=np.inf))


def _solute_cell(crystal):
    """Atoms of a solute's crystal, a PerfectCrystal at the mean, and their Freedom."""
    atoms = crystal.conventional()
    kind = "isotropic" if crystal.c is None else "full"
    return atoms, Freedom(strains=cell_strains(kind, atoms, reach=np.inf))


def _stretched(atoms, stretch):
    """A copy, all lengths multiplied by `stretch`."""
    scaled = atoms.copy()
    scaled.set_cell(atoms.cell.array * stretch, scale_atoms=True)
    return scaled


def _shaken(atoms, freedom, seed):
    """A copy with random displacements of the atoms that may move, in allowed directions."""
    shaken = atoms.copy()
    chance = np.random.default_rng(seed).normal(scale=SHAKE, size=(len(atoms), 3))
    moved = chance @ freedom.directions.T @ freedom.directions
    if freedom.fixed is not None:
        moved[freedom.fixed] = 0.0
    shaken.positions += moved
    return shaken


def _compare(variant, start, compared, true, relaxed, seed):
    """The columns of a row that come from LAMMPS; start: Atoms and their Freedom."""
    atoms, freedom = start
    shaken = _shaken(atoms, freedom, seed)
    row = {
        "formation_energy_difference_eV": np.nan,
        "formation_volume_difference_A3": np.nan,
        "largest_displacement_A": np.nan,
        "force_calls": 0,
    }
    try:
        defect = minimise_plainly(
            shaken, variant, TOLERANCE, freedom, lost=lambda a: _lost(relaxed, a)
        )
        perfect = compared.minimised(variant)
    except EvaluationError as error:
        return row | {"verdict": "LAMMPS error", "message": str(error)}
    energy, volume = compared.formation(defect, perfect)
    energy_difference = energy - float(true["formation_energy"])
    volume_difference = volume - float(true["formation_volume"])
    apart = largest_displacement(relaxed, defect.atoms)
    ends = [defect, *perfect]
    if max(end.max_gradient for end in ends) > TOLERANCE and apart < LOST:
        verdict = "LAMMPS not converged"
    elif abs(energy_difference) < ENERGY_BOUND and abs(volume_difference) < VOLUME_BOUND:
        verdict = "agrees"
    elif apart < SAME_STRUCTURE:
        verdict = "disagrees"
    else:
        verdict = (
            "other minimum" if _is_minimum(relaxed, variant, freedom, seed) else "saddle point"
        )
    return {
        "formation_energy_difference_eV": energy_difference,
        "formation_volume_difference_A3": volume_difference,
        "largest_displacement_A": apart,
        "force_calls": sum(end.n_force_calls for end in ends),
        "verdict": verdict,
        "message": "",
    }


def _is_minimum(relaxed, variant, freedom, seed):
    """Whether plain LAMMPS returns to a structure from which atoms were shaken."""
    shaken = _shaken(relaxed, freedom, seed)
    try:
        again = minimise_plainly(
            shaken, variant, TOLERANCE, freedom, lost=lambda a: _lost(relaxed, a)
        )
    except EvaluationError:
        return False
    return largest_displacement(relaxed, again.atoms) < SAME_STRUCTURE


def _lost(relaxed, atoms):
    return largest_displacement(relaxed, atoms) > LOST
