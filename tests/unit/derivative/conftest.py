"""Minima of every kind, and their dense derivatives, that solvers are compared on."""

import functools

import pytest

from relaxdiff import implicit_derivative, relax
from relaxdiff.derivative.solvers import Dense
from relaxdiff.structures.kinds import vacancy_cell

FAULT = {"plane": (1, 1, 0), "layers": 6, "displacement": (0.2, 0.1)}
SETTINGS = {
    "symmetric": {},
    "without symmetry": {"symmetry": False},
    "fixed cell": {"cell": "fixed"},
    "six strains": {"cell": "full"},
    "gamma surface": {"cell": "in_plane_fixed", "normal_only": True},
}


@pytest.fixture(scope="session")
def differentiated(tungsten, built, low_symmetry):
    """Function from a name in SETTINGS to a minimum and its dense derivative, made once."""

    @functools.cache
    def make(name):
        atoms = {
            "six strains": lambda: low_symmetry,
            "gamma surface": lambda: built("gamma_surface", **FAULT),
        }.get(name, lambda: vacancy_cell("W", 3.18, 2))()
        minimum = relax(atoms, tungsten, tolerance=1e-9, **SETTINGS[name])
        return minimum, implicit_derivative(minimum, Dense())

    return make


@pytest.fixture(scope="module", params=SETTINGS)
def settings_name(request):
    """Each name in SETTINGS."""
    return request.param


@pytest.fixture(scope="module")
def minimum(settings_name, differentiated):
    """A minimum with each of SETTINGS."""
    return differentiated(settings_name)[0]


@pytest.fixture(scope="module")
def dense(settings_name, differentiated):
    """Its dense derivative."""
    return differentiated(settings_name)[1]
