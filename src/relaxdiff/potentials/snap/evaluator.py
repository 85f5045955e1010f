"""Which evaluator serves a structure of a SNAP potential."""

import numpy as np

from relaxdiff.lammps import FullEvaluator, OrbitEvaluator
from relaxdiff.running import rank_and_size


def evaluator_for(coordinates, potential):
    """The cheapest evaluator for coordinates: by orbits where there is symmetry, else all atoms.

    Under mpiexec it is by orbits always: they are shared out among the ranks.
    """
    symmetric = len(np.unique(coordinates.orbits)) < len(coordinates.orbits)
    kind = OrbitEvaluator if symmetric or rank_and_size()[1] > 1 else FullEvaluator
    return kind(coordinates, potential.hyperparameters, potential.reference)
