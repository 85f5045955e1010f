"""The solver that a config names, with the preconditioner it needs."""

from relaxdiff.derivative.solvers.dense import Dense
from relaxdiff.derivative.solvers.energy import Energy
from relaxdiff.derivative.solvers.sparse import Sparse
from relaxdiff.exceptions import InputError
from relaxdiff.minima import crystal_green

SOLVERS = {"dense": Dense, "sparse": Sparse, "energy": Energy}


def solver_of(name, minimum, crystal, supercell):
    """The solver called `name`, with the settings it has in a study.

    minimum: of a defect in a supercell of `supercell`^3 conventional cells of a PerfectCrystal;
    'sparse' is preconditioned by the lattice Green's function of that crystal at the defect cell's
    own lattice parameters. Raises InputError for an unknown name, LammpsError.
    """
    if name not in SOLVERS:
        raise InputError(f"derivative.solver: '{name}' is not one of {', '.join(SOLVERS)}")
    if name != "sparse":
        return SOLVERS[name]()
    green = crystal_green(minimum.potential, minimum.atoms, crystal, supercell)
    return SOLVERS[name](preconditioner=green)
