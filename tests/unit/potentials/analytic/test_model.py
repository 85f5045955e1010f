"""A module with an energy and a table of parameters becomes a model, or is refused with reason."""

import numpy as np
import pytest
from zoo import MORSE

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.distribution import start_posterior
from relaxdiff.potentials.analytic import BUILT_IN, analytic_model, analytic_potential, model_from

GOOD = """\
ELEMENTS = ("Cu",)
PARAMETERS = {"depth": (0.3, "eV")}
CUTOFF = 5.0
def energy(species, neighbours, vectors, parameters):
    return parameters["depth"] * 0.0
"""


@pytest.fixture
def model_of(tmp_path):
    """Function from the text of a user's file to its model."""

    def make(text, elements=None, name="mine.py"):
        (tmp_path / name).write_text(text)
        return analytic_model(str(tmp_path / name), elements)

    return make


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_potentials_have_names_units_and_a_reach(name):
    model = analytic_model(name)
    assert model.name == name
    assert model.path is None
    assert len(model.parameters.names) == len(model.parameters.units) == len(model.parameters.theta)
    assert set(model.parameters.units) <= {"eV", "Angstrom", "1"}
    assert 2 < model.reach(model.parameters.theta) < 4
    assert model.attributes() == {"analytic": name, "element": " ".join(model.elements)}


def test_a_reach_may_depend_on_parameters():
    model = analytic_model("stillinger_weber")
    theta = model.parameters.theta.copy()
    theta[model.parameters.names.index("sigma")] *= 1.5
    assert model.reach(theta) == pytest.approx(1.5 * model.reach(model.parameters.theta))


def test_a_users_file_is_a_model(model_of):
    model = model_of(GOOD, ("Ag",))
    assert (model.name, model.elements, model.parameters.names) == ("mine", ("Ag",), ("depth",))
    assert model.reach(model.parameters.theta) == 5.0
    found = model.attributes()
    assert found["analytic_file"] == str(model.path)
    assert len(found["analytic_sha256"]) == 64


def test_a_model_is_made_again_from_what_a_dataset_keeps():
    dataset = start_posterior(analytic_potential(MORSE, elements=["Ag"]), np.eye(3))
    again = model_from(dataset.attrs)
    assert again.elements == ("Ag",)
    assert again.path.name == "morse_copper.py"
    assert again.parameters.names == tuple(dataset["parameter"].values)
    assert tuple(dataset["parameter_unit"].values) == again.parameters.units


def test_a_file_that_has_changed_is_refused(model_of):
    attrs = model_of(GOOD).attributes()
    assert model_from(attrs).name == "mine"
    model_of(GOOD + "# another\n")
    with pytest.raises(InputError, match="mine.py: has changed since"):
        model_from(attrs)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("energy(species", "energies(species", "lacks energy$"),
        ("CUTOFF = 5.0", "", "lacks CUTOFF"),
        ("ELEMENTS", "ELEMENT", "lacks ELEMENTS"),
        ('{"depth": (0.3, "eV")}', "{}", "PARAMETERS is not a dict of name"),
        ('(0.3, "eV")', "0.3", "depth is not .a number, its unit"),
        ('(0.3, "eV")', '(float("nan"), "eV")', "depth is not .a number, its unit"),
        ("CUTOFF = 5.0", "CUTOFF = 1 / 0", "ZeroDivisionError: division by zero"),
        ("CUTOFF = 5.0", "CUTOFF = (", "SyntaxError"),
        ('("Cu",)', '("Xx",)', "needs 1 different elements, found Xx"),
    ],
)
def test_what_is_missing_is_named(model_of, before, after, said):
    with pytest.raises(InputError, match=said):
        model_of(GOOD.replace(before, after, 1))


def test_unfit_names_and_elements_are_refused(model_of, tmp_path):
    with pytest.raises(InputError, match="neither a file nor one of the potentials edip"):
        analytic_model("leonard_jones")
    with pytest.raises(InputError, match="is not a Python file"):
        model_of(GOOD, name="mine.txt")
    for elements in (("Ar",), ("Ar", "Ar"), ("Ar", "Kr", "Ne")):
        with pytest.raises(InputError, match="needs 2 different elements"):
            analytic_model("lennard_jones", elements)
