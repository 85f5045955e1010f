"""How far a pair style of LAMMPS reaches, found by asking LAMMPS."""

import functools
import itertools

import numpy as np
from ase import Atoms

from relaxdiff.exceptions import InputError, LammpsError
from relaxdiff.lammps import LammpsSession

FARTHEST, SCAN_STEP, RESOLUTION = 20.0, 0.05, 1e-6  # Angstrom, of the search for the cutoff
NOTHING = 1e-9  # eV, eV/Angstrom; two atoms with less energy and force do not interact
LARGEST_JUMP = 1e-3, 1e-2  # eV and eV/Angstrom, where a pair's energy ends


@functools.cache
def pair_cutoffs(baseline, elements):
    """For each pair of elements the distance beyond which two atoms do not interact, Angstrom.

    LAMMPS's library has no function for it, so the energy of two atoms is scanned. InputError when
    LAMMPS refuses the style, and when energy or force jump there: derivatives would be wrong.
    """
    pairs = itertools.combinations_with_replacement(elements, 2)
    lines = [
        f"pair_style hybrid/overlay zero {FARTHEST} {baseline.style_line()}",
        "pair_coeff * * zero",
        *baseline.coefficient_lines(elements),
        "neighbor 0.3 bin",
    ]
    try:
        with LammpsSession(elements, lines) as session:
            return [_cutoff(session, pair, baseline.style) for pair in pairs]
    except LammpsError as error:
        raise InputError(f"style: LAMMPS does not accept {baseline.style} so: {error}") from None


def _cutoff(session, pair, style):
    def felt(distance):
        """Energy relative to atoms far apart, and force, of two atoms; absolute values."""
        box = [4 * FARTHEST] * 3
        atoms = Atoms(pair, [[0, 0, 0], [distance, 0, 0]], cell=box, pbc=True)
        session.place(atoms)
        session.command("run 0 post no")
        energy = session.instance.get_thermo("pe")
        return np.abs([energy - alone, session.gathered_forces()[0, 0]])

    alone = 0.0
    alone = felt(1.5 * FARTHEST)[0]
    distances = np.arange(FARTHEST, 0.5, -SCAN_STEP)
    inside = next((at for at in distances if felt(at).max() > NOTHING), None)
    if inside is None:
        return 0.0
    if inside == FARTHEST:
        raise InputError(f"style: {style} reaches further than {FARTHEST:g} Angstrom")
    outside = inside + SCAN_STEP
    while outside - inside > RESOLUTION:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if felt(middle).max() > NOTHING else (inside, middle)
    jumps = felt(inside)
    if (jumps > LARGEST_JUMP).any():
        raise InputError(
            f"style: {style} ends with a jump of {jumps[0]:.1e} eV and {jumps[1]:.1e} eV/Angstrom "
            f"at {inside:.3f} Angstrom between {' and '.join(pair)}, where derivatives would be "
            "wrong: use a style that ends smoothly, such as lj/smooth/linear"
        )
    return outside
