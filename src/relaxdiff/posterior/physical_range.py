"""Numbers that no DFT calculation gives: their unit must be another than the one they are read in.

Every bound is far outside of what condensed matter can have. A number within them may still be in
another unit; what the quantities of a set say of each other is looked at after the fit
(`relaxdiff.posterior.fit_quality`).
"""

import collections
import functools
from dataclasses import dataclass

import numpy as np
from ase.data import atomic_numbers, chemical_symbols, covalent_radii, reference_states
from ase.geometry import minkowski_reduce
from ase.neighborlist import neighbor_list

from relaxdiff.exceptions import InputError
from relaxdiff.structures import LATTICES, nearest_neighbour_distance, starting_crystal

LARGEST_STRESS = 100.0  # eV/Angstrom^3: 16 TPa
# Distances are told in those of the elements' own crystals. Bounds of strong compression:
LEAST_DISTANCE = 0.2  # no two atoms are nearer
CORNER_DISTANCE = 0.4  # the same, where all positions are between 0 and 1, as fractions are
ORDINARY = 0.75  # without atoms nearer than this one (some TPa), the following bounds hold
LARGEST_VIRIAL = 150.0  # eV per atom: stress times volume
LARGEST_FORCE = 200.0  # eV/Angstrom
LARGEST_SPREAD = 100.0  # eV/atom, from the median of the same composition
# The energy of all electrons of an atom is about this one times Z^(7/3) eV (Thomas and Fermi).
ALL_ELECTRONS = 20.9
# Lengths in bohr are 1.89 times those in Angstrom: the nearest atoms are then between these.
FAR = (1.45, 2.6)
THIN = 12.0  # volume per atom in cubes of the usual distance; a molecule in a box has more
CHUNK = 256  # atoms whose distances to all others are computed at once


@dataclass(frozen=True)
class Labels:
    """What a kind of file calls energy, forces and stress; the stress's unit, and what sets it."""

    energy: str
    forces: str
    stress: str
    stress_unit: str
    stress_setting: str


def check_range(configurations, labels):
    """InputError for a number that must be in another unit, naming configuration, key and unit.

    configurations: a list, one group; labels: Labels of the file that they come from.
    """
    nearest = [_nearest(configuration.atoms) for configuration in configurations]
    for configuration, (distance, relative) in zip(configurations, nearest, strict=True):
        _check_near_atoms(configuration, distance, relative)
        _check_stress(configuration, labels, relative > ORDINARY)
        _check_energy(configuration, labels)
        if relative > ORDINARY:
            _check_forces(configuration, labels)
    _check_far_atoms(configurations)
    ordinary = [
        configuration
        for configuration, (_, relative) in zip(configurations, nearest, strict=True)
        if relative > ORDINARY
    ]
    _check_spread(ordinary, labels)


def _check_near_atoms(configuration, distance, relative):
    positions = configuration.atoms.positions
    in_a_corner = positions.min() > -0.1 and positions.max() < 1.1
    if relative < (CORNER_DISTANCE if in_a_corner else LEAST_DISTANCE):
        raise InputError(
            f"{configuration.name}: two atoms are {distance:.3g} Angstrom apart, nearer than any "
            "can be: are the lengths in nm, or the positions fractions of the cell? Give Angstrom"
        )


def _check_stress(configuration, labels, ordinary):
    if configuration.stress is None:
        return
    atoms = configuration.atoms
    largest = np.abs(configuration.stress).max()
    virial = largest * atoms.get_volume() / len(atoms)
    if largest <= LARGEST_STRESS and not (ordinary and virial > LARGEST_VIRIAL):
        return
    unit = "bar" if largest > 2000 else "bar, kbar or GPa" if largest > 200 else "GPa or kbar"
    way_out = f"Give the unit in {labels.stress_setting}"
    if labels.stress_unit != "eV/Angstrom^3":
        unit = "a smaller unit"
    else:
        way_out += ", with a minus (-bar) if it is positive under compression"
    raise InputError(
        f"{configuration.name}: {labels.stress} reaches {largest:.4g} eV/Angstrom^3 when it is "
        f"read in {labels.stress_unit}; no material bears so much at such a density: it looks "
        f"like {unit}. {way_out}"
    )


def _check_forces(configuration, labels):
    if configuration.forces is None:
        return
    largest = np.abs(configuration.forces).max()
    if largest > LARGEST_FORCE:
        raise InputError(
            f"{configuration.name}: {labels.forces} reaches {largest:.4g} eV/Angstrom, and no two "
            "atoms are near enough for that: it looks like meV/Angstrom, kJ/mol/Angstrom or "
            "kJ/mol/nm. Give eV/Angstrom"
        )


def _check_energy(configuration, labels):
    numbers = configuration.atoms.numbers.astype(float)
    largest = 100.0 * len(numbers) + 2 * ALL_ELECTRONS * np.sum(numbers ** (7 / 3))
    if abs(configuration.energy) > largest:
        raise InputError(
            f"{configuration.name}: {labels.energy} is {configuration.energy:.4g} eV for "
            f"{len(numbers)} atoms, more than all their electrons have: it looks like meV or "
            "J/mol. Give eV"
        )


def _check_spread(configurations, labels):
    """Energies of the same composition that are too far from each other."""
    alike = collections.defaultdict(list)
    for configuration in configurations:
        formula = configuration.atoms.symbols.formula.reduce()[0]
        alike[f"{formula:hill}"].append(configuration)
    for members in alike.values():
        energies = np.array([each.energy / len(each.atoms) for each in members])
        far = np.abs(energies - np.median(energies))
        if far.max() > LARGEST_SPREAD:
            name = members[int(far.argmax())].name
            raise InputError(
                f"{name}: {labels.energy} is {far.max():.4g} eV/atom from the median of its group "
                "for the same composition, and no two atoms are near enough for that: it looks "
                "like meV or kJ/mol. Give eV, of the whole cell"
            )


def _check_far_atoms(configurations):
    """A group whose atoms are all as far from each other as lengths in bohr make them."""
    farthest = [_far_distance(configuration.atoms) for configuration in configurations]
    if farthest and None not in farthest:
        first = configurations[0]
        usual = 2 * max(map(_radius, set(first.atoms.symbols)))
        raise InputError(
            f"{first.name}: the nearest atoms are {farthest[0]:.3g} Angstrom apart, and so in all "
            f"of its group, where {usual:.3g} is usual: the lengths look like bohr. Give positions "
            "and cell in Angstrom"
        )


def _far_distance(atoms):
    """The shortest distance if it is one of bohr taken for Angstrom in a crystal, else None."""
    usual = 2 * min(map(_radius, set(atoms.symbols)))
    volume = atoms.get_volume() / len(atoms) / usual**3
    # Balls that far from each other need that volume at least, of the densest packing.
    if not FAR[0] ** 3 / np.sqrt(2) < volume < THIN:
        return None
    first, second, distances = neighbor_list("ijd", atoms, FAR[1] * usual)
    radii = np.array([_radius(symbol) for symbol in atoms.symbols])
    relative = distances / (radii[first] + radii[second])
    if not len(relative) or relative.min() < FAR[0]:
        return None
    return float(distances.min())


def _nearest(atoms):
    """Of the pair that is nearest for its elements: the distance, and relative to the usual one.

    Exact where a distance is less than half the width of the cell.
    """
    cell, _ = minkowski_reduce(atoms.cell.array)
    fractional = atoms.positions @ np.linalg.inv(cell)
    radii = np.array([_radius(symbol) for symbol in atoms.symbols])
    length = np.linalg.norm(cell, axis=1).min()
    best = (length, length / (2 * radii.max()))
    for start in range(0, len(atoms), CHUNK):
        rows = slice(start, start + CHUNK)
        apart = fractional[rows, None] - fractional
        distances = np.linalg.norm((apart - np.round(apart)) @ cell, axis=2)
        relative = distances / (radii[rows, None] + radii)
        own = np.arange(len(relative))
        relative[own, start + own] = np.inf
        place = np.unravel_index(relative.argmin(), relative.shape)
        if relative[place] < best[1]:
            best = (float(distances[place]), float(relative[place]))
    return best


@functools.cache
def _radius(symbol):
    """Half the distance between neighbours in the element's crystal, or its covalent radius."""
    number = atomic_numbers[symbol]
    lattice = (reference_states[number] or {}).get("symmetry")
    if lattice not in LATTICES:
        return float(covalent_radii[number])
    crystal = starting_crystal(chemical_symbols[number], lattice)
    return nearest_neighbour_distance(crystal.conventional()) / 2
