"""Formation energy and volume: a structure's less those of as many atoms in perfect crystals.

    E_f = U* - N e_crystal* - sum_s N_s mu_s,    V_f = V* - N v_crystal* - sum_s N_s v_s

for a cell of N atoms of the crystal's element and N_s of each solute s, whose chemical potential
mu_s is the energy per atom of a crystal of its own, mu_s = e_s* and v_s = v_s*, or a number that
was given. N e_crystal* is the energy of as many atoms of the crystal.

For a compound, N is the number of atoms of perfect compound with as many atoms of the crystal's
element as the cell, and N_s is the number of further atoms of s, negative if some are missing. The
chemical potential of the crystal's element thus follows from the others', such that their sum is
the compound's energy (Zhang & Northrup, Phys. Rev. Lett. 67, 2339, 1991). A given chemical
potential has no volume: v_s is then the compound's volume per atom.
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.posterior import variant_shifts
from relaxdiff.structures import crystal_from

SMALLEST_EXCESS = 1e-9  # atoms; less is rounding


@dataclass(frozen=True)
class ComparedWith:
    """What a structure is compared with: atoms of the crystal, and further atoms of solutes.

    n_host: number of atoms of the crystal; solute_energy: eV; solute_volume: Angstrom^3; both over
    the variants, 0 without solutes.
    """

    n_host: float
    solute_energy: np.ndarray
    solute_volume: np.ndarray

    def formation(self, energy, volume, crystal_energy, crystal_volume):
        """E_f in eV and V_f in Angstrom^3 of a cell; those of the crystal are per atom."""
        return (
            energy - self.n_host * crystal_energy - self.solute_energy,
            volume - self.n_host * crystal_volume - self.solute_volume,
        )

    def at(self, *variant):
        """The same for one variant, indices of sample and lambda."""
        return ComparedWith(self.n_host, self.solute_energy[variant], self.solute_volume[variant])


def beyond_crystal(attributes, composition):
    """Number of crystal atoms that a structure is compared with, and its further atoms of solutes.

    attributes: of a Dataset of `crystal_of_variants`; composition: of the structure, a dict of
    element and number of atoms. Returns a number and a dict, in the order of the composition and
    then of the crystal; negative for elements of which atoms are missing in the structure.
    """
    crystal = crystal_from(attributes)
    fractions = crystal.fractions
    size = composition.get(crystal.element, 0) / fractions[crystal.element]
    elements = [each for each in {**composition, **fractions} if each != crystal.element]
    excess = {s: composition.get(s, 0) - size * fractions.get(s, 0) for s in elements}
    return size, {s: count for s, count in excess.items() if abs(count) > SMALLEST_EXCESS}


def compared_with(crystal, composition, posterior=None):
    """The ComparedWith of a structure, for all variants of a crystal Dataset, whatever its shape.

    composition: dict of element and number of atoms; posterior: given if energies shall be without
    energy shifts, as predicted ones are at first; the crystal then has all samples.
    """
    size, solutes = beyond_crystal(crystal.attrs, composition)
    energy, volume = np.zeros(crystal["energy"].shape), np.zeros(crystal["energy"].shape)
    for element, count in solutes.items():
        of = crystal.sel(solute=element)
        energy = energy + count * of["solute_energy"].values
        volume = volume + count * of["solute_volume"].values
    if posterior is not None:
        energy = energy - variant_shifts(posterior, crystal["lambda"].values, solutes)
    return ComparedWith(size, energy, volume)
