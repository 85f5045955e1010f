"""Formation energy and volume at any parameters against differences of relaxed structures."""

import numpy as np
import pytest
from entries import vacancy

from relaxdiff.minima.reference import relax_reference
from relaxdiff.quantities.crystal_at import CrystalQuantities
from relaxdiff.quantities.structure_at import StructureQuantities
from relaxdiff.structures.lattices import starting_crystal

CRYSTAL = {"element": "W", "lattice": "bcc", "lattice_parameter": None}
STEP = 3e-3  # relative


@pytest.fixture(scope="module")
def quantities(tungsten):
    """Functions of a potential: of the crystal and of a vacancy in 15 atoms."""
    crystal = CrystalQuantities(tungsten, starting_crystal("W", "bcc"))
    minimum = relax_reference(tungsten, CRYSTAL, vacancy(2))
    structure = StructureQuantities("vacancy", minimum, "isotropic", crystal.at(tungsten)[1])
    return lambda potential: structure.at(potential, *crystal.at(potential))


def test_gradients(tungsten, quantities):
    found = quantities(tungsten)
    for place in (30,):
        size = STEP * abs(tungsten.theta[place])

        def at(times, place=place, size=size):
            theta = tungsten.theta.copy()
            theta[place] += times * size
            return quantities(tungsten.with_theta(theta))

        near, far = ((at(n), at(-n)) for n in (1, 2))
        for name, quantity in found.items():
            first, second = (
                (ahead[name].values - behind[name].values)[0] for ahead, behind in (near, far)
            )
            expected = (8 * first - second) / (12 * size)
            scale = np.abs(quantity.gradient).max()
            assert quantity.gradient[0, place] == pytest.approx(
                expected, rel=1e-6, abs=1e-7 * scale
            )


def test_it_does_not_depend_on_what_was_evaluated_before(tungsten, quantities):
    first = quantities(tungsten)
    quantities(tungsten.with_theta(1.001 * tungsten.theta))
    again = quantities(tungsten)
    for name in first:
        assert np.array_equal(first[name].values, again[name].values)
