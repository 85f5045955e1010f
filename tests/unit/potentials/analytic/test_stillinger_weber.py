"""Silicon of Stillinger and Weber: LAMMPS's pair style sw, the end, derivatives."""

import numpy as np
import pytest
from one_atom import (
    assert_same,
    changed,
    derivatives,
    differences,
    energy_at,
    lammps_results,
    numbers_in,
    own_results,
    silicon,
    third_difference,
    values_of,
)

from relaxdiff.exceptions import InputError
from relaxdiff.potentials.analytic import analytic_potential, stillinger_weber

OWN = values_of(stillinger_weber)
CUTOFF = stillinger_weber.cutoff(OWN)
VECTORS = np.array([[2.3, 0.1, 0], [-0.6, 2.2, 0.3], [-0.9, -1.3, 1.8], [0.2, -1.2, -3.2]])


@pytest.mark.parametrize("parameters", [OWN, changed(stillinger_weber)], ids=["own", "changed"])
@pytest.mark.parametrize("sheared", [False, True])
@pytest.mark.parametrize("displacement", [0, 0.05, 0.1, 0.2, 0.35])
def test_it_is_the_energy_of_lammps(displacement, sheared, parameters):
    atoms = silicon(displacement, sheared)
    potential = analytic_potential("stillinger_weber", parameters)
    expected = lammps_results(atoms, potential.lammps_lines, ("Si",))
    assert_same(atoms, own_results(atoms, potential), expected, 1e-11, 1e-10, 1e-12)
    assert expected["energy"] < -len(atoms)


def test_its_parameters_are_those_of_the_file_that_comes_with_lammps(tungsten_files, tmp_path):
    (path,) = analytic_potential("stillinger_weber").write(tmp_path / "my.Si")
    assert path == tmp_path / "my.Si.sw"
    assert numbers_in(path) == numbers_in(tungsten_files[0].parent / "Si.sw")


def test_silicon_under_another_name(tmp_path):
    potential = analytic_potential("stillinger_weber", elements=["Ge"])
    atoms = silicon(0.1, True)
    atoms.symbols[:] = "Ge"
    expected = lammps_results(atoms, potential.lammps_lines, ("Ge",))
    assert_same(atoms, own_results(atoms, potential), expected, 1e-11, 1e-10, 1e-12)


def test_what_lammps_refuses_is_not_written(tmp_path):
    potential = analytic_potential("stillinger_weber", {"q": -0.01})
    with pytest.raises(InputError, match="takes no negative q"):
        potential.write(tmp_path / "Si")


def test_the_third_difference_across_the_cutoff_goes_to_zero():
    def energy(r):
        return energy_at(stillinger_weber)(np.vstack([VECTORS[:3], [0, 0, r]]), OWN)

    found = [abs(third_difference(energy, CUTOFF, step)) for step in (0.2, 0.1, 0.05)]
    assert found[0] > 4 * found[1] > 16 * found[2]


def test_no_derivative_is_a_nan_and_absent_neighbours_change_nothing():
    ends = np.array([[0, CUTOFF, 0], [0, 0, np.nextafter(CUTOFF, 0)], [-CUTOFF - 1e-12, 0, 0]])
    vectors = np.concatenate([VECTORS, ends, np.full((2, 3), 1e3)])
    found = derivatives(energy_at(stillinger_weber), vectors, OWN)
    assert all(np.isfinite(each).all() for each in found)
    alone = energy_at(stillinger_weber)(VECTORS, OWN)
    assert float(energy_at(stillinger_weber)(vectors, OWN)) == pytest.approx(
        float(alone), rel=1e-13
    )
    np.testing.assert_allclose(found[0][VECTORS.size : vectors.size], 0, atol=1e-15)
    assert energy_at(stillinger_weber)(vectors[-2:], OWN) == 0


def test_derivatives_by_vectors_and_parameters():
    gradient, hessian, _ = derivatives(energy_at(stillinger_weber), VECTORS, OWN)
    first, second = differences(energy_at(stillinger_weber), VECTORS, OWN)
    np.testing.assert_allclose(gradient, first, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(hessian, second, rtol=1e-6, atol=1e-6)
    # q is 0, where a derivative of a power is easily lost.
    place = VECTORS.size + list(OWN).index("q")
    assert np.abs(hessian[place, : VECTORS.size]).max() > 0.1
