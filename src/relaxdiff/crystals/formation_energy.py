"""Formation energy and volume: a structure's less those of as many atoms in perfect crystals.

    E_f = U* - N e_crystal* - sum_s N_s e_s*,    V_f = V* - N v_crystal* - sum_s N_s v_s*

for a cell of N atoms of the crystal's element and N_s of each solute, which is compared with a
crystal of its own.
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.posterior import variant_shifts


@dataclass(frozen=True)
class ComparedWith:
    """What a structure is compared with: atoms of the crystal, and crystals of all its solutes.

    n_host: number of atoms of the crystal's element; solute_energy: eV; solute_volume: Angstrom^3;
    both over the variants, 0 without solutes.
    """

    n_host: int
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


def compared_with(crystal, composition, posterior=None):
    """The ComparedWith of a structure, for all variants of a crystal Dataset, whatever its shape.

    composition: dict of element and number of atoms; posterior: given when energies are to be
    without energy shifts, as predicted ones are at first; the crystal then has all samples.
    """
    host = crystal.attrs["element"]
    solutes = {element: count for element, count in composition.items() if element != host}
    energy, volume = np.zeros(crystal["energy"].shape), np.zeros(crystal["energy"].shape)
    for element, count in solutes.items():
        of = crystal.sel(solute=element)
        energy = energy + count * of["solute_energy"].values
        volume = volume + count * of["solute_volume"].values
    if posterior is not None:
        energy = energy - variant_shifts(posterior, crystal["lambda"].values, solutes)
    return ComparedWith(composition.get(host, 0), energy, volume)
