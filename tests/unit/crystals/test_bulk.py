"""The bulk of all variants: lattice parameters, moduli, stability, and how branches end."""

import numpy as np
import pytest
from ase.eos import EquationOfState

import relaxdiff.crystals.stability
from relaxdiff import InputError, RelaxationError, relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.cubic import ELASTIC_DEGREE, curvature_densities
from relaxdiff.crystals.interpolation import interpolate
from relaxdiff.crystals.one_length import (
    bulk_descriptors,
    follow_minima,
    panel_edges,
    relax_reference_bulk,
)
from relaxdiff.crystals.stability import (
    commensurate_q_points,
    dynamical_matrices,
    lowest_curvatures,
)
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.minima.lattice_green import cells_in_range
from relaxdiff.posterior.variants import cut_branches, lambda_grid, variant_weights
from relaxdiff.structures.lattices import PerfectCrystal, starting_crystal
from relaxdiff.units import GPA

LAMBDAS = lambda_grid(-4, 4, 2)
START = starting_crystal("W", "bcc")


def cell_at(lattice_parameter):
    return PerfectCrystal("W", "bcc", lattice_parameter).conventional()


def matrices_between(calculator, repeats, edges, degree=8):
    """Panels of dynamical matrices, and their q-points."""
    q_points = commensurate_q_points(START, repeats)
    matrices = interpolate(
        lambda a: dynamical_matrices(calculator, START.at(a), repeats, q_points), edges, degree
    )
    return matrices, q_points


@pytest.fixture(scope="module")
def calculator(tungsten):
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.reference) as calculator:
        yield calculator


@pytest.fixture(scope="module")
def descriptors(calculator):
    return bulk_descriptors(calculator, START)


@pytest.fixture(scope="module")
def bulk(tungsten, posterior):
    return bulk_of_variants(tungsten, posterior, LAMBDAS, START, 2)


def test_every_lattice_parameter_is_the_relaxed_one(bulk, tungsten, posterior):
    weights = variant_weights(posterior, LAMBDAS)
    for sample, index in [(0, 2), (1, 0), (2, 4)]:
        crystal = relax(
            cell_at(3.17),
            tungsten.with_theta(weights[sample, index, :-1], 0.0),
            tolerance=1e-10,
        )
        assert crystal.atoms.cell.lengths()[0] == pytest.approx(
            float(bulk["lattice_parameter"][sample, index]), abs=1e-9
        )
        shift = LAMBDAS[index] * float(posterior["energy_shift"][sample] - tungsten.energy_shift)
        expected = crystal.energy / 2 + tungsten.energy_shift + shift
        assert float(bulk["energy"][sample, index]) == pytest.approx(expected, abs=1e-9)


def test_interpolant_is_exact_across_cutoff_crossings(descriptors, calculator, tungsten):
    assert len(descriptors.edges) > 4
    between = np.linspace(descriptors.edges[0] + 0.01, descriptors.edges[-1] - 0.01, 9)
    for lattice_parameter, values in zip(between, descriptors(between), strict=True):
        cell = cell_at(lattice_parameter)
        exact = calculator.evaluate(cell).values / 2
        assert values @ tungsten.weights == pytest.approx(exact @ tungsten.weights, abs=1e-10)


def test_moduli_are_exact_across_cutoff_crossings(descriptors, tungsten):
    """Close to a crossing, too, where a difference that reaches across it would be wrong by GPa."""
    edges = descriptors.edges[2:5]
    panels = interpolate(
        lambda a: curvature_densities(tungsten, START.at(a)), edges, ELASTIC_DEGREE
    )
    for at in (edges[0] + 2e-3, edges[1] - 2e-3, edges[1] + 1e-2):
        found = panels([at])[0] @ tungsten.weights
        exact = curvature_densities(tungsten, START.at(at)) @ tungsten.weights
        assert found * GPA == pytest.approx(exact * GPA, abs=1e-4)


def test_panel_edges_are_where_shells_cross():
    edges = panel_edges(START, [4.73442])
    assert np.abs(edges - 4.73442 / np.sqrt(2)).min() < 1e-6  # third shell, a sqrt 2


def test_bulk_modulus_matches_an_equation_of_state(bulk, calculator, tungsten):
    edges = float(bulk["reference_lattice_parameter"]) * np.linspace(0.997, 1.003, 7)
    energies = [calculator.evaluate(cell_at(a)).values @ tungsten.weights for a in edges]
    modulus = EquationOfState(edges**3, energies).fit()[2] * 160.2176634
    assert float(bulk["bulk_modulus"][0, 2]) == pytest.approx(modulus, rel=2e-3)


def test_shear_moduli_match_energies_of_strained_cells(bulk, calculator, tungsten):
    cell = cell_at(float(bulk["reference_lattice_parameter"]))

    def curvature(pattern, step=5e-4):
        energies = []
        for size in (-step, 0.0, step):
            strained = cell.copy()
            strained.set_cell(cell.cell.array @ (np.eye(3) + size * pattern), scale_atoms=True)
            energies.append(calculator.evaluate(strained).values @ tungsten.weights)
        return np.dot(energies, [1, -2, 1]) / step**2 / cell.get_volume() * 160.2176634

    stretch = np.diag([1.0, -1.0, 0.0])
    shear = np.array([[0, 1.0, 0], [1.0, 0, 0], [0, 0, 0]])
    # Energy density: (C11 - C12) e^2 for the first pattern, 2 C44 e^2 for the second.
    tetragonal = float(bulk["tetragonal_shear_modulus"][0, 2])
    assert tetragonal == pytest.approx(curvature(stretch) / 4, rel=1e-3)
    assert float(bulk["shear_modulus_c44"][0, 2]) == pytest.approx(curvature(shear) / 4, rel=1e-3)


def test_reference_expansion_is_the_derivative_of_the_energy(bulk, descriptors, tungsten):
    at = float(bulk["reference_lattice_parameter"])
    step = 1e-4
    energy = {s: descriptors([at * (1 + s)])[0] @ tungsten.weights for s in (-step, 0.0, step)}
    second = (energy[step] - 2 * energy[0.0] + energy[-step]) / step**2
    assert float(bulk["reference_strain_curvature"]) == pytest.approx(second, rel=1e-4)
    assert float(bulk["reference_energy"]) == pytest.approx(energy[0.0], abs=1e-12)


def test_dynamical_matrix_is_the_curvature_of_a_frozen_phonon(calculator, tungsten):
    """At (1, 0, 0) 2 pi / a the two atoms of the cubic cell move against each other."""
    matrices, q_points = matrices_between(calculator, 2, np.array([3.1, 3.2]))
    at = 3.165
    index = [tuple(q) for q in q_points].index((1.0, 0.0, 0.0))
    found = matrices.weighted(np.array([at]), tungsten.weights[None])[0, index]
    step, energies = 1e-2, []
    for size in (-step, 0.0, step):
        cell = cell_at(at)
        cell.positions[:, 0] += np.array([size, -size])
        energies.append(calculator.evaluate(cell).values @ tungsten.weights)
    # Two atoms displaced: U = 2 * 1/2 D u^2.
    assert found[0, 0] == pytest.approx(np.dot(energies, [1, -2, 1]) / step**2 / 2, rel=1e-3)
    assert found == pytest.approx(found[0, 0] * np.eye(3), abs=1e-6)


def test_a_cell_that_holds_the_range_stands_for_any_larger_supercell(calculator, tungsten):
    """At q-points of a small supercell, whose own periodic images are all added up."""
    edges = np.array([3.1, 3.18])
    assert cells_in_range(calculator, START.at(edges[0])) < 9
    of_small, small = matrices_between(calculator, 3, edges, degree=1)
    of_large, large = matrices_between(calculator, 9, edges, degree=1)
    # A third as an integer of ninths: the same floating-point number.
    at = [large.tolist().index(q) for q in small.tolist()]
    found = (of_large.coefficients @ tungsten.weights)[:, :, at]
    expected = of_small.coefficients @ tungsten.weights
    assert np.abs(expected).max() > 10  # eV/Angstrom^2
    assert found == pytest.approx(expected, abs=1e-9)


def test_lowest_curvatures_are_those_of_all_matrices(calculator, tungsten, posterior, monkeypatch):
    monkeypatch.setattr(relaxdiff.crystals.stability, "MATRICES_AT_ONCE", 27)
    matrices, q_points = matrices_between(calculator, 3, np.array([3.1, 3.15, 3.2]), degree=1)
    at = np.linspace(3.11, 3.19, 15)
    weights = variant_weights(posterior, LAMBDAS).reshape(15, -1)
    found = lowest_curvatures(matrices, at, weights)
    assert found.shape == (15, len(q_points)) == (15, 7)
    expected = np.linalg.eigvalsh(matrices.weighted(at, weights))[..., 0]
    assert found == pytest.approx(expected, rel=1e-12)


def test_q_points_of_the_supercell():
    points = commensurate_q_points(START, 2)
    assert [tuple(q) for q in points] == [
        (0.5, 0.0, 0.0),
        (0.5, 0.5, 0.0),
        (0.5, 0.5, 0.5),
        (1.0, 0.0, 0.0),
    ]
    assert len(commensurate_q_points(START, 4)) == 13
    assert (1 / 3, 0, 0) in [tuple(q) for q in commensurate_q_points(START, 3)]  # every digit


def test_unstable_variants_say_why(tungsten, posterior):
    far = bulk_of_variants(tungsten, posterior, lambda_grid(-40, 40, 2), START, 2)
    status = far["status"].values
    reasons = set(status.ravel())
    assert {"stable", "cut"} < reasons
    assert reasons & {"no_minimum", "elastically_unstable", "vibrationally_unstable"}
    assert np.isnan(far["unstable_q"].values[status != "vibrationally_unstable"]).all()
    soft = far["unstable_q"].values[status == "vibrationally_unstable"]
    assert np.isfinite(soft).all()
    unstable = (far["tetragonal_shear_modulus"] <= 0) | (far["shear_modulus_c44"] <= 0)
    assert not (unstable.values & (status == "stable")).any()


def test_branches_are_cut_at_the_first_unstable_variant():
    status = np.array(
        [["no_minimum", "stable", "vibrationally_unstable", "stable", "stable", "stable"]]
    )
    assert list(cut_branches(status.astype(object), zero=4)[0]) == [
        "cut",
        "cut",
        "vibrationally_unstable",
        "stable",
        "stable",
        "stable",
    ]


def double_well():
    """E(a) with minima near 3.0 and 3.3; the weight of a slope tilts the left one away."""
    return interpolate(
        lambda a: np.array([100 * ((a - 3.15) ** 2 - 0.0225) ** 2, a]),
        np.array([2.9, 3.15, 3.4]),
        6,
    )


def test_a_branch_ends_where_its_minimum_vanishes():
    slopes = np.array([0.0, -0.05, -0.2, -0.6])
    weights = np.stack([np.ones(4), slopes], axis=-1)[None]
    found = follow_minima(double_well(), weights, start=3.0, zero=0).lattice_parameter[0]
    assert found[0] == pytest.approx(3.0, abs=1e-12)
    assert found[1] > found[0]
    assert np.isnan(found[-1])  # the well at 3.3 would be another crystal


def test_lowest_minimum_is_the_reference_and_none_is_an_error():
    tilted = np.array([1.0, -0.01])
    assert relax_reference_bulk(double_well(), tilted) == pytest.approx(3.3, abs=1e-2)
    with pytest.raises(RelaxationError, match="no minimum"):
        relax_reference_bulk(double_well(), np.array([0.0, 1.0]))


@pytest.mark.parametrize("grid", [(-1, 1, 0.3), (1, 2, 1), (-2, -1, 1), (-1, 1, -0.5)])
def test_lambda_grids_without_zero_or_ends_are_refused(grid):
    with pytest.raises(InputError, match="lambda_step"):
        lambda_grid(*grid)


def test_lambda_grid_is_exact():
    grid = lambda_grid(-25, 25, 0.2)
    assert len(grid) == 251
    assert 0.0 in grid
    assert 4.6 in grid
