"""Ways to apply the inverse of a minimum's Hessian: one file each, one verb, `solve`."""

from relaxdiff.derivative.solvers.dense import Dense
from relaxdiff.derivative.solvers.energy import Energy
from relaxdiff.derivative.solvers.sparse import Sparse

SOLVERS = {"dense": Dense, "sparse": Sparse, "energy": Energy}
