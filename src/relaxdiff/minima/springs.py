"""Springs between near neighbours, which precondition a Hessian where there is no lattice."""

from ase.optimize.precon import Exp
from scipy.sparse.linalg import splu

from relaxdiff.exceptions import InputError
from relaxdiff.structures import nearest_neighbour_distance

DECAY = 3.0  # of a spring's strength with distance in units of the nearest neighbour's
REACH = 1.45  # nearest-neighbour distances: two shells of bcc, one of fcc and hcp
HOLD = 1e-3  # relative to a spring; ties each atom to its place: the matrix has to be positive


class Springs:
    """The preconditioner of Packwood et al., J. Chem. Phys. 144, 164109 (2016), as ASE makes it.

    A sparse matrix, factorised once: for a few thousand atoms. atoms: any periodic structure.
    Raises InputError for a single atom, which has no neighbour.
    """

    def __init__(self, atoms):
        if len(atoms) < 2:
            raise InputError("Springs: one atom has no neighbours to be tied to")
        nearest = nearest_neighbour_distance(atoms)
        model = Exp(A=DECAY, r_NN=nearest, r_cut=REACH * nearest, mu=1.0, c_stab=HOLD)
        model.make_precon(atoms)
        self.factors = splu(model.P.tocsc())

    def apply(self, field):
        """Displacements (N, 3), without rigid translation, in the direction of forces (N, 3)."""
        moved = self.factors.solve(field.ravel()).reshape(-1, 3)
        return moved - moved.mean(axis=0)
