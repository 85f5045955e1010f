"""The inverse of the crystal's Hessian, which preconditions relaxations and derivatives.

The lattice Green's function grows best with the cell, but every atom needs a site of its own in a
cell of the crystal. For all other structures the crystal's force constants are put on the atoms.
"""

from relaxdiff.minima.factorised_crystal import FactorisedCrystal
from relaxdiff.minima.lattice_green import crystal_force_constants, crystal_green
from relaxdiff.minima.orientation import orientation
from relaxdiff.minima.reference import crystal_of, relaxed_crystal


def inverse_of_crystal(minimum, crystal, supercell=None):
    """A LatticeGreen where every atom has a site of its own, a FactorisedCrystal for the others.

    minimum: a relaxed structure made of the crystal; crystal: PerfectCrystal with any lattice
    parameter, relaxed here; supercell: of a point defect in `supercell`^3 conventional cells. One
    with more atoms than these have sites is an interstitial. Raises RelaxationError when the
    crystal has no minimum, LammpsError.
    """
    potential, atoms = minimum.potential, minimum.atoms
    if supercell is not None and len(atoms) <= supercell**3 * crystal.atoms_per_cell:
        return crystal_green(potential, atoms, crystal, supercell)
    perfect = crystal_of(relaxed_crystal(potential, crystal), crystal)
    constants = crystal_force_constants(potential, perfect)
    held, axes = minimum.coordinates.freedom.fixed, atoms.info.get("axes")  # those of a disk
    if axes is None:
        axes = orientation(atoms, constants.unit)
    return FactorisedCrystal(constants, atoms, held, axes)
