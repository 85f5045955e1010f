"""Lennard-Jones atoms of two kinds, A and B: eq 11 of arXiv:2407.02414.

The energy of a pair of kinds a and b at the distance r is

    4 epsilon_ab [(sigma_ab / r)^12 - (sigma_ab / r)^6] S(r),

half of it to each atom. S goes from 1 at 2 Angstrom to 0 at 2.5 Angstrom, `cutoffs.switched`, so
that three derivatives are continuous; these distances do not change with sigma. With all parameters
1 it is in reduced units. The elements are labels: nothing here is a model of argon or krypton.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from relaxdiff.potentials.analytic.cutoffs import lengths, switched

ELEMENTS = ("Ar", "Kr")  # A and B
PARAMETERS = {
    "epsilon_AA": (1.0, "eV"),
    "epsilon_AB": (1.0, "eV"),
    "epsilon_BB": (1.0, "eV"),
    "sigma_AA": (1.0, "Angstrom"),
    "sigma_AB": (1.0, "Angstrom"),
    "sigma_BB": (1.0, "Angstrom"),
}
SWITCHED_FROM, CUTOFF = 2.0, 2.5  # Angstrom
PAIRS = ("AA", "AB", "BB")
# LAMMPS has this energy as a table of distances from the shortest to the cutoff, Angstrom. A spline
# through so many points differs from it by less than 1e-9 eV a pair above 0.8 sigma, and 1e-8 eV
# above 0.7 sigma.
SHORTEST, POINTS = 0.5, 10_000


def cutoff(parameters):
    """Distance in Angstrom from which on there is no energy, whatever the parameters."""
    return CUTOFF


def energy(species, neighbours, vectors, parameters):
    """The energy of one atom, eV.

    species: of the atom, 0 or 1; neighbours: species of its neighbours, (K,); vectors: from the
    atom to them, (K, 3), Angstrom; parameters: values by name. Absent neighbours are far away.
    """
    pair = species + neighbours
    epsilon, sigma = (
        jnp.stack([parameters[f"{name}_{kinds}"] for kinds in PAIRS])[pair]
        for name in ("epsilon", "sigma")
    )
    return pair_energy(lengths(vectors), epsilon, sigma).sum() / 2


def pair_energy(r, epsilon, sigma):
    """The energy of pairs at distances r, eV; epsilon in eV, sigma and r in Angstrom."""
    power = (sigma / r) ** 6
    return 4 * epsilon * (power**2 - power) * switched(r, SWITCHED_FROM, CUTOFF)


def write(stem, parameters, elements):
    """Write LAMMPS's tables of energy and force to `stem`.table; returns [its path]."""
    path = Path(stem)
    path = path.with_name(path.name + ".table")
    r = np.linspace(SHORTEST, CUTOFF, POINTS)
    slope = jax.vmap(jax.value_and_grad(pair_energy), in_axes=(0, None, None))
    lines = [f"# Lennard-Jones, {' and '.join(elements)}, written by relaxdiff, UNITS: metal"]
    for kinds in PAIRS:
        energies, slopes = slope(r, parameters[f"epsilon_{kinds}"], parameters[f"sigma_{kinds}"])
        columns = zip(r.tolist(), energies.tolist(), slopes.tolist(), strict=True)
        rows = (f"{n} {x!r} {u!r} {-du!r}" for n, (x, u, du) in enumerate(columns, start=1))
        lines += ["", kinds, f"N {POINTS} R {SHORTEST} {CUTOFF}", "", *rows]
    path.write_text("\n".join(lines) + "\n")
    return [path]


def lammps_lines(folder, parameters, elements):
    """LAMMPS's lines for these parameters, their tables written into `folder` (a list)."""
    (path,) = write(Path(folder) / "potential", parameters, elements)
    return [
        f"pair_style table spline {POINTS}",
        f'pair_coeff 1 1 "{path}" AA',
        f'pair_coeff 1 2 "{path}" AB',
        f'pair_coeff 2 2 "{path}" BB',
    ]
