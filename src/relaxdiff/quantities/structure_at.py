"""A structure's formation energy and volume at any parameters, each with its gradient by them.

The structure is relaxed at the parameters, from its first minimum stretched like the crystal, so
that results do not depend on what was evaluated before. The gradient of an energy at a minimum is
that at fixed positions; that of a volume takes one solve.
"""

import numpy as np

from relaxdiff.derivative import adjoint_derivative
from relaxdiff.exceptions import RelaxationError
from relaxdiff.minima import relax
from relaxdiff.quantities.crystal_at import Quantity
from relaxdiff.structures import largest_displacement

# Of the nearest-neighbour distance; a structure whose atoms move farther is another one.
BASIN_RADIUS = 0.25


class StructureQuantities:
    """formation_energy and formation_volume of a structure of the crystal's own elements.

    name: for messages; minimum: the Minimum at some parameters; cell: how its cell relaxes,
    'isotropic' or 'full'; crystal: the PerfectCrystal at these parameters.
    """

    def __init__(self, name, minimum, cell, crystal):
        self.name, self.cell = name, cell
        self.minimum, self.lengths = minimum, crystal.lengths
        self._nearest = minimum.coordinates.nearest_neighbour_distance

    def relaxed(self, potential, crystal):
        """The Minimum with another potential, whose PerfectCrystal is `crystal`.

        Raises RelaxationError where the structure does not relax to one like it.
        """
        start, stretch = self.minimum.atoms.copy(), crystal.lengths / self.lengths
        stretch = np.diag([stretch[0], stretch[0], stretch[-1]])
        start.set_cell(start.cell.array @ stretch, scale_atoms=True)
        minimum = relax(start, potential, self.cell)
        if not minimum.converged:
            raise RelaxationError(f"structures.{self.name}: {minimum.status}")
        if largest_displacement(start, minimum.atoms) > BASIN_RADIUS * self._nearest:
            raise RelaxationError(f"structures.{self.name}: relaxes to another structure")
        return minimum

    def at(self, potential, quantities, crystal):
        """A dict of Quantity at a potential's parameters.

        quantities, crystal: of `CrystalQuantities.at` there. Raises as `relaxed`.
        """
        minimum = self.relaxed(potential, crystal)
        coordinates, count = minimum.coordinates, len(minimum.atoms)
        with potential.evaluator(coordinates) as evaluator:
            slopes = evaluator.parameter_gradient(np.zeros(coordinates.size), potential.theta)
        cohesive = quantities["cohesive_energy"]
        energy = minimum.energy + count * cohesive.values[0]
        by_energy = slopes + count * cohesive.gradient[0]
        volume = minimum.atoms.get_volume()
        grows = volume * np.einsum("kii->k", coordinates.strains)
        still = np.zeros((count, 3))
        by_volume = adjoint_derivative(minimum, still, grows).values
        per_atom, lengths = crystal.volume_per_atom, crystal.lengths
        powers = (3,) if len(lengths) == 1 else (2, 1)
        names = ("lattice_parameter", "lattice_parameter_c")
        by_crystal = sum(
            power / length * quantities[name].gradient[0]
            for power, length, name in zip(powers, lengths, names, strict=False)
        )
        return {
            "formation_energy": Quantity(np.array([energy]), by_energy[None], "eV"),
            "formation_volume": Quantity(
                np.array([volume - count * per_atom]),
                (by_volume - count * per_atom * by_crystal)[None],
                "Angstrom^3",
            ),
        }
