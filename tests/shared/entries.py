"""Entries of `structures` that several tests' configs have."""


def point_defect(kind, supercell, name=None, cell="isotropic"):
    """A point defect, by default named after its kind."""
    return {"name": name or kind, "kind": kind, "supercell": supercell, "cell": cell}


def vacancy(supercell, name="vacancy", cell="isotropic"):
    """A vacancy."""
    return point_defect("vacancy", supercell, name, cell)


# One of each family of kinds, complete; named by `named`.
GOOD = {
    "vacancy": {"kind": "vacancy", "supercell": 4, "cell": "full"},
    "slab": {
        "kind": "surface",
        "plane": [1, 1, 0],
        "layers": 12,
        "vacuum": 12.0,
        "cell": "in_plane_fixed",
    },
    "fault": {
        "kind": "gamma_surface",
        "plane": [1, 1, 2],
        "layers": 12,
        "displacement": [0.5, 0],
        "cell": "in_plane_fixed",
    },
    "screw": {"kind": "dislocation", "radius": 30.0, "core": "hard", "cell": "fixed"},
    "loop": {"kind": "file", "path": "loop.xyz", "lattice_parameter": 3.18, "cell": "full"},
}


def named(which, /, **changes):
    """A good structure with some keys changed, or taken out by None."""
    settings = {"name": which} | GOOD[which] | changes
    return {key: value for key, value in settings.items() if value is not None}
