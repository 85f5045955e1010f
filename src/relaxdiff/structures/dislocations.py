"""Straight dislocations in a disk of crystal, one period of the line thick, before they relax.

The disk stands in vacuum and its outer ring is held where linear elasticity puts it, as if the
crystal went on for ever. The free atoms within do not feel the surface when the ring is at least
twice as wide as the potential reaches. The displacement field of the line is that of the
anisotropic crystal (Stroh, Philos. Mag. 3, 625 (1958)), as matscipy computes it.

In bcc the screw dislocation has three high-symmetry cores, seen along the line: the easy core in a
triangle of three columns of atoms, the hard core in the triangle beside it, and the split core at a
column that they share. Only the easy core is a minimum of the usual potentials. To compare the
others with it, all have the ring of the easy core, and the columns that define the core are held
along the line: Dezerald et al., Phys. Rev. B 89, 024104 (2014).

A solute in the middle of a triangle may itself keep a core in place, so no column is held then.
"""

from importlib import import_module

import numpy as np
from ase import Atom, Atoms
from ase.constraints import FixAtoms, FixCartesian

from relaxdiff.exceptions import InputError
from relaxdiff.structures.neighbours import nearest_neighbour_distance

# Names of matscipy's classes. It is imported where a disk is built: every job would spend a third
# of its imports on it.
LINES = {
    "bcc": {
        "screw_111": "BCCScrew111Dislocation",
        "edge_111": "BCCEdge111Dislocation",
        "mixed_111": "BCCMixed111Dislocation",
        "edge_100": "BCCEdge100Dislocation",
    },
    "fcc": {"screw_110": "FCCScrew110Dislocation", "edge_110": "FCCEdge110Dislocation"},
}
CORES = ("easy", "hard", "split")
WITH_CORES = "screw_111"  # the only dislocation with more than one core
PLACES = ("easy", "hard")  # triangles of columns that hold a solute, named after their cores
# C11, C12 and C44 in GPa of no crystal in particular: enough to count the atoms of a disk. Those of
# an isotropic crystal would be a special case of the field, which matscipy does not compute.
ANY_CONSTANTS = (300.0, 150.0, 100.0)
ANY_RING = 10.0  # Angstrom, likewise, as long as the potential is not known
FREE = 2.0  # nearest-neighbour distances; the least radius of what is free
# Which columns are held, in the order of their distance from the core's centre.
COLUMNS = {"hard": slice(0, 3), "split": slice(1, 7)}


def dislocation_disk(settings, crystal):
    """A disk with a dislocation along z; the easy core is in the middle of the cell.

    settings: `radius` of the disk with its ring and, if given, the width `ring` (Angstrom),
    `dislocation`, the name of a line in LINES, `core`, one of CORES, and for a solute in the core
    `element` and `place`, one of PLACES, by default the core's own triangle; crystal:
    PerfectCrystal, whose `elastic_constants` are used if it has them. The cell leaves a gap as wide
    as the ring.

    The Atoms have the constraints FixAtoms of the ring and, for the hard and the split core without
    a solute, FixCartesian of columns that do not move along z; the solute is the last atom, an
    interstitial amid the triangle, midway in the widest gap between the heights of its columns;
    `arrays["crystal_positions"]`, where each atom is in the perfect crystal, (N, 3), and the solute
    before it relaxes; `info["core"]`, x and y of the core's centre; `info["axes"]`, unit vectors
    along x, y and z in the axes of the conventional cell, rows, (3, 3); and
    `info["lattice_parameter"]`, a of the crystal. Raises InputError, which begins with the key, for
    a line that the lattice does not have, a core or a place that the line does not have, and a ring
    that leaves next to nothing free.
    """
    line = _line(settings, crystal)
    core, ring = settings.get("core", CORES[0]), settings.get("ring", ANY_RING)
    if settings["radius"] - ring < FREE * nearest_neighbour_distance(crystal.conventional()):
        raise InputError(
            f"radius: {settings['radius']} Angstrom leaves no room for a dislocation within a held "
            f"ring of {ring} Angstrom: use {ring + 15:.0f} or more"
        )
    perfect, built = line.build_cylinder(
        settings["radius"], fix_width=ring, method="adsl", verbose=False
    )
    places, positions = perfect.positions, built.positions
    held = built.arrays["fix_mask"].astype(bool)
    constraints = [FixAtoms(np.flatnonzero(held))]
    easy = centre = np.array(built.info["core_positions"][0])
    # All cores of a disk have the same cell and ring, so that their structures can be compared.
    widths = np.ptp(places[:, :2], axis=0) + ring
    shift = np.append(widths / 2 - centre[:2], 0.0)
    if core != CORES[0]:
        centre, nearest = _core_beside(core, easy, places, crystal.a)
        positions[~held] = (places + _field_of(line, places, centre))[~held]
        if "element" not in settings:
            constraints.append(FixCartesian(nearest[COLUMNS[core]], mask=(False, False, True)))
    cell = [*widths, perfect.cell[2, 2]]
    atoms = Atoms(built.numbers, positions + shift, cell=cell, pbc=True, constraint=constraints)
    atoms.set_array("crystal_positions", places + shift)
    atoms.info = {
        "core": (centre + shift)[:2],
        "axes": line.axes / np.linalg.norm(line.axes, axis=1, keepdims=True),
        "lattice_parameter": crystal.a,
    }
    if "element" in settings:
        middle, nearest = _core_beside(_place(settings, core), easy, places, crystal.a)
        _add_solute(atoms, settings["element"], (middle + shift)[:2], nearest[:3])
    return atoms


def _place(settings, core):
    """The triangle that a solute is put into, one of PLACES."""
    place = settings.get("place", core)
    if place not in PLACES:
        raise InputError(
            f"place: a column of atoms is in the middle of the {place} core: use one of "
            f"{', '.join(PLACES)}"
        )
    return place


def _add_solute(atoms, element, middle, columns):
    """Append an interstitial at x and y of `middle`, in the widest gap between columns' heights."""
    period = atoms.cell[2, 2]
    heights = np.sort(atoms.positions[columns, 2] % period)
    gaps = np.diff(heights, append=heights[0] + period)
    height = heights[gaps.argmax()] + gaps.max() / 2
    atoms.append(Atom(element, (*middle, height)))
    atoms.arrays["crystal_positions"][-1] = atoms.positions[-1]


def _line(settings, crystal):
    """matscipy's object for the dislocation of an entry."""
    lines = LINES[crystal.lattice]
    name = settings.get("dislocation", next(iter(lines)))
    if name not in lines:
        raise InputError(
            f"dislocation: {name} is not known in {crystal.lattice}: use one of {', '.join(lines)}"
        )
    core = settings.get("core", CORES[0])
    if core != CORES[0] and name != WITH_CORES:
        raise InputError(f"core: {core} is known of {WITH_CORES} in bcc only: leave it out")
    if "element" in settings and name != WITH_CORES:
        raise InputError(
            f"element: a solute in the core is known of {WITH_CORES} in bcc only: leave it out"
        )
    if "place" in settings and "element" not in settings:
        raise InputError("place: is where a solute is put: name it in element, or leave place out")
    constants = crystal.elastic_constants or ANY_CONSTANTS
    known = import_module("matscipy.dislocation")
    return getattr(known, lines[name])(crystal.a, *constants, symbol=crystal.element)


def _core_beside(core, easy, places, a):
    """Centre (3,) of a core of the same disk, and all atoms in the order of their distance from it.

    easy: centre of the easy core, (3,); places: of the atoms in the perfect crystal, (N, 3). The
    hard core is in the triangle below, the split one at a column at its edge.
    """
    ways = {
        "easy": np.zeros(3),
        "hard": np.array([0.0, -np.sqrt(2) / 3 * a, 0.0]),
        "split": np.array([-np.sqrt(6) / 6 * a, -np.sqrt(2) / 6 * a, 0.0]),
    }
    centre = easy + ways[core]
    nearest = np.linalg.norm((places - centre)[:, :2], axis=1).argsort(kind="stable")
    own = nearest[:1] if core == "split" else nearest[:3]
    centre[:2] = places[own, :2].mean(axis=0)
    return centre, nearest


def _field_of(line, places, centre):
    """Displacements (N, 3) of a dislocation at `centre`; it has none at the centre itself."""
    aside = np.array([1e-6, 1e-6, 0.0])
    return line.displacements(
        places, (centre + aside)[None], method="adsl", self_consistent=False, verbose=False
    )


def core_pairs(entries):
    """For the name of each dislocation that of the easy core in the same disk, if there is one.

    entries: of the config's `structures`, dicts. Two are of one disk if only name and core differ.
    """
    disks = [entry for entry in entries if entry["kind"] == "dislocation"]
    easy = [entry for entry in disks if entry.get("core", CORES[0]) == CORES[0]]
    pairs = {}
    for entry in disks:
        same = [each["name"] for each in easy if _disk(each) == _disk(entry)]
        if entry.get("core", CORES[0]) != CORES[0] and same:
            pairs[entry["name"]] = same[0]
    return pairs


def _disk(entry):
    return {key: value for key, value in entry.items() if key not in ("name", "core")}


def held_components(atoms):
    """What the constraints of Atoms hold: a mask (N,), (N, 3) with FixCartesian, or None.

    As `Freedom.fixed`. Other constraints than FixAtoms and FixCartesian are not looked at.
    """
    held = np.zeros((len(atoms), 3), dtype=bool)
    for constraint in atoms.constraints:
        if isinstance(constraint, FixAtoms):
            held[constraint.index] = True
        elif isinstance(constraint, FixCartesian):
            held[constraint.index] |= constraint.mask
    if not held.any():
        return None
    return held[:, 0] if (held.any(axis=1) == held.all(axis=1)).all() else held
