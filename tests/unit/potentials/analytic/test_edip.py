"""EDIP: LAMMPS's pair style edip, how smooth it is, derivatives."""

import jax
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
from relaxdiff.potentials.analytic import analytic_potential, edip

OWN = values_of(edip)
START, CUTOFF = OWN["cutoffC"], OWN["cutoffA"]
VECTORS = np.array([[2.3, 0.1, 0], [-0.6, 2.2, 0.3], [-0.9, -1.3, 1.8], [0.2, -1.2, -2.6]])


@pytest.mark.parametrize("parameters", [OWN, changed(edip)], ids=["own", "changed"])
@pytest.mark.parametrize("sheared", [False, True])
@pytest.mark.parametrize("displacement", [0, 0.05, 0.1, 0.2, 0.35])
def test_it_is_the_energy_of_lammps(displacement, sheared, parameters):
    """To the errors of LAMMPS's linear interpolation."""
    atoms = silicon(displacement, sheared)
    potential = analytic_potential("edip", parameters)
    expected = lammps_results(atoms, potential.lammps_lines, ("Si",))
    assert_same(atoms, own_results(atoms, potential), expected, 1e-7, 1e-5, 1e-7)
    assert expected["energy"] < -len(atoms)


def test_its_parameters_are_those_of_the_file_that_comes_with_lammps(tungsten_files, tmp_path):
    (path,) = analytic_potential("edip").write(tmp_path / "my.Si")
    assert path == tmp_path / "my.Si.edip"
    assert numbers_in(path) == numbers_in(tungsten_files[0].parent / "Si.edip")


def test_what_lammps_refuses_is_not_written(tmp_path):
    with pytest.raises(InputError, match="takes no negative eta"):
        analytic_potential("edip", {"eta": -0.01}).write(tmp_path / "Si")
    analytic_potential("edip", {"u1": -0.2}).write(tmp_path / "Si")


def test_the_coordination_is_a_sum_over_neighbours_and_not_their_number_times_one():
    """Beside a near neighbour, a far one adds its own small part."""
    r = np.array([2.35, 2.9, 3.2])
    x = (2.9 - START) / (CUTOFF - START)
    expected = [1, np.exp(OWN["alpha"] / (1 - x**-3)), 0]
    np.testing.assert_allclose(edip._counted(r, OWN), expected, rtol=1e-14)


def test_the_third_difference_across_the_cutoff_goes_to_zero():
    def energy(r):
        return energy_at(edip)(np.vstack([VECTORS[:3], [0, 0, r]]), OWN)

    found = [abs(third_difference(energy, CUTOFF, step)) for step in (0.1, 0.05, 0.025)]
    assert found[0] > 4 * found[1] > 16 * found[2]


def test_what_is_not_smooth_is_the_third_derivative_where_neighbours_begin_to_count_less():
    def counted(r):
        return edip._counted(r, OWN)

    slopes = [counted]
    for _ in range(3):
        slopes.append(jax.grad(slopes[-1]))
    below, above = ([float(each(START + side)) for each in slopes] for side in (-1e-6, 1e-6))
    np.testing.assert_allclose(below, [1, 0, 0, 0], atol=1e-15)
    np.testing.assert_allclose(above[:3], [1, 0, 0], atol=1e-3)
    assert above[3] == pytest.approx(-6 * OWN["alpha"] / (CUTOFF - START) ** 3, rel=1e-4)


def test_no_derivative_is_a_nan_and_absent_neighbours_change_nothing():
    ends = np.array([[0, CUTOFF, 0], [0, 0, np.nextafter(CUTOFF, 0)], [-CUTOFF - 1e-12, 0, 0]])
    starts = [[START, 0, 0], [0, 0, -np.nextafter(START, 9)]]
    there = np.concatenate([VECTORS, starts])
    vectors = np.concatenate([there, ends, np.full((2, 3), 1e3)])
    found = derivatives(energy_at(edip), vectors, OWN)
    assert all(np.isfinite(each).all() for each in found)
    alone = energy_at(edip)(there, OWN)
    assert float(energy_at(edip)(vectors, OWN)) == pytest.approx(float(alone), rel=1e-13)
    np.testing.assert_allclose(found[0][there.size : vectors.size], 0, atol=1e-15)
    assert energy_at(edip)(vectors[-2:], OWN) == 0


def test_derivatives_by_vectors_and_parameters():
    gradient, hessian, _ = derivatives(energy_at(edip), VECTORS, OWN)
    first, second = differences(energy_at(edip), VECTORS, OWN)
    np.testing.assert_allclose(gradient, first, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(hessian, second, rtol=1e-6, atol=1e-6)
    assert (np.abs(gradient[VECTORS.size :]) > 0).all()
