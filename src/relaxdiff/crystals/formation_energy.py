"""Formation energy and volume: a structure's less those of as many atoms in perfect crystals.

    E_f = U* - N e_crystal* - sum_s N_s mu_s,    V_f = V* - N v_crystal* - sum_s N_s v_s

for a cell of N atoms of the crystal's element and N_s of each solute s, whose chemical potential
mu_s is the energy per atom of a crystal of its own, mu_s = e_s* and v_s = v_s*, or a number that
was given. N e_crystal* is the energy of as many atoms of the crystal.

Of a compound, N is the number of its atoms that holds all atoms of the crystal's element, and N_s
what is there of s beyond, or, negative, lacks. That is the same as a chemical potential of the
crystal's element that follows from the others', so that atoms in the compound are in equilibrium
with it (Zhang & Northrup, Phys. Rev. Lett. 67, 2339, 1991). A given chemical potential has no
volume of its own: v_s is the compound's volume per atom.
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.posterior import variant_shifts
from relaxdiff.structures import crystal_from

SMALLEST_EXCESS = 1e-9  # atoms; less is rounding


@dataclass(frozen=True)
class ComparedWith:
    """What a structure is compared with: atoms of the crystal, and what it has beyond these.

    n_host: number of atoms of the crystal; solute_energy: eV; solute_volume: Angstrom^3; both over
    the variants, 0 without solutes.
    """

    n_host: float
    solute_energy: np.ndarray
    solute_volume: np.ndarray

    def formation(self, energy, volume, crystal_energy, crystal_volume):
        """E_f in eV and V_f in Angstrom^3 of a cell; of the crystal the values per atom."""
        return (
            energy - self.n_host * crystal_energy - self.solute_energy,
            volume - self.n_host * crystal_volume - self.solute_volume,
        )

    def at(self, *variant):
        """The same for one variant, indices of sample and lambda."""
        return ComparedWith(self.n_host, self.solute_energy[variant], self.solute_volume[variant])


def beyond_crystal(attributes, composition):
    """How many atoms of the crystal hold a structure's host atoms, and the solutes beyond these.

    attributes: of a Dataset of `crystal_of_variants`; composition: of the structure, a dict of
    element and number of atoms. Returns a number and a dict, in the order of the composition and
    then of the crystal; of solutes that the crystal lacks negative numbers.
    """
    crystal = crystal_from(attributes)
    fractions = crystal.fractions
    size = composition.get(crystal.element, 0) / fractions[crystal.element]
    elements = [each for each in {**composition, **fractions} if each != crystal.element]
    excess = {s: composition.get(s, 0) - size * fractions.get(s, 0) for s in elements}
    return size, {s: count for s, count in excess.items() if abs(count) > SMALLEST_EXCESS}


def compared_with(crystal, composition, posterior=None):
    """The ComparedWith of a structure, for all variants of a crystal Dataset, whatever its shape.

    composition: dict of element and number of atoms; posterior: given when energies are to be
    without energy shifts, as predicted ones are at first; the crystal then has all samples.
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
