"""Design matrices: descriptors of training data, in the units of their labels."""

import numpy as np
import pytest
from training_files import GROUPS, fitsnap_entry, fitsnap_text, strained

from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.posterior.design import build_design, held_out, snap_hyperparameters
from relaxdiff.posterior.training_data import QUANTITIES, read_group
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters
from relaxdiff.potentials.snap.potential import SnapPotential
from relaxdiff.structures.kinds import bulk_cell
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM, VOIGT


def solve(designs):
    """Least squares over all rows, columns scaled; stresses made comparable to forces."""
    scale = {"energy": 100.0, "force": 1.0, "stress": 1e-4}
    rows = np.concatenate([scale[q] * d[f"{q}_design"].values for d in designs for q in QUANTITIES])
    target = np.concatenate(
        [scale[q] * d[f"{q}_target"].values for d in designs for q in QUANTITIES]
    )
    norm = np.linalg.norm(rows, axis=0)
    return np.linalg.lstsq(rows / norm, target, rcond=None)[0] / norm


def test_coefficients_are_recovered(folder, tungsten):
    designs = [
        build_design(
            read_group(folder, group, GROUPS, "W"),
            group,
            tungsten.hyperparameters,
            tungsten.baseline,
        )
        for group in GROUPS
    ]
    found = solve(designs)
    # bzeroflag is 0 in this tungsten: beta_0 and the constant parts of the descriptors are told
    # apart by forces and stresses alone.
    np.testing.assert_allclose(found[1:], tungsten.theta, rtol=0, atol=1e-7)
    assert found[0] == pytest.approx(tungsten.energy_shift, abs=1e-5)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_quantity_is_predicted(folder, tungsten, calculations, quantity):
    configurations = read_group(folder, "vacancy", GROUPS, "W")
    design = build_design(configurations, "vacancy", tungsten.hyperparameters, tungsten.baseline)
    coefficients = np.append(tungsten.energy_shift, tungsten.theta)
    predicted = design[f"{quantity}_design"].values @ coefficients
    target = design[f"{quantity}_target"].values
    np.testing.assert_allclose(predicted, target, rtol=1e-9, atol=1e-9 * np.abs(target).max())
    per_configuration = {"energy": 1, "force": 3 * 15, "stress": 6}[quantity]
    owner = design[f"{quantity}_configuration"].values
    assert np.bincount(owner).tolist() == [per_configuration] * 3


def test_stress_rows_against_finite_differences():
    """Sign, unit and Voigt order, off-diagonal components included, from energies alone."""
    rng = np.random.default_rng(3)
    hyperparameters = SnapHyperparameters("W", 2, 4.0)
    potential = SnapPotential(hyperparameters, rng.normal(size=hyperparameters.n_parameters))
    atoms = strained(bulk_cell("W", 3.1), rng)

    def energy(strain):
        moved = atoms.copy()
        moved.set_cell(atoms.cell.array @ (np.eye(3) + strain).T, scale_atoms=True)
        with DescriptorCalculator(hyperparameters) as calculator:
            return calculator.evaluate(moved).values @ potential.weights

    stress = np.zeros((3, 3))
    for i, j in VOIGT:
        step = np.zeros((3, 3))
        step[i, j] += 5e-5
        step[j, i] += 5e-5
        stress[i, j] = stress[j, i] = (energy(step) - energy(-step)) / (
            4 * 5e-5 * atoms.get_volume()
        )
    stress *= BAR_PER_EV_PER_CUBIC_ANGSTROM
    assert np.abs(stress[np.triu_indices(3, 1)]).min() > 100
    entry = fitsnap_entry(atoms, 0.0, np.zeros((2, 3)), stress / BAR_PER_EV_PER_CUBIC_ANGSTROM)
    design = build_design([_read(entry)], "bulk", hyperparameters)
    predicted = design["stress_design"].values[:, 1:] @ potential.theta
    voigt = [stress[ij] for ij in VOIGT]
    np.testing.assert_allclose(predicted, voigt, atol=1e-6 * np.abs(stress).max())
    np.testing.assert_allclose(design["stress_target"], voigt)


def _read(entry):
    from relaxdiff.posterior.fitsnap_json import parse_json

    return parse_json(fitsnap_text(entry).encode(), "entry")[0]


def test_atoms_far_outside_the_cell_are_found(calculations):
    member = calculations["bulk"][1]
    entry = fitsnap_entry(*member)
    entry["Positions"][0] = (np.array(entry["Positions"][0]) + 3 * member[0].cell[2]).tolist()
    hyperparameters = SnapHyperparameters("W", 2, 4.0)
    inside, outside = (
        build_design([_read(which)], "bulk", hyperparameters)
        for which in (fitsnap_entry(*member), entry)
    )
    np.testing.assert_allclose(inside["force_design"], outside["force_design"], atol=1e-9)


def test_held_out_is_a_seeded_share(folder):
    hyperparameters = SnapHyperparameters("W", 2, 4.0)
    design = build_design(read_group(folder, "bulk", GROUPS, "W"), "bulk", hyperparameters)
    chosen = [held_out(design, 0.5, seed) for seed in range(20)]
    assert {int(one.sum()) for one in chosen} == {2}
    assert len({tuple(one) for one in chosen}) > 2
    assert np.array_equal(held_out(design, 0.5, 3), chosen[3])
    assert not held_out(design, 0, 1).any()


def test_cutoff_is_in_angstrom():
    assert snap_hyperparameters("W", 8, 4.73442, 0.99363, 0.0).cutoff == 4.73442
