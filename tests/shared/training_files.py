"""Training data in FitSNAP's format."""

import json

import numpy as np

from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM

GROUPS = ("bulk", "vacancy")


def strained(cell, rng):
    """Shaken atoms in a triclinic cell."""
    atoms = cell.copy()
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + rng.uniform(-0.05, 0.05, (3, 3))), True)
    atoms.rattle(0.12, rng=rng)
    return atoms


def fitsnap_entry(atoms, energy, forces, stress):
    return {
        "Positions": atoms.positions.tolist(),
        "Lattice": atoms.cell.array.tolist(),
        "Energy": float(energy),
        "Forces": forces.tolist(),
        "Stress": (-stress * BAR_PER_EV_PER_CUBIC_ANGSTROM).tolist(),
        "AtomTypes": list(atoms.symbols),
        "NumAtoms": len(atoms),
    }


def fitsnap_text(*entries, **styles):
    return "# comment\n" + json.dumps(
        {"Dataset": {"Data": entries, "StressStyle": "bar", **styles}}
    )


def same_configurations(left, right):
    assert len(left) == len(right) > 0
    for one, other in zip(left, right, strict=True):
        for name in ("energy", "forces", "stress"):
            np.testing.assert_allclose(
                getattr(one, name), getattr(other, name), rtol=1e-6, atol=1e-7
            )
        np.testing.assert_allclose(one.atoms.positions, other.atoms.positions, atol=1e-7)
        np.testing.assert_allclose(one.atoms.cell.array, other.atoms.cell.array, atol=1e-7)
