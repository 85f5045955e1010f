"""Descriptors of symmetric structures: one atom of each orbit is evaluated.

Atoms of an orbit have the same surroundings, so the descriptors of a symmetric structure are those
of one representative each, weighted by the size of its orbit:

    D(q) = sum_o size_o B_o(q),    dD/dq_k = sum_o size_o sum_j dB_o/dx_j . dx_j/dq_k

as long as q keeps the symmetry, as the coordinates ensure. LAMMPS is given the representatives
and all atoms within their reach as a cluster without periodic boundaries. Periodic images are
separate atoms there, so that the derivative by a strain B is the sum over dB_o/dx_j . (x0 + u)_j B.

A baseline that is a sum over pairs is evaluated in the same cluster, a many-body one in the whole
cell, as it costs little compared with the descriptors.

Under mpiexec each rank evaluates its share of the representatives.

An evaluation is one gradient. The values D(q) are computed on demand: relaxation needs them only
at its end.
"""

import numpy as np
from ase.data import atomic_numbers

from relaxdiff.exceptions import LammpsError
from relaxdiff.lammps.all_atoms import TOO_FAR, deformation_at, finite
from relaxdiff.lammps.baseline_evaluator import BaselineEvaluator
from relaxdiff.lammps.descriptors import pair_lines
from relaxdiff.lammps.session import SKIN, LammpsSession
from relaxdiff.running import add_up, own_communicator, rank_and_size
from relaxdiff.structures import images_near
from relaxdiff.units import LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM, PER_ATOM_VOIGT

# A new cluster reaches beyond the cutoff by a multiple of this (Angstrom), at least half of it more
# than its atoms need. It is built again only when strains and displacements have used that up.
MARGIN = 0.5
FURTHEST = 2  # times the cutoff; a structure that needs more is nothing like the reference


class OrbitColumns:
    """Descriptors and their gradient in symmetric coordinates. A context manager.

    coordinates: Coordinates with `orbits`; hyperparameters: SnapHyperparameters; baseline:
    ZblBaseline, PairBaseline or None. Counts its evaluations in `n_evaluations`.
    """

    def __init__(self, coordinates, hyperparameters, baseline=None):
        self.coordinates = coordinates
        self.hyperparameters = hyperparameters
        self.n_parameters = hyperparameters.n_parameters
        self.n_evaluations = 0
        representatives, sizes = np.unique(coordinates.orbits, return_counts=True)
        rank, ranks = rank_and_size()
        # Neighbours in the list are near each other, so that the ranks' clusters overlap little.
        self.representatives, self.sizes = (
            np.array_split(each, ranks)[rank] for each in (representatives, sizes)
        )
        # For each representative a mask over the elements, whose blocks of components LAMMPS gives.
        numbers = [atomic_numbers[element] for element in hyperparameters.elements]
        own = coordinates.reference.numbers[self.representatives]
        self.blocks = own[:, None] == numbers
        in_pairs = baseline is not None and baseline.is_sum_over_pairs
        self.pair_baseline = baseline if in_pairs else None
        self.whole = None
        if baseline is not None and not in_pairs and rank == 0:
            self.whole = BaselineEvaluator(coordinates, hyperparameters.elements, baseline)
        self.cutoff = hyperparameters.cutoff
        if in_pairs:
            self.cutoff = max(self.cutoff, baseline.reach(hyperparameters.elements))
        self.session = LammpsSession(hyperparameters.elements, self._commands(), own_communicator())
        self.reach = 0.0
        self.clusters = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Free the LAMMPS instances; the next evaluation starts others."""
        self.session.close()
        if self.whole:
            self.whole.close()

    def forget(self):
        """Make later results independent, to the last digit, of earlier evaluations."""
        self.reach = 0.0

    def columns(self, q):
        """dD/dq at q, shape (n, P + 1), the baseline last.

        Raises LammpsError, on all ranks alike, when LAMMPS refuses the structure on one.
        """
        deformation, shrinks = deformation_at(self.coordinates, q)
        displacements = self.coordinates.displacements(q)
        needed = self.cutoff / shrinks + 2 * np.linalg.norm(displacements, axis=1).max()
        if needed >= FURTHEST * self.cutoff:
            raise LammpsError(TOO_FAR)
        if self.sizes.size and needed >= self.reach:
            self._collect(self.cutoff + MARGIN * np.ceil((needed - self.cutoff) / MARGIN + 0.5))
        self.n_evaluations += 1
        return add_up(lambda: self._share(q, displacements, deformation))

    def _share(self, q, displacements, deformation):
        """What this rank's representatives contribute to the gradient."""
        gradient = np.zeros((self.coordinates.size, self.n_parameters + 1))
        if self.whole:
            gradient[:, -1] = self.whole.gradient(q)
        if not self.sizes.size:  # more ranks than orbits
            return gradient
        unstrained = self.places + displacements[self.atoms]
        numbers = self.coordinates.reference.numbers[self.atoms]
        self.session.run_cluster(unstrained @ deformation, numbers)
        slopes = self._slopes()
        by_place = (deformation @ slopes.reshape(len(self.atoms), 3, -1)).reshape(slopes.shape)
        moved = (unstrained @ self.coordinates.strains).reshape(-1, len(slopes))
        gradient[:, :-1] = np.vstack([self.by_mode @ by_place, moved @ slopes])
        if self.pair_baseline:
            gradient[:, -1] = self._baseline_gradient(deformation)
        return finite(gradient)

    def values(self):
        """D (P + 1,) where the gradient was last asked for."""
        return add_up(self._share_of_values)

    def _share_of_values(self):
        """What this rank's representatives contribute to the values."""
        count, energy = len(self.sizes), 0.0
        if self.whole:
            energy = self.whole.energy
        if not count:
            return np.append(np.zeros(self.n_parameters), energy)
        components = self.session.per_atom("values")[:count]
        bispectrum = (self.blocks * self.sizes[:, None]).T @ components
        if self.pair_baseline:
            energy = self.sizes @ self.session.per_atom("energies", "vector")[:count]
        return finite(np.append(bispectrum, energy))

    def _collect(self, reach):
        """Use a cluster of that reach."""
        if reach not in self.clusters:
            self.clusters[reach] = self._cluster(reach)
        self.atoms, self.places, self.by_mode, self.by_mode_of_own = self.clusters[reach]
        self.reach = reach
        self.session.forget_neighbours()

    def _cluster(self, reach):
        """Representatives first, then all atoms within `reach` of one.

        Returns their indices and positions, and how the modes displace these atoms and the
        representatives, sparse, (modes, 3 n).
        """
        atoms, modes = self.coordinates.reference, self.coordinates.modes
        found, images = images_near(atoms, atoms.positions[self.representatives], reach)
        own = np.isin(found, self.representatives) & ~images.any(axis=1)
        order = np.append(np.flatnonzero(own), np.flatnonzero(~own))
        members, images = found[order], images[order]
        places = atoms.positions[members] + images @ atoms.cell.array
        rows = (3 * members[:, None] + np.arange(3)).ravel()
        by_mode = modes[rows].T.tocsr()
        return members, places, by_mode, by_mode[:, : 3 * len(self.sizes)]

    def _commands(self):
        """Pair styles, and one derivative compute for each size of orbit."""
        settings = self.hyperparameters.compute_settings()
        lines = [
            *pair_lines(self.hyperparameters, self.pair_baseline),
            f"neighbor {SKIN} bin",
            "neigh_modify every 1 delay 0 check yes one 10000 page 1000000",
            f"group all_orbits id 1:{len(self.sizes)}",
            "group surroundings subtract all all_orbits",
            "neigh_modify exclude group surroundings surroundings",
            f"compute values all_orbits sna/atom {settings}",
        ]
        for size in np.unique(self.sizes):
            members = " ".join(str(tag + 1) for tag in np.flatnonzero(self.sizes == size))
            lines += [f"group orbits{size} id {members}"]
            lines += [f"compute slopes{size} orbits{size} snad/atom {settings}"]
        if self.pair_baseline:
            lines += [
                "compute energies all pe/atom pair",
                "compute virials all stress/atom NULL pair",
            ]
        return lines

    def _slopes(self):
        """Weighted sum of the bispectrum's derivatives by the cluster's positions, (3 n, P)."""
        total = 0.0
        for size in np.unique(self.sizes):
            # The minus: LAMMPS gives - dB/dx.
            total -= float(size) * self.session.per_atom(f"slopes{size}")
        # LAMMPS's columns are x, y and z of one element's components, then of the next element's.
        by_element = total.reshape(len(total), self.blocks.shape[1], 3, -1)
        return by_element.transpose(0, 2, 1, 3).reshape(3 * len(total), -1)

    def _baseline_gradient(self, deformation):
        """Derivative of the fixed pair style's energy by the coordinates, (n,), eV."""
        count = len(self.sizes)
        # An atom has half of each pair's energy, but its force is the derivative of all of it.
        weighted = (self.sizes[:, None] * self.session.forces()[:count]) @ deformation
        on_modes = -(self.by_mode_of_own @ weighted.ravel())
        voigt = self.sizes @ self.session.per_atom("virials")[:count]
        virial = voigt[PER_ATOM_VOIGT] / LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM
        on_top = np.linalg.solve(deformation, self.coordinates.strains)
        return np.append(on_modes, np.tensordot(on_top, virial, axes=2))
