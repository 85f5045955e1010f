"""Atoms before they relax, their symmetry, and the coordinates they relax in."""

from relaxdiff.structures.coordinates import (
    Coordinates,
    Freedom,
    cell_strains,
    coordinates_of,
    face_normals,
    largest_displacement,
    on_coordinates,
    relative_volume,
    widest_gap,
)
from relaxdiff.structures.dislocations import held_components
from relaxdiff.structures.from_files import read_structure
from relaxdiff.structures.kinds import COMMON_KEYS, KINDS, build_structure, bulk_cell, kind_of
from relaxdiff.structures.lattices import (
    BRAVAIS,
    COMPOUNDS,
    CRYSTAL_FILE,
    LATTICES,
    PerfectCrystal,
    crystal_from,
    crystal_of_settings,
    starting_crystal,
)
from relaxdiff.structures.modes import (
    displacement_modes,
    remaining_modes,
    remaining_strains,
    representation_modes,
    strain_modes,
)
from relaxdiff.structures.neighbours import (
    centrosymmetry,
    images_near,
    nearest_neighbour_distance,
)
from relaxdiff.structures.slabs import miller_indices, plane_normal, planes_of_crystal
from relaxdiff.structures.symmetry import (
    find_symmetry,
    no_symmetry,
    representations,
    symmetrised,
)

__all__ = [
    "BRAVAIS",
    "COMMON_KEYS",
    "COMPOUNDS",
    "CRYSTAL_FILE",
    "Coordinates",
    "Freedom",
    "KINDS",
    "LATTICES",
    "PerfectCrystal",
    "build_structure",
    "bulk_cell",
    "cell_strains",
    "centrosymmetry",
    "coordinates_of",
    "crystal_from",
    "crystal_of_settings",
    "displacement_modes",
    "face_normals",
    "find_symmetry",
    "held_components",
    "images_near",
    "kind_of",
    "largest_displacement",
    "miller_indices",
    "nearest_neighbour_distance",
    "no_symmetry",
    "on_coordinates",
    "plane_normal",
    "planes_of_crystal",
    "read_structure",
    "relative_volume",
    "remaining_modes",
    "remaining_strains",
    "representation_modes",
    "representations",
    "starting_crystal",
    "strain_modes",
    "symmetrised",
    "widest_gap",
]
