"""Ways to apply the inverse of a minimum's Hessian: one file each, one verb, `solve`."""

from relaxdiff.solvers.dense import Dense
from relaxdiff.solvers.energy import Energy
from relaxdiff.solvers.sparse import Sparse

SOLVERS = {"dense": Dense, "sparse": Sparse, "energy": Energy}
