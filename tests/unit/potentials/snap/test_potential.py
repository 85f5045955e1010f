"""SNAP files: read, written, and refused with one sentence."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff import InputError
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.lammps.session import LammpsSession
from relaxdiff.minima.reference import tangent
from relaxdiff.minima.relaxation import relax
from relaxdiff.potentials.snap.potential import SnapPotential, write_snap
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.lattices import PerfectCrystal


def test_lammps_reads_what_was_written(tungsten, tmp_path, monkeypatch):
    from relaxdiff.lammps.descriptors import DescriptorCalculator
    from relaxdiff.lammps.session import LammpsSession
    from relaxdiff.structures.kinds import vacancy_cell

    write_snap(tungsten, tmp_path / "copy")
    monkeypatch.chdir(tmp_path)
    atoms = vacancy_cell("W", 3.17, 2)
    atoms.rattle(0.05, seed=1)
    with LammpsSession(["W"], ["include copy.snap", "thermo_modify norm no"]) as session:
        session.place(atoms)
        session.command("run 0 post no")
        energy = session.instance.get_thermo("pe")
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        ours = calculator.evaluate(atoms).values @ tungsten.weights
    assert ours + len(atoms) * tungsten.energy_shift == pytest.approx(energy, abs=1e-9)


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
        with kind(coordinates, potential.hyperparameters, potential.baseline) as evaluator:
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


def test_one_shift_for_each_element(tungsten_beryllium):
    hyper = tungsten_beryllium.hyperparameters
    with pytest.raises(InputError, match="energy shift beta_0 for each of 2 elements, found 3"):
        SnapPotential(hyper, tungsten_beryllium.theta, [1.0, 2.0, 3.0])
    atoms = PerfectCrystal("W", "bcc", 3.18).conventional(1)
    atoms.symbols[0] = "Be"
    assert tungsten_beryllium.shift_of(atoms) == 0.25 - 3.0
    assert xr.DataArray(tungsten_beryllium.energy_shifts).shape == (2,)
