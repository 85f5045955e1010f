"""Entries of `structures` that several tests' configs have."""


def point_defect(kind, supercell, name=None, cell="isotropic"):
    """A point defect, by default named after its kind."""
    return {"name": name or kind, "kind": kind, "supercell": supercell, "cell": cell}


def vacancy(supercell, name="vacancy", cell="isotropic"):
    """A vacancy."""
    return point_defect("vacancy", supercell, name, cell)
