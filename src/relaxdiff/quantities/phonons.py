"""Phonons of force constants: bands along lines of high symmetry, and densities of states.

phonopy (Togo, Chaput, Tadano & Tanaka, J. Phys.: Condens. Matter 35, 353001 (2023)) finds the
primitive cell and interpolates dynamical matrices between the wave vectors that the supercell has.
Frequencies are in THz, those of unstable modes negative.
"""

import numpy as np
import xarray as xr
from ase.cell import Cell

from relaxdiff.files import variable

# Lines in ASE's names of the points of high symmetry; those of other lattices are ASE's own.
LINES = {"FCC": "GXWKGLUX"}
PER_LENGTH = 60  # wave vectors on the lines, for each 1/Angstrom
MESH = 150.0  # Angstrom; wave vectors of a density of states are those of a cell of this size
SMEARING = 0.1  # THz; the standard deviation of each state in the density
PITCH = 0.04  # THz


def phonons_of(force_constants, atoms):
    """Bands and densities of states of several force constants of one supercell, a Dataset.

    force_constants: arrays (N, N, 3, 3), eV/Angstrom^2, by the name of their source: `target`,
    `before` and `after` in a fit; atoms: the supercell, in which the crystal repeats.

    * `band_frequency` (source, wave, branch), THz, ascending at each wave vector;
    * `density_of_states` (source, frequency), states per THz in the primitive cell: over all
      frequencies it sums up to the number of branches;
    * coordinates `source`; `frequency`, THz; `distance` (wave) along the lines, 1/Angstrom (2 pi
      included); `point` (wave), the letter that ASE gives to a point of high symmetry (G: Gamma),
      else empty. Where lines break off, two wave vectors have the same distance.
    """
    crystal = _crystal(atoms)
    lines, distances, points = _lines(crystal)
    bands = np.array([_bands(crystal, each, lines) for each in force_constants.values()])
    limits = min(0.0, bands.min() - 5 * SMEARING), bands.max() + 5 * SMEARING
    found = [_density(crystal, each, limits) for each in force_constants.values()]
    densities = np.array([density for _, density in found])
    return xr.Dataset(
        {
            "band_frequency": variable(
                ("source", "wave", "branch"), bands, "THz", "frequencies of phonons along the lines"
            ),
            "density_of_states": variable(
                ("source", "frequency"), densities, "1/THz", "density of states of a primitive cell"
            ),
        },
        {
            "source": list(force_constants),
            "frequency": variable("frequency", found[0][0], "THz", "frequency"),
            "distance": variable("wave", distances, "1/Angstrom", "distance along the lines"),
            "point": ("wave", points),
        },
    )


def _crystal(atoms):
    """phonopy's crystal of a supercell, without force constants yet."""
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms
    from phonopy.structure.cells import guess_primitive_matrix

    supercell = PhonopyAtoms(
        symbols=list(atoms.symbols),
        cell=atoms.cell.array,
        scaled_positions=atoms.get_scaled_positions(),
    )
    return Phonopy(
        supercell,
        supercell_matrix=np.eye(3, dtype=int),
        primitive_matrix=guess_primitive_matrix(supercell),
    )


def _lines(crystal):
    """Wave vectors (wave, 3) in the reciprocal cell's vectors, `distance` and `point` of each."""
    cell = Cell(crystal.primitive.cell)
    path = cell.bandpath(LINES.get(cell.get_bravais_lattice().name), density=PER_LENGTH)
    distances, _, _ = path.get_linear_kpoint_axis()
    points = np.full(len(distances), "", dtype="<U8")
    for name, place in path.special_points.items():
        points[np.isclose(path.kpts, place).all(axis=1)] = name
    return path.kpts, distances, points


def _bands(crystal, force_constants, waves):
    """Frequencies at wave vectors, (wave, branch), THz."""
    crystal.force_constants = force_constants
    crystal.run_qpoints(waves)
    return crystal.qpoints.frequencies


def _density(crystal, force_constants, limits):
    """Frequencies, THz, from the lower to the upper of the limits, and the density at each."""
    crystal.force_constants = force_constants
    crystal.run_mesh(MESH)
    crystal.run_total_dos(
        sigma=SMEARING,
        freq_min=limits[0],
        freq_max=limits[1],
        freq_pitch=PITCH,
        # Tetrahedra take 30 s on this mesh, for corners that are sharper by less than SMEARING.
        use_tetrahedron_method=False,
    )
    return crystal.total_dos.frequency_points, crystal.total_dos.dos
