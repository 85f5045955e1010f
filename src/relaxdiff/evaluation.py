"""Descriptors as functions of the coordinates q: of all atoms, or of one atom of each orbit.

Atoms of an orbit have the same surroundings, so the descriptors of a symmetric structure are those
of one representative each, weighted by the size of its orbit:

    D(q) = sum_o size_o B_o(q),    dD/dq_k = sum_o size_o sum_j dB_o/dx_j . dx_j/dq_k

as long as q keeps the symmetry, which the coordinates see to. LAMMPS is given the representatives
and all atoms within their reach as a cluster without periodic boundaries: images are atoms of their
own there, so that the strain derivative is the plain sum over dB_o/dx_j . x_j.
"""

import numpy as np
from ase.neighborlist import neighbor_list

from relaxdiff.descriptors import DescriptorCalculator, pair_lines
from relaxdiff.exceptions import LammpsError
from relaxdiff.lammps_session import (
    LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM,
    LammpsSession,
    lammps_errors,
)

# How much further than the cutoff the cluster reaches, Angstrom: strains and displacements within
# that margin leave all neighbours inside; beyond it the cluster is built anew.
MARGIN = 0.6
FURTHEST = 2  # times the cutoff; a structure that needs more has no likeness to the reference


def evaluator_for(coordinates, potential):
    """The cheapest evaluator for coordinates: by orbits where there is symmetry, else all atoms."""
    symmetric = len(np.unique(coordinates.orbits)) < len(coordinates.orbits)
    kind = OrbitEvaluator if symmetric else FullEvaluator
    return kind(coordinates, potential.hyperparameters, potential.reference)


class FullEvaluator:
    """Descriptors of all atoms. A context manager; counts its evaluations.

    coordinates: Coordinates; hyperparameters: SnapHyperparameters; reference: ZblReference or None.
    """

    def __init__(self, coordinates, hyperparameters, reference=None):
        self.coordinates = coordinates
        self.calculator = DescriptorCalculator(hyperparameters, reference)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Free the LAMMPS instance."""
        self.calculator.close()

    @property
    def n_evaluations(self):
        """Evaluations so far."""
        return self.calculator.n_evaluations

    def evaluate(self, q):
        """Values (P + 1,) and gradient (n, P + 1) at q, the fixed reference last."""
        modes, stretch = self.coordinates.modes, 1 + self.coordinates.strain_of(q)
        found = self.calculator.evaluate(self.coordinates.structure(q))
        gradient = modes.T @ found.gradient.reshape(modes.shape[0], -1) * stretch
        if self.coordinates.strain:
            gradient = np.vstack([gradient, np.trace(found.strain_gradient) / stretch])
        return found.values, gradient


class OrbitEvaluator:
    """Descriptors and their gradient in symmetric coordinates. A context manager.

    coordinates: Coordinates with `orbits`; hyperparameters: SnapHyperparameters; reference:
    ZblReference or None. Counts its evaluations in `n_evaluations`.
    """

    def __init__(self, coordinates, hyperparameters, reference=None):
        self.coordinates = coordinates
        self.hyperparameters = hyperparameters
        self.reference = reference
        self.n_evaluations = 0
        self.representatives, self.sizes = np.unique(coordinates.orbits, return_counts=True)
        self.cutoff = hyperparameters.cutoff
        if reference is not None:
            self.cutoff = max(self.cutoff, reference.outer)
        self.session = None
        self.reach = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Free the LAMMPS instance; the next evaluation starts another."""
        if self.session is not None:
            self.session.close()
            self.session = None

    def evaluate(self, q):
        """Values (P + 1,) and gradient (n, P + 1) at q, the fixed reference last.

        Raises LammpsError when LAMMPS refuses the structure.
        """
        stretch = 1 + self.coordinates.strain_of(q)
        displacements = self.coordinates.displacements(q)
        needed = self.cutoff / stretch + 2 * np.linalg.norm(displacements, axis=1).max()
        if not 0 < needed < FURTHEST * self.cutoff:
            raise LammpsError("the structure is too far from the reference to be evaluated")
        if self.session is None or needed >= self.reach:
            self._build(needed + MARGIN)
        positions = (self.places + displacements[self.atoms]) * stretch
        self.session.place_cluster(positions)
        self.session.command("reset_timestep 0\nrun 0 post no")
        self.n_evaluations += 1
        bispectrum, slopes = self._bispectrum()
        gradient = self.modes.T @ slopes * stretch
        if self.coordinates.strain:
            gradient = np.vstack([gradient, positions.ravel() @ slopes / stretch])
        energy, along = self._reference_part(stretch)
        return np.append(bispectrum, energy), np.column_stack([gradient, along])

    def _build(self, reach):
        """Collect the cluster, and have LAMMPS compute on the representatives in it."""
        self.close()
        atoms = self.coordinates.reference
        first, second, images = neighbor_list("ijS", atoms, reach)
        near = np.isin(first, self.representatives)
        own = np.column_stack([self.representatives, np.zeros((len(self.sizes), 3), dtype=int)])
        others = np.unique(np.column_stack([second[near], images[near]]), axis=0)
        is_own = (others[:, None, :] == own[None]).all(axis=2).any(axis=1)
        cluster = np.vstack([own, others[~is_own]])  # representatives first
        self.atoms = cluster[:, 0]
        self.places = atoms.positions[self.atoms] + cluster[:, 1:] @ atoms.cell.array
        n_modes = self.coordinates.modes.shape[1]
        fields = self.coordinates.modes.reshape(len(atoms), 3, n_modes)
        self.modes = fields[self.atoms].reshape(3 * len(cluster), n_modes)
        self.reach = reach
        self.session = LammpsSession(self.hyperparameters.element, self._commands())

    def _commands(self):
        """Pair styles, and one derivative compute for each size of orbit."""
        hyper = self.hyperparameters
        settings = (
            f"{hyper.cutoff_factor} {hyper.rfac0} {hyper.twojmax} {hyper.radius} {hyper.weight} "
            f"rmin0 {hyper.rmin0} switchflag {hyper.switchflag} bzeroflag {hyper.bzeroflag}"
        )
        lines = [*pair_lines(hyper, self.reference), "neigh_modify one 10000 page 1000000"]
        lines += [f"group all_orbits id 1:{len(self.sizes)}"]
        lines += [f"compute values all_orbits sna/atom {settings}"]
        for size in np.unique(self.sizes):
            members = " ".join(str(tag + 1) for tag in np.flatnonzero(self.sizes == size))
            lines += [f"group orbits{size} id {members}"]
            lines += [f"compute slopes{size} orbits{size} snad/atom {settings}"]
        if self.reference is not None:
            lines += [
                "compute energies all pe/atom pair",
                "compute virials all stress/atom NULL pair",
            ]
        return lines

    def _bispectrum(self):
        """Weighted sums of the bispectrum (P,) and of its derivatives by positions (3 n, P)."""
        values = self.session.per_atom("values")[: len(self.sizes)]
        slopes = sum(
            float(size) * self.session.per_atom(f"slopes{size}") for size in np.unique(self.sizes)
        )
        return self.sizes @ values, -slopes.reshape(3 * len(self.atoms), -1)  # LAMMPS: - dB/dx

    def _reference_part(self, stretch):
        """Energy of the fixed pair style (eV) and its derivatives by the coordinates, (n,)."""
        size = self.coordinates.size
        if self.reference is None:
            return 0.0, np.zeros(size)
        count = len(self.sizes)
        energy = self.sizes @ self.session.per_atom("energies", "vector")[:count]
        with lammps_errors():
            forces = self.session.instance.numpy.extract_atom("f")[:count]
        # Half of each pair's energy is the atom's own; its force is the whole one.
        weighted = (self.sizes[:, None] * forces).ravel()
        along = -self.modes[: 3 * count].T @ weighted * stretch
        if self.coordinates.strain:
            virials = self.session.per_atom("virials")[:count, :3].sum(axis=1)
            trace = self.sizes @ virials / LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM
            along = np.append(along, trace / stretch)
        return energy, along
