"""Design rows of a linear SNAP fit: what each configuration says of the parameters.

Per configuration the design has one energy row (eV/atom) and, where there are forces and a stress,
3N force rows (eV/A) and 6 stress rows (bar, ASE's sign: positive under tension, order xx yy zz yz
xz xy). The fixed pair style is subtracted from the targets. Columns are, for each element, beta_0,
the energy per atom, which is the element's share of the atoms in energy rows and 0 in all others,
and beta_1 ... beta_P. Weights are no part of the design.
"""

import zlib
from pathlib import PurePosixPath

import numpy as np
import xarray as xr

from relaxdiff.exceptions import InputError, LammpsError
from relaxdiff.files import variable
from relaxdiff.lammps import DescriptorCalculator
from relaxdiff.posterior.configurations import QUANTITIES
from relaxdiff.potentials.snap import SnapHyperparameters, describe_potential, parameter_names
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM, VOIGT

# Rows whose descriptors vanish by symmetry (forces in a perfect crystal) are round-off: they say
# nothing about the parameters, and POPS would divide round-off by round-off. In the units of rows.
NEGLIGIBLE = 1e-9


def snap_hyperparameters(
    element, twojmax, cutoff, rfac0, rmin0, radii=None, weights=None, quadratic=False
):
    """SnapHyperparameters from those of the config.

    element: a symbol, or a list of several; cutoff: in Angstrom, of two atoms of the radius 0.5
    (rcutfac of LAMMPS and FitSNAP); radii, weights: LAMMPS's R and w of each element (FitSNAP's
    radelem and wj), None for 0.5 and 1; quadratic: whether products of components have coefficients
    too. All else is as LAMMPS has it. Raises InputError.
    """
    elements = [element] if isinstance(element, str) else list(element)
    for name, each in (("radii", radii), ("weights", weights)):
        if each is not None and len(each) != len(elements):
            raise InputError(
                f"{name}: one for each of {', '.join(elements)}, found {len(each)} numbers"
            )
    # The cutoff is 2 rcutfac R: with LAMMPS's usual R = 0.5, rcutfac is the cutoff itself.
    return SnapHyperparameters(
        elements,
        twojmax,
        cutoff,
        radii=0.5 if radii is None else radii,
        weights=1.0 if weights is None else weights,
        rfac0=rfac0,
        rmin0=rmin0,
        quadraticflag=int(quadratic),
    )


def build_design(configurations, group, hyperparameters, baseline=None, skipped=0):
    """The design rows of a group, weights not applied.

    configurations: from `read_group`; baseline: a fixed pair style, or None; skipped: how many
    frames of the group were not read, which is only written down. Returns a Dataset
    with, for each quantity q of QUANTITIES, `q_design(q_row, column)`, `q_target(q_row)`,
    `q_baseline(q_row)` and `q_configuration(q_row)`, the index of the configuration that the row
    belongs to.
    Raises LammpsError naming the configuration.
    """
    rows = {quantity: [] for quantity in QUANTITIES}
    with DescriptorCalculator(hyperparameters, baseline) as calculator:
        for index, configuration in enumerate(configurations):
            try:
                descriptors = calculator.evaluate(configuration.atoms)
            except LammpsError as error:
                raise LammpsError(f"{configuration.name}: {error}") from None
            found = _rows(configuration, descriptors, hyperparameters.elements)
            for quantity, (design, dft, fixed) in found.items():
                rows[quantity].append((design, dft - fixed, fixed, np.full(len(dft), index)))
    columns = parameter_names(hyperparameters, with_shift=True)
    dataset = xr.Dataset(
        coords={"column": columns},
        attrs={
            "group": group,
            "skipped": skipped,
            **describe_potential(hyperparameters, baseline),
        },
    )
    names = np.array([PurePosixPath(each.name).name for each in configurations], dtype=str)
    counts = [len(configuration.atoms) for configuration in configurations]
    dataset["n_atoms"] = variable("configuration", counts, "1", "number of atoms")
    dataset = dataset.assign_coords(configuration=names)
    for quantity, units in QUANTITIES.items():
        nothing = (np.empty((0, len(columns))), np.empty(0), np.empty(0), np.empty(0, int))
        blocks = zip(*(rows[quantity] or [nothing]), strict=True)
        design, target, fixed, owner = (np.concatenate(block) for block in blocks)
        row = f"{quantity}_row"
        dataset[f"{quantity}_design"] = variable(
            (row, "column"), design, units, f"{quantity} per unit of parameter"
        )
        dataset[f"{quantity}_target"] = variable(
            row, target, units, f"DFT {quantity} less that of the fixed pair style"
        )
        dataset[f"{quantity}_baseline"] = variable(
            row, fixed, units, f"{quantity} of the fixed pair style"
        )
        dataset[f"{quantity}_configuration"] = variable(
            row, owner, "1", "index of the configuration of the row"
        )
    return dataset


def tells(block):
    """Which rows of a design say anything about the parameters, booleans."""
    return np.abs(block).max(axis=1, initial=0) > NEGLIGIBLE


def shift_columns(design):
    """Which columns of a design are energy shifts, beta_0, booleans."""
    return np.array([str(name).endswith("beta_0") for name in design["column"].values])


def held_out(design, fraction, seed):
    """Which configurations of a group stay out of the fit: booleans, shape (configuration,).

    The choice of one group depends on the seed and its name, not on what other groups there are.
    """
    count = design.sizes["configuration"]
    own = zlib.crc32(design.attrs["group"].encode())
    order = np.random.default_rng([seed, own]).permutation(count)
    chosen = np.zeros(count, dtype=bool)
    chosen[order[: round(fraction * count)]] = True
    return chosen


def _rows(configuration, descriptors, elements):
    """Design (rows, columns), DFT and baseline (rows,) of one configuration, a dict by quantity."""
    atoms = configuration.atoms
    count = len(atoms)
    shares = [np.count_nonzero(atoms.symbols == element) / count for element in elements]
    energy = descriptors.values[None, :] / count
    rows = {"energy": _split(energy, [configuration.energy / count], shares)}
    none = np.zeros(len(elements))
    if configuration.forces is not None:
        forces = -descriptors.gradient.reshape(3 * count, -1)
        rows["force"] = _split(forces, configuration.forces.ravel(), none)
    if configuration.stress is not None:
        i, j = np.transpose(VOIGT)
        units = BAR_PER_EV_PER_CUBIC_ANGSTROM
        stress = descriptors.strain_gradient[i, j] * units / atoms.get_volume()
        rows["stress"] = _split(stress, configuration.stress[i, j] * units, none)
    return rows


def _split(columns, dft, shifts):
    """Put each element's beta_0 in front of its columns; take the baseline's, the last, out."""
    of_elements = columns[:, :-1].reshape(len(columns), len(shifts), -1)
    in_front = np.broadcast_to(np.reshape(shifts, (1, -1, 1)), (*of_elements.shape[:2], 1))
    design = np.concatenate([in_front, of_elements], axis=2).reshape(len(columns), -1)
    return design, np.asarray(dft), columns[:, -1]
