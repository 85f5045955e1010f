"""Whether crystal and structures of a fitted potential are minima in all their directions.

A fit relaxes them in their symmetry, and asks only for positive elastic curvatures on the way.
"""

import numpy as np

from relaxdiff.crystals import bulk_of_variants
from relaxdiff.exceptions import RelaxationError
from relaxdiff.minima import blocks_at
from relaxdiff.posterior import sample_posterior


def instabilities(potential, posterior, start, repeats, minima):
    """Sentences on what is no minimum, a list, empty if all are.

    potential: fitted; posterior: about it; start: PerfectCrystal; repeats: the supercell whose
    phonons are tested, in conventional cells; minima: a dict of name and Minimum with it.
    """
    found = []
    try:
        one = sample_posterior(posterior, 1, seed=0)
        bulk_of_variants(potential, one, np.zeros(1), start, repeats)
    except RelaxationError as error:
        found.append(str(error))
    for name, minimum in minima.items():
        curvatures = [block.lowest(potential.theta)[0] for block in blocks_at(minimum)[0]]
        if min(curvatures, default=np.inf) <= 0:
            found.append(
                f"structures.{name}: is a saddle point of {potential.name}, with a curvature of "
                f"{min(curvatures):.3g} eV/Angstrom^2 against a displacement of lower symmetry"
            )
    return found
