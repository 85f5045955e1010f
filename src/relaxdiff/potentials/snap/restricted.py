"""A SNAP potential as a function of some of its coefficients, the others held.

    U(q; theta) = theta . D(q) + U_rest(q),    theta: the free coefficients,

where D sums over the atoms whose coefficients are free, such as one alchemical atom, and U_rest is
all other energy. So it is linear in theta, with U_rest in the place of the baseline. An evaluation
is one call of LAMMPS's own forces, and descriptors of these few atoms: a third of the cost of the
gradients of all coefficients of two elements.
"""

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_array, eye_array

from relaxdiff.exceptions import InputError, LammpsError
from relaxdiff.lammps import LammpsCalculator, OrbitColumns
from relaxdiff.potentials import ColumnEvaluator, Parameters
from relaxdiff.potentials.snap.potential import SnapPotential
from relaxdiff.structures import images_near, on_coordinates
from relaxdiff.units import VOIGT_MATRIX

LARGEST_FORCE = 50.0  # eV/Angstrom; beyond it a structure collapses, and no minimum is near
LARGEST_TENSOR = 2e9  # bytes of second derivatives


@dataclass(frozen=True)
class RestrictedPotential:
    """A Potential whose parameters are some coefficients of another.

    whole: SnapPotential; free: indices of its theta, ascending, (P,).
    """

    whole: SnapPotential
    free: np.ndarray = field(repr=False)
    is_linear: ClassVar[bool] = True

    @property
    def name(self):
        """That of the whole potential."""
        return self.whole.name

    @property
    def elements(self):
        """Symbols of the elements, in LAMMPS's order of types."""
        return self.whole.elements

    @property
    def reach(self):
        """Distance in Angstrom beyond which atoms do not feel each other."""
        return self.whole.reach

    @property
    def theta(self):
        """The free coefficients, (P,), eV."""
        return self.whole.theta[self.free]

    @property
    def parameters(self):
        """Names, units and values of the free coefficients, Parameters."""
        whole = self.whole.parameters
        names, units = (
            tuple(each[index] for index in self.free) for each in (whole.names, whole.units)
        )
        return Parameters(names, units, self.theta)

    def with_theta(self, theta, energy_shift=None, name=None):
        """The same with other free coefficients (eV)."""
        coefficients = self.whole.theta.copy()
        coefficients[self.free] = theta
        return replace(self, whole=self.whole.with_theta(coefficients, energy_shift, name))

    def evaluator(self, coordinates):
        """A LinearEvaluator of a structure in its coordinates."""
        return ColumnEvaluator(RestrictedColumns(coordinates, self))

    def calculator(self):
        """An ASE calculator, which plain LAMMPS evaluates."""
        return self.whole.calculator()

    def shift_of(self, atoms):
        """The sum of the atoms' energy shifts in a structure, eV."""
        return self.whole.shift_of(atoms)

    def attributes(self):
        """What a Dataset keeps of the whole potential in addition to theta, a dict."""
        return self.whole.attributes()

    def write(self, stem):
        """Write the files that LAMMPS reads; returns their paths."""
        return self.whole.write(stem)

    def lammps_lines(self, folder):
        """LAMMPS's lines for the whole potential, its files in `folder` (a list)."""
        return self.whole.lammps_lines(folder)

    @property
    def free_elements(self):
        """Symbols of the elements that have free coefficients, in LAMMPS's order (a list)."""
        places = np.unique(self.free // self.whole.hyperparameters.n_of_element)
        return [self.elements[place] for place in places]

    def centres(self, atoms):
        """Indices of the atoms whose coefficients are free, (k,)."""
        return np.flatnonzero(np.isin(atoms.get_chemical_symbols(), self.free_elements))


def restricted(potential, patterns):
    """The potential as a function of the coefficients whose names match a pattern.

    potential: SnapPotential; patterns: such as `X_beta_*` (fnmatch), a list. Raises InputError for
    a pattern that no name matches, with the names that there are.
    """
    names = potential.parameters.names
    chosen = set()
    for pattern in patterns:
        found = [index for index, name in enumerate(names) if fnmatchcase(name, pattern)]
        if not found:
            raise InputError(
                f"fit.free: no parameter of {potential.name} matches {pattern}; they are "
                f"{names[0]} to {names[-1]}"
            )
        chosen.update(found)
    return RestrictedPotential(potential, np.array(sorted(chosen)))


class RestrictedColumns:
    """Columns of the free coefficients and, last, all other energy.

    coordinates: Coordinates; potential: RestrictedPotential, with whose theta LAMMPS computes
    forces. A source for ColumnEvaluator. Raises LammpsError when the structure collapses.
    """

    def __init__(self, coordinates, potential):
        self.coordinates = coordinates
        self.potential = potential
        self.calculator = LammpsCalculator(potential.whole)
        self.own = chosen_columns(coordinates, potential)
        self.n_evaluations = 0

    def close(self):
        """Free the LAMMPS instances."""
        self.calculator.close()
        self.own.close()

    def forget(self):
        """Make later results independent, to the last digit, of earlier evaluations."""
        self.own.forget()

    def columns(self, q):
        """dD/dq and, last, the gradient of all other energy, (n, P + 1)."""
        atoms = self.coordinates.structure(q)
        self.n_evaluations += 1
        self.calculator.calculate(atoms)
        found = self.calculator.results
        largest = np.abs(found["forces"]).max()
        if not largest < LARGEST_FORCE:
            raise LammpsError(f"the structure collapses, with a force of {largest:.0f} eV/Angstrom")
        total = on_coordinates(
            self.coordinates,
            np.eye(3) + self.coordinates.strain_of(q),
            -found["forces"][..., None],
            found["stress"][VOIGT_MATRIX][..., None] * atoms.get_volume(),
        )[:, 0]
        own = self.own.columns(q)[:, self.potential.free]
        return np.column_stack([own, total - own @ self.potential.theta])

    def values(self):
        """D and, last, all other energy (eV), (P + 1,), where the columns were last asked for."""
        own = self.own.values()[self.potential.free]
        energy = self.calculator.results["energy"] - self.potential.shift_of(self.calculator.atoms)
        return np.append(own, energy - own @ self.potential.theta)


def chosen_columns(coordinates, potential):
    """Descriptors of the atoms alone whose coefficients are free, an OrbitColumns.

    coordinates: Coordinates; potential: RestrictedPotential.
    """
    centres = potential.centres(coordinates.reference)
    # One atom each in the sum, as if there were no others.
    alone = replace(coordinates, orbits=centres)
    return OrbitColumns(alone, potential.whole.hyperparameters)


def chosen_hessian(coordinates, potential):
    """Second derivatives of these descriptors at q = 0: components (m,) and tensor (m, m, P).

    coordinates, potential: as for `chosen_columns`; components: those of the atoms (of 3N) that the
    chosen atoms feel; beyond them the second derivatives are zero. 4 m evaluations of few atoms.
    Raises InputError when the tensor would not fit into memory.
    """
    atoms = coordinates.reference
    near, _ = images_near(atoms, atoms.positions[potential.centres(atoms)], potential.reach)
    near = np.unique(near)
    components = (3 * near[:, None] + np.arange(3)).ravel()
    size = len(components) ** 2 * (len(potential.whole.theta) + 1) * 8
    if size > LARGEST_TENSOR:
        raise InputError(
            f"the second derivatives of {len(near)} atoms by {len(potential.free)} free parameters "
            f"take {size / 1e9:.0f} GB: free the parameters of fewer atoms"
        )
    modes = eye_array(3 * len(atoms), format="csc")[:, components]
    local = replace(coordinates, modes=csr_array(modes), strains=np.zeros((0, 3, 3)))
    with ColumnEvaluator(chosen_columns(local, potential)) as evaluator:
        tensor = evaluator.hessian_columns()
    return components, tensor[:, :, potential.free]
