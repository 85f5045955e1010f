"""Solvers of the linear equations behind the implicit derivative, one in each file."""

from relaxdiff.derivative.solvers.dense import Dense
from relaxdiff.derivative.solvers.energy import Energy
from relaxdiff.derivative.solvers.named import SOLVERS, solver_of
from relaxdiff.derivative.solvers.problem import Problem, Solved, Solver
from relaxdiff.derivative.solvers.sparse import Sparse

__all__ = [
    "Dense",
    "Energy",
    "Problem",
    "SOLVERS",
    "Solved",
    "Solver",
    "Sparse",
    "solver_of",
]
