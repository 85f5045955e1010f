"""Point defects of crystals, before they relax.

Each is built from its settings, an entry of the config's `structures`, and the
PerfectCrystal around it.
"""

import numpy as np
from ase import Atoms

from relaxdiff.exceptions import InputError

# Where a crystal has its interstitials, by kind and lattice, in units of the conventional cell's
# vectors. For a dumbbell: how far its two atoms are from the site at the origin, chosen such that
# they are about as far from each other as from the next atom.
DUMBBELLS = {
    "dumbbell_100": {"fcc": (0.28, 0.0, 0.0)},
    "dumbbell_110": {"bcc": (0.23, 0.23, 0.0), "diamond": (0.15, 0.15, 0.0)},
    "dumbbell_111": {"bcc": (0.17, 0.17, 0.17)},
}
# The midpoint of a dumbbell, if not on the site: in diamond the pair is shifted towards the two
# neighbours that are not along it.
MIDDLES = {"diamond": (0.0, 0.0, -0.1)}
INTERSTICES = {
    "octahedral": {
        "bcc": (0.5, 0.0, 0.0),
        "fcc": (0.5, 0.5, 0.5),
        "hcp": (2 / 3, 1 / 3, 0.25),
    },
    "tetrahedral": {
        "bcc": (0.5, 0.25, 0.0),
        "fcc": (0.25, 0.25, 0.25),
        "diamond": (0.5, 0.5, 0.5),
        "hcp": (0.0, 0.0, 0.375),
    },
    "hexagonal": {"diamond": (0.625, 0.625, 0.625)},  # the middle of a ring of six
}
# One site of each of the two shells of neighbours; in hcp c/a decides which is the nearer.
SHELLS = {
    "sc": ((1, 0, 0), (1, 1, 0)),
    "bcc": ((0.5, 0.5, 0.5), (1, 0, 0)),
    "fcc": ((0.5, 0.5, 0), (1, 0, 0)),
    "diamond": ((0.25, 0.25, 0.25), (0.5, 0.5, 0)),
    "hcp": ((1 / 3, 2 / 3, 0.5), (1, 0, 0)),
}


def vacancy(settings, crystal):
    """The vacancy: of the first atom, at the origin; in a compound the first one on `site`."""
    repeats = settings["supercell"]
    if repeats < 2:
        raise InputError(f"supercell: {repeats} is too small for a vacancy, use 2 or more")
    atoms = crystal.conventional(repeats)
    del atoms[_on_site(atoms, settings, crystal)]
    return atoms


def alloy_vacancy(settings, crystal):
    """A vacancy in a random alloy: a fraction of the other atoms, chosen by a seed, are solutes."""
    atoms = vacancy(settings, crystal)
    count = round(settings["fraction"] * len(atoms))
    chosen = np.random.default_rng(settings["seed"]).permutation(len(atoms))[:count]
    atoms.symbols[chosen] = settings["element"]
    return atoms


def divacancy(settings, crystal, shell):
    """Two vacancies, one at the origin; shell: 0 for nearest neighbours, 1 for the next ones."""
    atoms = vacancy(settings, crystal)
    sites = [_place(crystal, site) for site in SHELLS[crystal.lattice]]
    second = sorted(sites, key=np.linalg.norm)[shell]
    del atoms[np.linalg.norm(atoms.positions - second, axis=1).argmin()]
    return atoms


def substitutional(settings, crystal):
    """A solute in place of the first atom, at the origin; in a compound of the first on `site`."""
    atoms = crystal.conventional(settings["supercell"])
    atoms.symbols[_on_site(atoms, settings, crystal)] = settings["element"]
    return atoms


def dumbbell(settings, crystal, offsets):
    """Two atoms, the last, that share the site at the origin; one may be a solute, the last.

    offsets: by lattice, one of DUMBBELLS.
    """
    atoms = vacancy(settings, crystal)
    offset = _place(crystal, offsets[crystal.lattice])
    middle = _place(crystal, MIDDLES.get(crystal.lattice, (0.0, 0.0, 0.0)))
    pair = [crystal.element, settings.get("element", crystal.element)]
    return atoms + Atoms(pair, positions=[middle + offset, middle - offset])


def interstitial(settings, crystal, sites):
    """One atom, the last, in a hole of the perfect crystal; sites: by lattice, of INTERSTICES."""
    atoms = crystal.conventional(settings["supercell"])
    site = _place(crystal, sites[crystal.lattice])
    return atoms + Atoms([settings.get("element", crystal.element)], positions=[site])


def _on_site(atoms, settings, crystal):
    """Index of the first atom of the element named by `site`, by default the crystal's element."""
    site = settings.get("site", crystal.element)
    found = np.flatnonzero(atoms.symbols == site)
    if not found.size:
        raise InputError(
            f"site: {site} is not in the crystal, which holds {', '.join(crystal.fractions)}"
        )
    return found[0]


def _place(crystal, scaled):
    """A position in Angstrom from one in units of the conventional cell's vectors."""
    return np.array(scaled) @ crystal.conventional().cell.array
