"""What a fit does to the solute alone in the crystal: is it stable there, and at what energy?"""

import numpy as np
import pandas as pd

from relaxdiff.exceptions import InputError, LammpsError, RelaxationError
from relaxdiff.minima import blocks_at, relax_reference, relaxed_crystal
from relaxdiff.potentials.snap import ALCHEMICAL
from relaxdiff.structures import crystal_of_settings

SUPERCELL = 4  # conventional cells along each edge
KINDS = ("substitutional", "tetrahedral")
COLUMNS = ("kind", "energy_eV", "lowest_curvature_eV_per_A2", "status")
NOTHING = pd.DataFrame(columns=COLUMNS)  # the table of no solute


def solute_in_crystal(potential, crystal, element, supercell=SUPERCELL):
    """A solute alone in the crystal, a DataFrame with a row for each of KINDS.

    potential: SnapPotential; crystal: `crystal` of the config; element: the solute; an alchemical
    one replaces an atom only. Columns: kind; `energy_eV`, U - N e for N atoms of the crystal, on
    the potential's own scale of the solute's energy; `lowest_curvature_eV_per_A2`, of the
    displacements that break the symmetry; `status`, 'stable' or what is wrong.
    """
    perfect = relaxed_crystal(potential, crystal_of_settings(crystal))
    per_atom = perfect.energy / len(perfect.atoms)
    rows = []
    for kind in KINDS[: 1 if element == ALCHEMICAL else None]:
        entry = {"name": kind, "kind": kind, "element": element, "cell": "fixed"}
        row = {"kind": kind, "energy_eV": np.nan, "lowest_curvature_eV_per_A2": np.nan}
        try:
            found = relax_reference(
                potential, crystal | {"solutes": [element]}, entry | {"supercell": supercell}
            )
            count = int((found.atoms.symbols == crystal["element"]).sum())
            row["energy_eV"] = found.energy - count * per_atom
            blocks = blocks_at(found)[0]
            row["lowest_curvature_eV_per_A2"] = min(
                block.lowest(potential.theta)[0] for block in blocks
            )
            row["status"] = "stable"
        except (RelaxationError, LammpsError, InputError) as error:
            row["status"] = f"not stable: {error}"
        rows.append(row)
    return pd.DataFrame(rows)


def before_and_after(before, after):
    """Tables of `solute_in_crystal` for two potentials in one, with the change of the energy."""
    table = before.merge(after, on="kind", suffixes=("_before", "_after"))
    table["energy_change_eV"] = table["energy_eV_after"] - table["energy_eV_before"]
    return table


def in_crystal_table(before, after, crystal, elements):
    """`before_and_after` of several elements, the crystal's own left out, a DataFrame.

    before, after: SnapPotential; crystal: `crystal` of the config; elements: symbols.
    """
    tables = [
        before_and_after(
            *(solute_in_crystal(each, crystal, element) for each in (before, after))
        ).assign(element=element)
        for element in elements
        if element != crystal["element"]
    ]
    columns = ["element", *before_and_after(NOTHING, NOTHING)]
    return pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns)
