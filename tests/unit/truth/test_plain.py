"""The check by ASE relaxes what a study relaxes, whatever the cell may do."""

import numpy as np
import pytest
from ase.build import bulk
from bad_input import MORSE

from relaxdiff.potentials.analytic.potential import analytic_potential
from relaxdiff.structures.coordinates import Freedom
from relaxdiff.truth.plain import minimise_plainly

A = 3.18


@pytest.fixture(scope="module")
def potential(tmp_path_factory):
    """Without a pair style of LAMMPS."""
    path = tmp_path_factory.mktemp("morse") / "morse.py"
    path.write_text(MORSE)
    return analytic_potential(path)


@pytest.mark.parametrize("line", [(1.0, 1.0, 1.0), (1.0, -1.0, 0.0), (0.0, 0.0, 1.0)])
def test_a_crystal_held_in_a_plane_strains_along_its_normal_alone(potential, line):
    normal = np.array(line) / np.linalg.norm(line)
    start = bulk("W", "bcc", A, cubic=True)
    shaken = start.copy()
    shaken.rattle(0.01, seed=1)
    found = minimise_plainly(shaken, potential, 1e-6, Freedom(np.outer(normal, normal)[None]))
    strain = np.linalg.solve(start.cell.array, found.atoms.cell.array) - np.eye(3)
    stretch = normal @ strain @ normal
    assert strain == pytest.approx(stretch * np.outer(normal, normal), abs=1e-10)
    assert abs(stretch) > 1e-3
    energies = []
    for change in (-1e-3, 0.0, 1e-3):
        atoms = start.copy()
        deformed = np.eye(3) + (stretch + change) * np.outer(normal, normal)
        atoms.set_cell(start.cell.array @ deformed, scale_atoms=True)
        atoms.calc = potential.calculator()
        energies.append(atoms.get_potential_energy())
    assert energies[1] == pytest.approx(found.energy, abs=1e-9)
    assert energies[1] < min(energies[0], energies[2])
