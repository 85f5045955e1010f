"""The choice between the two ways to evaluate a structure with a SNAP potential."""

import numpy as np

from relaxdiff.lammps import AllAtomColumns, OrbitColumns
from relaxdiff.potentials import ColumnEvaluator
from relaxdiff.running import rank_and_size


def evaluator_for(coordinates, potential):
    """The cheapest LinearEvaluator: one atom per orbit where there is symmetry, else all atoms.

    potential: SnapPotential. Under mpiexec it always evaluates one atom per orbit, as orbits are
    divided among the ranks.
    """
    symmetric = len(np.unique(coordinates.orbits)) < len(coordinates.orbits)
    kind = OrbitColumns if symmetric or rank_and_size()[1] > 1 else AllAtomColumns
    return ColumnEvaluator(kind(coordinates, potential.hyperparameters, potential.baseline))
