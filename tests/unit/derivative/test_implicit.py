"""The implicit derivative against finite differences of re-relaxed structures."""

import numpy as np
import pytest

from relaxdiff import InputError, RelaxationError, implicit_derivative, relax
from relaxdiff.derivative.levels import DERIVATIVE_LEVELS
from relaxdiff.minima.minimum import Minimum
from relaxdiff.structures.kinds import vacancy_cell

SLAB = {"kind": "surface", "plane": (1, 1, 0), "layers": 6, "vacuum": 12.0}
FAULT = {"kind": "gamma_surface", "plane": (1, 1, 0), "layers": 6, "displacement": (0.2, 0.1)}
IN_PLANE = {"cell": "in_plane_fixed"}
WITHOUT = {"symmetry": False}


# How each structure is built and relaxed, and how many displacements and strains it then has.
KINDS = {
    "six strains": ({}, {"cell": "full"}, 30, 6),
    "six strains, no symmetry": ({}, {"cell": "full"} | WITHOUT, 57, 6),
    "cubic, no symmetry": (
        {"kind": "vacancy", "supercell": 2},
        {"cell": "full"} | WITHOUT,
        42,
        6,
    ),
    "<110> dumbbell": ({"kind": "dumbbell_110", "supercell": 2}, {"cell": "full"}, 5, 3),
    "(110) surface": (SLAB, IN_PLANE, 3, 0),
    "(110) surface, no symmetry": (SLAB, IN_PLANE | WITHOUT, 33, 0),
    "gamma surface": (FAULT, IN_PLANE | {"normal_only": True}, 3, 1),
    "gamma surface, no symmetry": (FAULT, IN_PLANE | {"normal_only": True} | WITHOUT, 11, 1),
    "fixed volume": ({"kind": "vacancy", "supercell": 3}, {"cell": "fixed"}, 6, 0),
}


@pytest.fixture(scope="module")
def minimum(small_study):
    return small_study.minimum


@pytest.fixture(scope="module")
def derivative(small_study):
    return small_study.derivative


def relaxed_difference(minimum, parameter, step, settings):
    """Central difference of scaled positions and strain of structures relaxed anew."""
    ends = []
    for sign in (1, -1):
        theta = minimum.potential.theta.copy()
        theta[parameter] += sign * step
        variant = minimum.potential.with_theta(theta)
        again = relax(minimum.atoms, variant, tolerance=1e-11, **settings)
        deformation = np.eye(3) + again.strain
        assert again.atoms.cell.array == pytest.approx(minimum.atoms.cell.array @ deformation)
        moved = again.atoms.positions @ np.linalg.inv(deformation) - minimum.atoms.positions
        ends.append((moved - moved.mean(axis=0), again.strain))
    return tuple((ahead - behind) / (2 * step) for ahead, behind in zip(*ends, strict=True))


def check_against_relaxed_structures(minimum, derivative, parameters, settings):
    """The derivative by some parameters to 1e-6; settings: of `relax`."""
    for parameter in parameters:
        expected = derivative["position_derivative"][parameter].values
        strain = np.tensordot(
            derivative["strain_derivative"].values[parameter], derivative["strain_basis"].values, 1
        )
        edge = minimum.atoms.cell.lengths().max()
        step = 6e-5 / max(np.abs(expected).max(), np.abs(strain).max() * edge)
        # Two step sizes extrapolated (Richardson): the error left is of fourth order.
        coarse = relaxed_difference(minimum, parameter, 2 * step, settings)
        fine = relaxed_difference(minimum, parameter, step, settings)
        positions, strains = ((4 * near - far) / 3 for near, far in zip(fine, coarse, strict=True))
        assert np.abs(positions - expected).max() < 1e-6 * np.abs(expected).max()
        assert np.abs(strains - strain).max() <= 1e-6 * np.abs(strain).max()


def test_every_parameter_against_relaxed_structures(minimum, derivative):
    check_against_relaxed_structures(minimum, derivative, range(55), {})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_structure_against_relaxed_structures(tungsten, low_symmetry, built, kind):
    structure, settings, n_modes, n_strains = KINDS[kind]
    atoms = built(**structure) if structure else low_symmetry
    minimum = relax(atoms, tungsten, tolerance=1e-10, **settings)
    assert (minimum.coordinates.n_modes, len(minimum.coordinates.strains)) == (n_modes, n_strains)
    check_against_relaxed_structures(minimum, implicit_derivative(minimum), (0, 7, 54), settings)


def test_shapes_units_and_no_net_displacement(minimum, derivative):
    assert derivative["position_derivative"].dims == ("parameter", "atom", "xyz")
    assert derivative["position_derivative"].shape == (55, 15, 3)
    assert derivative["strain_derivative"].dims == ("parameter", "strain")
    assert derivative["strain_derivative"].shape == (55, 1)
    assert derivative["strain_basis"].values == pytest.approx(np.eye(3)[None])
    assert np.abs(derivative["position_derivative"].mean("atom")).max() < 1e-12
    assert all({"units", "long_name"} <= set(v.attrs) for v in derivative.data_vars.values())


def test_fixed_cell_has_no_strain_derivative(tungsten):
    fixed = implicit_derivative(relax(vacancy_cell("W", 3.18, 2), tungsten, cell="fixed"))
    assert fixed["strain_derivative"].shape == (55, 0)
    assert fixed["strain_basis"].shape == (0, 3, 3)
    assert np.abs(fixed["position_derivative"]).max() > 0
    at = dict(zip(DERIVATIVE_LEVELS, fixed["energy_curvature"].values, strict=True))
    assert at["h+ih"] == pytest.approx(at["ih"], rel=1e-12)
    assert not at["h"].any()
    assert not at["c"].any()


def test_unusable_minima_and_solvers_are_refused(minimum, tungsten):
    with pytest.raises(InputError, match="'fast' is not one of dense"):
        implicit_derivative(minimum, solver="fast")
    with pytest.raises(InputError, match="not converged"):
        implicit_derivative(relax(vacancy_cell("W", 3.1, 2), tungsten, max_steps=1))
    turned = tungsten.with_theta(-tungsten.theta)
    uphill = Minimum(**{**vars(minimum), "potential": turned})
    with pytest.raises((InputError, RelaxationError)):
        implicit_derivative(uphill)
