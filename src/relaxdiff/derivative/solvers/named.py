"""The solver that a config names, with the preconditioner it needs."""

from relaxdiff.derivative.solvers.dense import Dense
from relaxdiff.derivative.solvers.energy import Energy
from relaxdiff.derivative.solvers.sparse import Sparse
from relaxdiff.exceptions import InputError
from relaxdiff.minima import inverse_of_crystal

SOLVERS = {"dense": Dense, "sparse": Sparse, "energy": Energy}


def solver_of(name, minimum, crystal, supercell):
    """The solver called `name`, with the settings it has in a study.

    minimum, crystal, supercell: as for `inverse_of_crystal`, which preconditions 'sparse'. Raises
    InputError for an unknown name, LammpsError.
    """
    if name not in SOLVERS:
        raise InputError(f"derivative.solver: '{name}' is not one of {', '.join(SOLVERS)}")
    if name != "sparse":
        return SOLVERS[name]()
    return SOLVERS[name](preconditioner=inverse_of_crystal(minimum, crystal, supercell))
