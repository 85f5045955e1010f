"""Training data in other units are refused; far states of matter are not."""

import numpy as np
import pytest
from ase.build import bulk, fcc111, molecule
from ase.units import Bohr, Hartree, kJ, mol

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.configurations import Configuration
from relaxdiff.posterior.extended_xyz import XyzKeys
from relaxdiff.posterior.fitsnap_json import LABELS
from relaxdiff.posterior.physical_range import check_range
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM, GPA


def calculation(atoms, energy=-13.0, force=0.5, stress=0.1):
    """A Configuration with such a largest force (eV/A) and stress; energy in eV per atom."""
    forces = np.zeros((len(atoms), 3))
    forces[0, 0] = force
    return Configuration("set.xyz[0]", atoms, energy * len(atoms), forces, stress * np.eye(3))


def crystal(symbol="W", factor=1.0, noise=0.05):
    """A shaken crystal with all lengths times a factor."""
    atoms = bulk(symbol, cubic=True) if symbol != "Mg" else bulk(symbol)
    atoms.rattle(noise, seed=1)
    atoms.set_cell(factor * atoms.cell, scale_atoms=True)
    return atoms


# What is wrong; in the words of the sentence: the key and the unit.
WRONG = {
    "bar": ([calculation(crystal(), stress=0.1 * BAR_PER_EV_PER_CUBIC_ANGSTROM)], "stress", "bar"),
    "kbar": ([calculation(crystal(), stress=0.2 * 1000 * GPA / 100)], "stress", "kbar or GPa"),
    "GPa": ([calculation(crystal(), stress=0.1 * GPA)], "stress", "GPa"),
    "GPa of silicon": ([calculation(crystal("Si"), stress=-0.1 * GPA)], "stress", "GPa"),
    "forces in meV": ([calculation(crystal(), force=1500.0)], "forces", "meV/Angstrom"),
    "J/mol": ([calculation(crystal(), energy=-13.0 * mol / (kJ / 1000))], "energy", "J/mol"),
    "meV": (
        [calculation(crystal(), energy=1000 * energy) for energy in (-13.0, -12.9, -12.6)],
        "energy",
        "meV or kJ/mol",
    ),
    "lengths in bohr": ([calculation(crystal(factor=1 / Bohr))] * 3, "distance", "bohr"),
    "magnesium in bohr": ([calculation(crystal("Mg", 1 / Bohr))], "distance", "bohr"),
    "lengths in nm": ([calculation(crystal(factor=0.1))], "apart", "nm"),
}


@pytest.mark.parametrize("case", WRONG)
def test_other_units_are_named(case):
    configurations, key, unit = WRONG[case]
    with pytest.raises(InputError, match=rf"set\.xyz\[0\]: .*{unit}") as raised:
        check_range(configurations, XyzKeys(stress_key="stress").labels())
    assert key in str(raised.value) or key == "distance"
    assert "\n" not in str(raised.value)


def test_fractions_of_the_cell_are_no_positions():
    atoms = crystal()
    atoms.positions = atoms.get_scaled_positions()
    with pytest.raises(InputError, match="fractions of the cell"):
        check_range([calculation(atoms)], LABELS)


def test_json_is_told_of_its_own_keys():
    with pytest.raises(InputError, match=r"Stress reaches .* Give the unit in StressStyle$"):
        check_range([calculation(crystal(), stress=1e4)], LABELS)


def test_one_atom_of_a_primitive_cell_has_neighbours_too():
    with pytest.raises(InputError, match="bohr"):
        check_range([calculation(bulk("W", a=3.18 / Bohr))], LABELS)


def test_far_states_of_matter_are_accepted():
    """Strong compression, collisions, wide cells, molecules, all-electron energies, thin slabs."""
    slab = fcc111("Al", (1, 1, 4), vacuum=15.0)
    slab.pbc = True
    dimers = [molecule("N2", cell=[12.0] * 3, pbc=True) for _ in range(2)]
    dimers[1].positions[1] = dimers[1].positions[0] + [3.0, 0, 0]
    skewed = crystal()
    skewed.set_cell(np.array([[1, 0, 0], [5, 1, 0], [3, 7, 1]]) @ skewed.cell.array)
    squeezed = crystal(factor=0.7)
    members = [
        [calculation(squeezed, energy=80.0, force=300.0, stress=-25.0)],
        [calculation(crystal(factor=factor)) for factor in (0.85, 1.0, 1.3, 1.6)],
        [calculation(bulk("W", "sc", 12.0), stress=1e-3)],
        [calculation(slab)],
        [calculation(skewed)],
        [calculation(atoms, energy=-10.0, force=40.0) for atoms in dimers],
        [calculation(crystal("Si"), energy=-289.0 * Hartree)],
        [calculation(crystal(), energy=-16146.0 * Hartree)],
        [calculation(bulk("Ar", cubic=True)), calculation(bulk("NaCl", "rocksalt", 5.64))],
        [],
    ]
    for group in members:
        check_range(group, LABELS)


def test_compositions_are_compared_with_themselves():
    """All-electron energies of W are half a million eV from those of Be."""
    group = [calculation(crystal("W"), energy=-439000.0), calculation(bulk("Be"), energy=-400.0)]
    check_range(group, LABELS)
