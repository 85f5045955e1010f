"""A relaxed structure, and how it is written to a file."""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from scipy.sparse import csr_array

from relaxdiff.files import variable
from relaxdiff.potentials import Potential
from relaxdiff.structures import Coordinates, Freedom

# Of a disk with a dislocation: names in `Atoms.arrays` or `Atoms.info`, and in a file.
OF_A_DISK = {
    "crystal_positions": (
        ("atom", "xyz"),
        "Angstrom",
        "where each atom is in the perfect crystal, without the dislocation",
    ),
    "core": ("xy", "Angstrom", "x and y of the centre of the dislocation's core"),
    "axes": (
        ("xyz", "xyz_2"),
        "1",
        "unit vectors along x, y, z in the crystal's cubic axes, rows",
    ),
    "lattice_parameter": (
        (),
        "Angstrom",
        "lattice parameter of the crystal around it",
    ),
}


@dataclass(frozen=True)
class Minimum:
    """A relaxed structure and how well it is relaxed.

    atoms: the relaxed Atoms, which carry their energy; strain: symmetric matrix (3, 3), relative to
    the cell that was given; energy: eV, with the baseline and the energy shift; max_gradient: eV/A;
    status: 'converged', or what went wrong and what to try; coordinates: those with q = 0 at
    `atoms`.
    """

    atoms: Atoms
    strain: np.ndarray
    energy: float
    max_gradient: float
    status: str
    n_evaluations: int
    potential: Potential = field(repr=False)
    coordinates: Coordinates = field(repr=False)

    @property
    def converged(self):
        """Whether the gradient fell below the tolerance."""
        return self.status == "converged"


def minimum_dataset(minimum):
    """A relaxed structure as a Dataset, from which `minimum_from_dataset` makes it again.

    Where atoms are held in some directions only, the attribute `held` says how many.
    """
    atoms = minimum.atoms
    attrs = {"potential": minimum.potential.name, "status": minimum.status}
    if columns := minimum.coordinates.freedom.held_columns:
        attrs["held"] = f"with {columns} columns held"
    return xr.Dataset(
        {
            "positions": variable(
                ("atom", "xyz"), atoms.positions, "Angstrom", "positions of the relaxed structure"
            ),
            "cell": variable(("vector", "xyz"), atoms.cell.array, "Angstrom", "cell vectors, rows"),
            "atomic_numbers": variable("atom", atoms.numbers, "1", "atomic numbers"),
            "energy": variable((), minimum.energy, "eV", "energy of the relaxed structure"),
            "strain": variable(
                ("xyz", "xyz_2"), minimum.strain, "1", "strain from the unrelaxed cell"
            ),
            "strain_basis": strain_basis(minimum.coordinates.strains),
            "allowed_strains": variable(
                ("allowed_strain", "xyz", "xyz_2"),
                minimum.coordinates.freedom.strains,
                "1",
                "what the cell may strain by, symmetry apart",
            ),
            "directions": variable(
                ("direction", "xyz"),
                minimum.coordinates.freedom.directions,
                "1",
                "directions that atoms may move in",
            ),
            "fixed": variable(
                ("atom", "xyz"),
                minimum.coordinates.held.astype(int),
                "1",
                "1 for a component of an atom's position that is held, else 0",
            ),
            "max_gradient": variable(
                (), minimum.max_gradient, "eV/Angstrom", "largest gradient component left"
            ),
            "evaluations": variable((), minimum.n_evaluations, "1", "evaluations of descriptors"),
            "orbit": variable(
                "atom", minimum.coordinates.orbits, "1", "first atom of each atom's symmetry orbit"
            ),
            **_mode_entries(minimum.coordinates.modes),
            **_of_a_disk(atoms),
        },
        coords={"xyz": ["x", "y", "z"], "xyz_2": ["x", "y", "z"]},
        attrs=attrs,
    )


def _mask_of(dataset):
    """The `Freedom.fixed` in a Dataset of `minimum_dataset`: (N,) unless components are held."""
    held = dataset["fixed"].values.astype(bool)
    if not held.any():
        return None
    return held if (held.any(axis=1) != held.all(axis=1)).any() else held[:, 0]


def _of_a_disk(atoms):
    """What a disk with a dislocation carries beside its atoms, as variables; else none."""
    return {
        name: variable(dimensions, found, unit, meaning)
        for name, (dimensions, unit, meaning) in OF_A_DISK.items()
        if (found := atoms.arrays.get(name, atoms.info.get(name))) is not None
    }


def strain_basis(strains):
    """The strain matrices (strain, 3, 3) of the coordinates, as a Variable."""
    return variable(
        ("strain", "xyz", "xyz_2"), strains, "1", "strain of the cell per unit of its coordinate"
    )


def mode_displacements(coordinates):
    """The modes of coordinates as a Variable; mostly zeros, compressed when written."""
    modes = variable(
        ("displacement_mode", "atom", "xyz"),
        coordinates.modes.T.toarray().reshape(-1, len(coordinates.reference), 3),
        "1",
        "orthonormal displacement modes that coordinates are amplitudes of",
    )
    modes.encoding = {"zlib": True, "complevel": 1}
    return modes


def _mode_entries(modes):
    """The non-zero entries of displacement modes, sparse (3N, modes), as variables.

    With the zeros they would take 7 GB for a vacancy in 32^3 cells.
    """
    entries = csr_array(modes.T)
    entries.eliminate_zeros()
    entries = entries.tocoo()
    atoms, axes = np.divmod(entries.col, 3)
    return {
        "n_modes": variable((), modes.shape[1], "1", "number of displacement modes"),
        "entry_mode": variable("mode_entry", entries.row, "1", "displacement mode of the entry"),
        "entry_atom": variable("mode_entry", atoms, "1", "atom that the mode moves"),
        "entry_axis": variable("mode_entry", axes, "1", "0, 1 or 2: along x, y or z"),
        "entry_displacement": variable(
            "mode_entry",
            entries.data,
            "1",
            "how far, in the orthonormal modes that coordinates are amplitudes of",
        ),
    }


def _modes_of(dataset):
    """The sparse matrix (3N, modes) in a Dataset of `minimum_dataset`."""
    rows = 3 * dataset["entry_atom"].values + dataset["entry_axis"].values
    return csr_array(
        (dataset["entry_displacement"].values, (rows, dataset["entry_mode"].values)),
        shape=(3 * dataset.sizes["atom"], int(dataset["n_modes"])),
    )


def atoms_from_dataset(dataset):
    """The Atoms in a Dataset of `minimum_dataset`, of a disk with what it carries beside them."""
    atoms = Atoms(
        numbers=dataset["atomic_numbers"].values,
        positions=dataset["positions"].values,
        cell=dataset["cell"].values,
        pbc=True,
    )
    for name, (dimensions, _, _) in OF_A_DISK.items():
        if name in dataset:
            place = atoms.arrays if "atom" in dimensions else atoms.info
            place[name] = dataset[name].values[()]
    return atoms


def minimum_from_dataset(dataset, potential):
    """The Minimum in a Dataset of `minimum_dataset`; potential: the one it was relaxed with."""
    atoms = atoms_from_dataset(dataset)
    energy = float(dataset["energy"])
    atoms.calc = SinglePointCalculator(atoms, energy=energy)
    return Minimum(
        atoms=atoms,
        strain=dataset["strain"].values,
        energy=energy,
        max_gradient=float(dataset["max_gradient"]),
        status=dataset.attrs["status"],
        n_evaluations=int(dataset["evaluations"]),
        potential=potential,
        coordinates=Coordinates(
            reference=atoms,
            modes=_modes_of(dataset),
            orbits=dataset["orbit"].values,
            strains=dataset["strain_basis"].values,
            freedom=Freedom(
                dataset["allowed_strains"].values,
                dataset["directions"].values,
                _mask_of(dataset),
            ),
        ),
    )
