"""SNAP of several elements, and quadratic SNAP: LAMMPS's own energies, and true derivatives."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff import InputError, ZblReference, read_snap
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.exceptions import LammpsError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.lammps.session import LammpsSession
from relaxdiff.minima.reference import tangent
from relaxdiff.minima.relaxation import relax
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.posterior.trial import shipped_file
from relaxdiff.posterior.variants import all_parameters, variant_potential, variant_shifts
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters, parameter_names
from relaxdiff.potentials.snap.potential import SnapPotential, write_snap
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.lattices import PerfectCrystal


def shipped(name, reference=None):
    return read_snap(
        shipped_file(f"{name}.snapcoeff"), shipped_file(f"{name}.snapparam"), reference
    )


@pytest.fixture(scope="module")
def tungsten_beryllium():
    """WBe_Wood_PRB2019 with energy shifts, of which it has none, that tell the elements apart."""
    potential = shipped("WBe_Wood_PRB2019", ZblReference(4.0, 4.8))
    return potential.with_theta(potential.theta, [0.25, -3.0])


@pytest.fixture(scope="module", params=["W-Be", "quadratic Cu"])
def case(request, tungsten_beryllium):
    """A potential and a structure of few coordinates: Be beside a vacancy in W; a vacancy in Cu."""
    if request.param == "W-Be":
        atoms = PerfectCrystal("W", "bcc", 3.18).conventional(2)
        atoms.symbols[1] = "Be"
        del atoms[0]
        return tungsten_beryllium, atoms
    atoms = PerfectCrystal("Cu", "fcc", 3.63).conventional(2)
    del atoms[0]
    return shipped("Cu_Zuo_JPCA2020.quadratic"), atoms


def test_energies_are_those_of_lammps_with_the_written_potential(case, tmp_path):
    potential, atoms = case
    coordinates = coordinates_of(atoms)
    q = np.random.default_rng(0).normal(scale=0.02, size=coordinates.size)
    write_snap(potential, tmp_path / "copy")
    script = (tmp_path / "copy.snap").read_text().replace('"copy', f'"{tmp_path}/copy')
    elements = potential.hyperparameters.elements
    with LammpsSession(elements, [script, "thermo_modify norm no"]) as session:
        session.place(coordinates.structure(q))
        session.command("run 0 post no")
        expected = session.instance.get_thermo("pe")
        forces = session.to_atoms_frame(session.gathered_forces())
    found = []
    for kind in (AllAtomColumns, OrbitColumns):
        with kind(coordinates, potential.hyperparameters, potential.reference) as evaluator:
            found.append(evaluator.columns(q))
            energy = evaluator.values() @ potential.weights + potential.shift_of(atoms)
        assert energy == pytest.approx(expected, abs=1e-9)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-9)
    slopes = coordinates.modes.T @ (-forces @ (np.eye(3) + coordinates.strain_of(q))).ravel()
    here = found[1] @ potential.weights
    np.testing.assert_allclose(here[: coordinates.n_modes], slopes, atol=1e-9)


def test_the_derivative_is_that_of_relaxed_structures(case):
    potential, atoms = case
    minimum = relax(atoms, potential, tolerance=1e-11)
    assert minimum.converged
    derivative = implicit_derivative(minimum)
    size = potential.theta.size
    delta, step = potential.theta * np.random.default_rng(1).normal(size=size), 2e-4

    def q_at(stretch):
        variant = potential.with_theta(potential.theta + stretch * delta)
        end = relax(minimum.atoms, variant, tolerance=1e-11)
        assert end.converged
        return minimum.coordinates.locate(end.atoms)

    slopes = [(q_at(h) - q_at(-h)) / (2 * h) for h in (step, step / 2)]
    extrapolated = (4 * slopes[1] - slopes[0]) / 3
    slope = tangent(minimum.coordinates, derivative, delta)
    np.testing.assert_allclose(extrapolated, slope, rtol=1e-5, atol=1e-6 * np.abs(slope).max())


def test_parameters_are_named_by_element(tungsten_beryllium):
    names = parameter_names(tungsten_beryllium.hyperparameters)
    assert len(names) == tungsten_beryllium.theta.size == 110
    assert (names[0], names[54], names[55]) == ("W_beta_1", "W_beta_55", "Be_beta_1")


def test_quadratic_snap_has_all_products():
    """Of K components K (K + 1) / 2 products, as in Wood & Thompson (2018), eq 6."""
    assert SnapHyperparameters("Cu", 6, 3.9, quadraticflag=1).n_parameters == 30 + 465


def test_what_is_written_reads_back(case, tmp_path):
    potential, _ = case
    coeff, param, _ = write_snap(potential, tmp_path / "copy")
    again = read_snap(coeff, param, potential.reference)
    assert again.hyperparameters == potential.hyperparameters
    assert np.array_equal(again.theta, potential.theta)
    assert np.array_equal(again.energy_shifts, potential.energy_shifts)


@pytest.fixture
def posterior(tungsten_beryllium, tmp_path):
    """A posterior from a table with beta_0 columns, written and read."""
    coeff, param, _ = write_snap(tungsten_beryllium, tmp_path / "WBe")
    blocks = tungsten_beryllium.theta.reshape(2, -1)
    mean = np.column_stack([tungsten_beryllium.energy_shifts, blocks]).ravel()
    rows = mean * (1 + 0.01 * np.random.default_rng(3).normal(size=(4, mean.size)))
    np.savetxt(tmp_path / "samples.csv", [mean, *rows], delimiter=",", fmt="%.17g")
    found = posterior_from_ensemble(coeff, param, tmp_path / "samples.csv", ZblReference(4, 4.8))
    write_dataset(found, tmp_path / "posterior.nc", {})
    return read_posterior(tmp_path / "posterior.nc"), rows


def test_a_table_of_several_elements_becomes_a_posterior(posterior, tungsten_beryllium):
    dataset, rows = posterior
    by_element = rows.reshape(4, 2, 56)
    np.testing.assert_array_equal(dataset["energy_shift"], by_element[:, :, 0])
    np.testing.assert_array_equal(dataset["theta"], by_element[:, :, 1:].reshape(4, -1))
    assert list(dataset["element"].values) == ["W", "Be"]
    mean = potential_from_posterior(dataset)
    assert mean.hyperparameters == tungsten_beryllium.hyperparameters
    np.testing.assert_array_equal(mean.energy_shifts, [0.25, -3.0])
    assert all_parameters(dataset)[:3] == ["W_beta_0", "Be_beta_0", "W_beta_1"]


def test_energy_shifts_count_the_atoms_of_each_element(posterior):
    dataset, rows = posterior
    shifts = rows.reshape(4, 2, 56)[:, :, 0]
    found = variant_shifts(dataset, np.array([0.0, 2.0]), {"Be": 3, "W": 10})
    mean = np.array([0.25, -3.0])
    np.testing.assert_allclose(found[:, 0], mean @ [10, 3])
    np.testing.assert_allclose(found[:, 1], (mean + 2 * (shifts - mean)) @ [10, 3])
    variant = variant_potential(potential_from_posterior(dataset), dataset, "sample001_lambda+01.0")
    np.testing.assert_allclose(variant.energy_shifts, shifts[1])


def test_a_table_without_shifts_takes_those_of_the_file(tungsten_beryllium, tmp_path):
    coeff, param, _ = write_snap(tungsten_beryllium, tmp_path / "WBe")
    rows = tungsten_beryllium.theta * np.array([[1.0], [1.01]])
    np.savetxt(tmp_path / "samples.csv", rows, delimiter=",")
    found = posterior_from_ensemble(coeff, param, tmp_path / "samples.csv")
    np.testing.assert_array_equal(found["energy_shift"], [[0.25, -3.0]])
    np.savetxt(tmp_path / "samples.csv", rows[:, 1:], delimiter=",")
    with pytest.raises(InputError, match="W, Be with twojmax = 8 needs 110, or 112 with beta_0"):
        posterior_from_ensemble(coeff, param, tmp_path / "samples.csv")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("2 56", "3 56"), "announces 3 elements, holds 2"),
        (lambda text: text.replace("\nBe", "\nW"), "each once"),
        (lambda text: text.rsplit("\n", 2)[0] + "\n", "announces 56 coefficients, holds 55 of Be"),
    ],
)
def test_coefficient_files_that_hold_something_else(tungsten_beryllium, tmp_path, change, message):
    coeff, param, _ = write_snap(tungsten_beryllium, tmp_path / "WBe")
    coeff.write_text(change(coeff.read_text()))
    with pytest.raises(InputError, match=message):
        read_snap(coeff, param)


def test_a_structure_of_another_element_is_refused(tungsten_beryllium):
    atoms = PerfectCrystal("Ta", "bcc", 3.3).conventional(2)
    with pytest.raises(LammpsError, match="not for Ta"):
        relax(atoms, tungsten_beryllium)


def test_one_shift_for_each_element(tungsten_beryllium):
    hyper = tungsten_beryllium.hyperparameters
    with pytest.raises(InputError, match="energy shift beta_0 for each of 2 elements, found 3"):
        SnapPotential(hyper, tungsten_beryllium.theta, [1.0, 2.0, 3.0])
    atoms = PerfectCrystal("W", "bcc", 3.18).conventional(1)
    atoms.symbols[0] = "Be"
    assert tungsten_beryllium.shift_of(atoms) == 0.25 - 3.0
    assert xr.DataArray(tungsten_beryllium.energy_shifts).shape == (2,)
