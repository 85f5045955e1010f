"""Beryllium fine-tuned into the middle of the hard core of a screw dislocation in tungsten.

    python benchmarks/beryllium_core.py TUNGSTEN START TARGET [RADIUS]

TUNGSTEN, START and TARGET: potentials without their endings .snapcoeff and .snapparam; one of
tungsten, and two of tungsten and beryllium, whose beryllium is put beside the first one's tungsten.
With START beryllium leaves the core, with TARGET it stays. RADIUS: of the disk, Angstrom. One core.
"""

import sys
from dataclasses import replace

import numpy as np
from dislocation_fits import now, seconds, tell

from relaxdiff.fit import (
    BEGINNINGS,
    fit_parameters,
    fit_problem,
    fitted_atoms,
    lowest_curvature,
    relax_from,
    solute_in_crystal,
    verdict,
)
from relaxdiff.minima import crystal_of, relax_reference, relaxed_crystal
from relaxdiff.potentials.snap import SnapPotential, read_snap
from relaxdiff.structures import crystal_of_settings

HOST, SOLUTE = "W", "Be"
CRYSTAL = {"element": HOST, "lattice": "bcc", "lattice_parameter": 3.18, "solutes": [SOLUTE]}
RADIUS = 61.0  # Angstrom
DISK = {"name": "core", "kind": "dislocation", "cell": "fixed", "element": SOLUTE}
FIT = {
    "alchemical": None,
    "free": [f"{SOLUTE}_beta_*"],
    "targets": [{"structure": "core", "like": None, "file": "the target", "region": None}],
    "method": "direct",
    "prior": False,
    "steps": 12,
    "margin": 0.05,
    "largest_change": 0.04,  # `direct` needs 3.4 %; polishing would take more for nothing
}


def beside(tungsten, both):
    """The SnapPotential of both elements with the coefficients of another one's tungsten."""
    own = both.hyperparameters
    hyperparameters = replace(
        tungsten.hyperparameters,
        elements=(HOST, SOLUTE),
        radii=(tungsten.hyperparameters.radii[0], own.radii[1]),
        weights=(tungsten.hyperparameters.weights[0], own.weights[1]),
    )
    solute = both.theta[own.n_of_element :]
    return SnapPotential(
        hyperparameters,
        np.append(tungsten.theta, solute),
        np.append(tungsten.energy_shifts, both.energy_shifts[1]),
        tungsten.baseline,
        both.name,
    )


def where(start, positions):
    """Beryllium's distance from the middle of the hard core (A), and the columns' heights (b)."""
    places, period = start.atoms.arrays["crystal_positions"], start.atoms.cell[2, 2]
    hard = places[-1, :2]  # where it was put
    columns = np.linalg.norm(places[:-1, :2] - hard, axis=1).argsort()[:3]
    heights = (positions[columns, 2] - positions[columns[0], 2]) / period
    away = np.linalg.norm(positions[-1, :2] - hard)
    return f"{away:.3f}", ", ".join(f"{(each + 0.5) % 1 - 0.5:+.3f}" for each in heights)


def in_crystal(potentials):
    """Beryllium alone in the crystal with each of the potentials, a table in Markdown."""
    lines = ["| alone in the crystal | kind | energy, eV | status |", "|---|---|---|---|"]
    for name, potential in potentials.items():
        for row in solute_in_crystal(potential, CRYSTAL, SOLUTE).to_dict("records"):
            status = row["status"].split(":")[0]
            lines.append(f"| {name} | {row['kind']} | {row['energy_eV']:.3f} | {status} |")
    return "\n".join(lines)


def main(tungsten, start, target, radius=RADIUS):
    """Relax both, fit, judge, and print a page."""
    host, *others = (
        read_snap(f"{stem}.snapcoeff", f"{stem}.snapparam") for stem in (tungsten, start, target)
    )
    start, target = (beside(host, other) for other in others)
    begun, disk = now(), DISK | {"radius": float(radius)}
    minimum = relax_reference(start, CRYSTAL, disk | {"core": "hard"})
    wanted = relax_reference(target, CRYSTAL, disk | {"core": "hard"})
    relaxed_in = seconds(begun)
    tell(f"{len(wanted.atoms)} atoms relaxed twice: {relaxed_in} s")
    begun, crystal = now(), crystal_of_settings(CRYSTAL)
    crystal = crystal_of(relaxed_crystal(start, crystal), crystal)
    problem = fit_problem(minimum, wanted.atoms, crystal, FIT)
    fit = fit_parameters(problem, FIT, tell)
    fitted_in, begun = seconds(begun), now()
    fitted = problem.potential.with_theta(fit["theta"].values[-1])
    ends = [relax_from(fit, fitted.whole, name) for name in BEGINNINGS]
    judged_in, atoms = seconds(begun), fitted_atoms(fit)
    atoms.positions = ends[0]["relaxed_positions"].values
    curvature = lowest_curvature(fit, atoms, fitted, problem.force_constants)
    judged = verdict(fit, ends, curvature)
    tell("alone in the crystal")
    alone = in_crystal({"start": start, "fitted": fitted.whole, "target": target})
    print(f"# Beryllium in the hard core\n\n{len(atoms)} atoms, radius {float(radius):g} A.\n")
    print("| structure | Be from the middle, A | heights of its three columns, b |\n|---|---|---|")
    structures = {"start": minimum.atoms, "target": wanted.atoms} | {
        f"LAMMPS from {name}": end["relaxed_positions"].values
        for name, end in zip(BEGINNINGS, ends, strict=True)
    }
    for name, found in structures.items():
        positions = getattr(found, "positions", found)
        print(f"| {name} | {' | '.join(where(minimum, positions))} |")
    print(f"\n{alone}\n\n| what | found |\n|---|---|")
    rows = {
        "change of Theta of Be": f"{float(fit['relative_change'][-1]):.2%}",
        "largest deviation from the target": f"{float(fit['largest_deviation'][-1]):.4f} A",
        "lowest curvature, of the crystal's": f"{curvature:.3f}",
        "verdict": judged.attrs["verdict"],
        "seconds: start and target": relaxed_in,
        "seconds: fit": fitted_in,
        "seconds: LAMMPS from all five": judged_in,
    }
    for what, found in rows.items():
        print(f"| {what} | {found} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
