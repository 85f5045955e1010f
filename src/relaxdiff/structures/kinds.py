"""The kinds of structures: one table with all that a study has to know of each.

A new kind needs a function that builds it, an entry in KINDS and its name in the config's schema.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ase import Atoms
from ase.build import bulk

from relaxdiff.exceptions import InputError
from relaxdiff.structures.disk_files import disk
from relaxdiff.structures.dislocations import LINES
from relaxdiff.structures.from_files import from_file
from relaxdiff.structures.lattices import (
    BRAVAIS,
    COMPOUNDS,
    CRYSTAL_FILE,
    LATTICES,
    PerfectCrystal,
)
from relaxdiff.structures.point_defects import (
    DUMBBELLS,
    INTERSTICES,
    alloy_vacancy,
    divacancy,
    dumbbell,
    interstitial,
    substitutional,
    vacancy,
)
from relaxdiff.structures.slabs import faulted_crystal, surface_slab

COMMON_KEYS = ("name", "kind", "cell")  # of all structures
# Smallest supercells in which no atom is a neighbour of both a defect and its image; for lattices
# not named here the schema's minimum holds.
SMALLEST_SUPERCELL = {"sc": 3, "hcp": 3}


@dataclass(frozen=True)
class Kind:
    """What a study has to know of a kind of structure; the defaults are those of point defects.

    name: in the config; build: makes the Atoms from an entry of the config's `structures` and a
    PerfectCrystal, and with `any_solute` from the names of solutes; lattices: in which it is known.

    In the config: keys, optional_keys: beside COMMON_KEYS; keys_in_plane: needed with `cell:
    in_plane_fixed`, and refused without; cells: values of `cell`; what: its name in messages;
    larger_by: by how many cells its smallest supercell is larger than that of a single point
    defect; needs_solute: `element` has to be a solute; any_solute: it may hold any of the solutes,
    without `element`.

    In its physics: on_lattice: all atoms are on the crystal's sites; normal_only: atoms
    move only along the normal of the first two cell vectors; faces: number of surfaces or faults in
    a cell, if its energy is given per area; in_vacuum: it has surfaces, which a vacuum keeps apart;
    is_disk: it stands in vacuum within a ring of held atoms; is_alloy: its atoms are a random
    alloy, which parameters distort everywhere;
    asymmetry: factor by which its memory and time exceed those of a vacancy, for lack of symmetry.
    """

    name: str
    build: Callable
    lattices: tuple = LATTICES
    keys: tuple = ("supercell",)
    optional_keys: tuple = ()
    keys_in_plane: tuple = ()
    cells: tuple = ("fixed", "isotropic", "full")
    what: str = "point defect"
    larger_by: int = 0
    needs_solute: bool = False
    any_solute: bool = False
    on_lattice: bool = False
    normal_only: bool = False
    faces: int = 0
    in_vacuum: bool = False
    is_disk: bool = False
    is_alloy: bool = False
    asymmetry: int = 8

    def smallest_supercell(self, lattice):
        """The smallest supercell in which no atom is next to two images, in conventional cells."""
        return SMALLEST_SUPERCELL.get(lattice, 2) + self.larger_by

    def solutes_in(self, settings, solutes):
        """Which of the study's solutes a structure of this kind may hold, a list of names."""
        return [
            element for element in solutes if self.any_solute or element == settings.get("element")
        ]


# In compounds, too, on the site of one of their elements.
_ON_A_SITE = {"lattices": (*LATTICES, *COMPOUNDS, CRYSTAL_FILE), "optional_keys": ("site",)}
_DIVACANCY = {"what": "divacancy", "larger_by": 1, "on_lattice": True}
_INTERSTITIAL = {"optional_keys": ("element",)}  # without it an atom of the crystal's element
_IN_PLANE = {"cells": ("fixed", "in_plane_fixed")}
BUILT = (
    Kind("vacancy", vacancy, **_ON_A_SITE, on_lattice=True, asymmetry=1),
    Kind(
        "alloy_vacancy",
        alloy_vacancy,
        keys=("supercell", "element", "fraction", "seed"),
        needs_solute=True,
        on_lattice=True,
        is_alloy=True,
        asymmetry=24,
    ),
    Kind("divacancy_1nn", partial(divacancy, shell=0), **_DIVACANCY),
    Kind("divacancy_2nn", partial(divacancy, shell=1), **_DIVACANCY),
    Kind(
        "substitutional",
        substitutional,
        **_ON_A_SITE,
        keys=("supercell", "element"),
        needs_solute=True,
    ),
    *(
        Kind(name, partial(dumbbell, offsets=offsets), tuple(offsets), **_INTERSTITIAL)
        for name, offsets in DUMBBELLS.items()
    ),
    *(
        Kind(name, partial(interstitial, sites=sites), tuple(sites), **_INTERSTITIAL)
        for name, sites in INTERSTICES.items()
    ),
    Kind(
        "surface",
        surface_slab,
        keys=("plane", "layers", "vacuum"),
        what="surface",
        faces=2,
        in_vacuum=True,
        **_IN_PLANE,
    ),
    Kind(
        "gamma_surface",
        faulted_crystal,
        keys=("plane", "layers", "displacement"),
        what="fault",
        normal_only=True,
        lattices=BRAVAIS,  # their planes are equally spaced
        faces=1,  # its images are faults too
        **_IN_PLANE,
    ),
    Kind(
        "dislocation",
        disk,
        lattices=tuple(LINES),
        keys=("radius",),
        optional_keys=(
            "ring",
            "dislocation",
            "core",
            "element",
            "place",
            "path",
            "lattice_parameter",
        ),
        cells=("fixed",),
        what="dislocation",
        any_solute=True,
        is_disk=True,
    ),
)
FROM_FILE = Kind(
    "file",
    from_file,
    lattices=_ON_A_SITE["lattices"],
    keys=("path", "lattice_parameter"),
    keys_in_plane=("plane",),
    cells=("fixed", "isotropic", "full", "in_plane_fixed"),
    what="structure from a file",
    any_solute=True,
)
KINDS = {kind.name: kind for kind in (*BUILT, FROM_FILE)}


def kind_of(settings):
    """The Kind of an entry of the config's `structures`."""
    return KINDS[settings["kind"]]


def build_structure(settings, crystal, solutes=(), elements=None):
    """The unrelaxed Atoms of one entry of the config's `structures`, periodic in x, y and z.

    settings: the entry, a dict that `check_config` accepts; crystal: the PerfectCrystal that it is
    made of; solutes: other elements that a structure file may hold; elements: of the potential in
    its order, if it is known, for files of LAMMPS that number their types of atoms. Raises
    InputError, naming structures.<name>.<key>, when a value or a structure file cannot be used, or
    the kind is not known in the lattice.
    """
    kind = kind_of(settings)
    try:
        _check_lattice(kind, crystal.lattice)
        given = (settings, crystal)
        if kind.any_solute:
            given += (solutes, elements)
        return kind.build(*given)
    except InputError as error:
        raise InputError(f"structures.{settings['name']}.{error}") from None


def _check_lattice(kind, lattice):
    """InputError when a kind is not known in a lattice; it names the kinds that are known there."""
    if lattice in kind.lattices:
        return
    others = [each.name for each in BUILT if lattice in each.lattices]
    raise InputError(
        f"kind: {kind.name} is known in {', '.join(kind.lattices)}, not in {lattice}, which has "
        f"{', '.join(others)}: use one of these, or bring a structure of your own with kind: file"
    )


def bulk_cell(
    element: str, lattice_parameter: float, repeats: int = 1, lattice: str = "bcc"
) -> Atoms:
    """A perfect cubic crystal of `repeats`^3 conventional cells; lattice_parameter in Angstrom."""
    return bulk(element, lattice, a=lattice_parameter, cubic=True).repeat(repeats)


def vacancy_cell(
    element: str, lattice_parameter: float, repeats: int = 4, lattice: str = "bcc"
) -> Atoms:
    """A cubic crystal of `repeats`^3 conventional cells with the atom at the origin taken out.

    lattice_parameter in Angstrom. Returns ASE Atoms (2 repeats^3 - 1 atoms for bcc); InputError
    when the cell would hold little but the vacancy.
    """
    return vacancy({"supercell": repeats}, PerfectCrystal(element, lattice, lattice_parameter))
