"""Which source of columns serves a structure of a SNAP potential."""

import numpy as np

from relaxdiff.lammps import AllAtomColumns, OrbitColumns
from relaxdiff.potentials import ColumnEvaluator
from relaxdiff.running import rank_and_size


def evaluator_for(coordinates, potential):
    """The cheapest LinearEvaluator for coordinates: by orbits where there is symmetry, else of all.

    potential: SnapPotential. Under mpiexec it is by orbits always: they are shared out among the
    ranks.
    """
    symmetric = len(np.unique(coordinates.orbits)) < len(coordinates.orbits)
    kind = OrbitColumns if symmetric or rank_and_size()[1] > 1 else AllAtomColumns
    return ColumnEvaluator(kind(coordinates, potential.hyperparameters, potential.baseline))
