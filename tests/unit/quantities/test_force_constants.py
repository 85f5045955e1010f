"""Force constants: read from files, and derivatives of any potential's against differences."""

import gzip
import lzma

import numpy as np
import pytest
from ase.build import bulk

from relaxdiff.exceptions import EvaluationError, InputError
from relaxdiff.minima.sparse_hessian import sparse_hessian
from relaxdiff.potentials.linear import weights_of
from relaxdiff.quantities.force_constants import SupercellForceConstants, read_force_constants
from relaxdiff.structures.coordinates import Freedom, coordinates_of

pytest.importorskip("jax")  # which `make jax` adds

from relaxdiff.potentials.analytic import analytic_potential

POTENTIAL = analytic_potential("stillinger_weber")
DIAMOND = bulk("Si", cubic=True)
RATTLED = bulk("Si", cubic=True)
RATTLED.rattle(0.05, seed=1)


def matrix(values, atoms):
    """Phi as a matrix, (3N, 3N)."""
    count = len(atoms)
    return values.reshape(count, count, 3, 3).swapaxes(1, 2).reshape(3 * count, 3 * count)


@pytest.fixture(scope="module", params=[DIAMOND, RATTLED], ids=["diamond", "rattled"])
def atoms(request):
    return request.param


@pytest.fixture(scope="module")
def found(atoms):
    return SupercellForceConstants(POTENTIAL, atoms).at(POTENTIAL.theta)


def test_they_are_derivatives_of_forces(atoms, found):
    expected = sparse_hessian(POTENTIAL, atoms).toarray()
    assert found.unit == "eV/Angstrom^2"
    np.testing.assert_allclose(matrix(found.values, atoms), expected, atol=1e-7)


def test_they_are_symmetric_and_rigid_shifts_cost_nothing(atoms, found):
    phi = matrix(found.values, atoms)
    np.testing.assert_allclose(phi, phi.T, atol=1e-12)
    np.testing.assert_allclose(phi.reshape(-1, len(atoms), 3).sum(axis=1), 0, atol=1e-11)


def test_gradient_is_that_of_differences(atoms, found):
    constants, names = SupercellForceConstants(POTENTIAL, atoms), POTENTIAL.parameters.names
    assert found.gradient.shape == (9 * len(atoms) ** 2, len(names))
    for index, name in enumerate(names):
        step = 1e-5 * np.eye(len(names))[index]
        ahead, behind = (constants.at(POTENTIAL.theta + way * step).values for way in (1, -1))
        slopes, size = found.gradient[:, index], np.abs(found.gradient[:, index]).max()
        np.testing.assert_allclose(slopes, (ahead - behind) / 2e-5, atol=1e-6 * size, err_msg=name)


def test_rows_of_one_atom_of_each_kind_are_enough(monkeypatch):
    supercell, asked = DIAMOND.repeat((2, 1, 1)), []
    constants = SupercellForceConstants(POTENTIAL, supercell)
    evaluator = type(POTENTIAL.evaluator(constants.coordinates))
    columns = evaluator.hessian_columns

    def noted(self, modes):
        asked.append(modes)
        return columns(self, modes)

    monkeypatch.setattr(evaluator, "hessian_columns", noted)
    found = matrix(constants.at(POTENTIAL.theta).values, supercell)
    assert len(asked[0]) == 2 * 3
    with POTENTIAL.evaluator(constants.coordinates) as whole:
        expected = whole.hessian(np.zeros(3 * len(supercell)), POTENTIAL.theta)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_linear_potential_is_evaluated_once(tungsten):
    atoms = bulk("W", cubic=True, a=3.18)
    constants = SupercellForceConstants(tungsten, atoms)
    found, doubled = constants.at(tungsten.theta), constants.at(2 * tungsten.theta)
    # Of all coordinates but a rigid shift, which modes of `coordinates_of` leave out.
    coordinates = coordinates_of(atoms, Freedom(np.zeros((0, 3, 3))), symmetry=False)
    with tungsten.evaluator(coordinates) as evaluator:
        expected = evaluator.hessian_columns() @ weights_of(tungsten.theta)
    modes = coordinates.modes
    of_modes = modes.T @ matrix(found.values, atoms) @ modes
    np.testing.assert_allclose(of_modes, expected, atol=1e-7)
    assert doubled.gradient is not found.gradient
    np.testing.assert_array_equal(doubled.gradient, found.gradient)
    change = found.gradient @ tungsten.theta
    np.testing.assert_allclose(doubled.values - found.values, change, atol=1e-9)


def test_structures_and_parameters_that_cannot_be_used():
    with pytest.raises(InputError, match="stillinger_weber: is not for Ge"):
        SupercellForceConstants(POTENTIAL, bulk("Ge"))
    slab = DIAMOND.copy()
    slab.pbc = [True, True, False]
    with pytest.raises(InputError, match="periodic in x, y and z"):
        SupercellForceConstants(POTENTIAL, slab)
    theta = POTENTIAL.theta.copy()
    theta[POTENTIAL.parameters.names.index("B")] = 1e308
    theta[POTENTIAL.parameters.names.index("A")] = 1e308
    with pytest.raises(EvaluationError, match="force constants are not finite"):
        SupercellForceConstants(POTENTIAL, DIAMOND).at(theta)


def text_of(phi, rows=None):
    """What phonopy writes."""
    count = phi.shape[1]
    rows = range(count) if rows is None else rows
    lines = [f"{len(rows):4d} {count:4d}"]
    for i in rows:
        for j in range(count):
            lines.append(f"{i + 1} {j + 1}")
            lines += [" ".join(f"{each:22.15f}" for each in row) for row in phi[i, j]]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def phi():
    """Force constants of 8 atoms, (8, 8, 3, 3)."""
    found = SupercellForceConstants(POTENTIAL, DIAMOND).at(POTENTIAL.theta)
    return found.values.reshape(8, 8, 3, 3)


@pytest.fixture
def supercell(tmp_path):
    """Path of their structure."""
    DIAMOND.write(tmp_path / "SPOSCAR", format="vasp", direct=True)
    return tmp_path / "SPOSCAR"


@pytest.mark.parametrize("ending", ["", ".xz", ".gz"])
def test_files_are_read(phi, supercell, ending):
    path = supercell.with_name(f"FORCE_CONSTANTS{ending}")
    squeezed = {"": bytes, ".xz": lzma.compress, ".gz": gzip.compress}[ending]
    path.write_bytes(squeezed(text_of(phi).encode()))
    np.testing.assert_allclose(read_force_constants(path, supercell), phi, atol=1e-14)


@pytest.mark.parametrize("rows", [[0, 1], [5, 2]])
def test_rows_of_a_primitive_cell_are_enough(phi, supercell, rows):
    path = supercell.with_name("FORCE_CONSTANTS")
    path.write_text(text_of(phi, rows))
    np.testing.assert_allclose(read_force_constants(path, supercell), phi, atol=1e-12)


def changed(phi, text, kind):
    """The text of a file with something wrong."""
    lines = text.splitlines()
    return {
        "empty": "",
        "words": text.replace(lines[2], "one two three"),
        "short": "\n".join(lines[:-1]),
        "none": "8\n",
        "nan": text.replace(lines[2], "nan 0 0", 1),
        "fewer": text_of(phi[:4, :4]),
        "rows": text_of(phi, [0, 2]),
        "again": text.replace("\n2 1\n", "\n1 1\n", 1),
        "order": text_of(phi[[0, 1, 3, 2, 4, 5, 6, 7]][:, [0, 1, 2, 3, 4, 6, 5, 7]]),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("empty", "does not begin with its numbers of atoms, or is not as long as they say"),
        ("words", "is not a file FORCE_CONSTANTS of phonopy's: could not convert"),
        ("short", "is not as long as they say"),
        ("none", "is not as long as they say"),
        ("nan", "not finite"),
        ("fewer", "is for 4 atoms, but .*SPOSCAR has 8"),
        ("rows", "has the rows of 2 of 8 atoms, from which the lattice translations"),
        ("again", "the pairs of atoms are not in phonopy's order"),
        ("order", "the order of the atoms is another"),
    ],
)
def test_files_with_something_wrong(phi, supercell, kind, message):
    path = supercell.with_name("FORCE_CONSTANTS")
    path.write_text(changed(phi, text_of(phi), kind))
    with pytest.raises(InputError, match=f"^{path}: .*{message}"):
        read_force_constants(path, supercell)


def test_files_that_are_no_files(supercell, tmp_path):
    with pytest.raises(InputError, match="MISSING: cannot be read: No such file"):
        read_force_constants(tmp_path / "MISSING", supercell)
    for ending in (".xz", ".gz", ".bz2"):
        path = tmp_path / f"FORCE_CONSTANTS{ending}"
        path.write_text("8 8\n")
        with pytest.raises(InputError, match=f"^{path}: "):
            read_force_constants(path, supercell)
    with pytest.raises(InputError, match="POSCAR is not a file"):
        read_force_constants(path, tmp_path / "POSCAR")
