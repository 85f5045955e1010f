"""A fit to quantities in the config; what refuses one is in `bad_property_fits`."""

import pytest
import yaml
from bad_input import PROJECT, SCHEMA
from bad_property_fits import C11, DENSITY, FORMATION, FREQUENCIES, HEAT, property_fit

from relaxdiff.study.fit_settings import fit_settings
from relaxdiff.study.input_check import check_input
from relaxdiff.study.property_settings import DEFAULTS, lammps_suffixes, of_properties

SOURCES = dict.fromkeys(("file", "ensemble", "analytic", "training"))


def test_what_is_left_out_has_its_default():
    settings = fit_settings(property_fit(C11, steps=3)())
    wanted = {"free": ["beta_*"], "steps": 3, "targets": [C11 | {"structure": None}]}
    assert settings == DEFAULTS | wanted
    assert of_properties(settings)


def test_the_defaults_are_those_that_config_yaml_tells():
    text = (PROJECT / "config.yaml").read_text(encoding="utf-8").replace("\n#", " ")
    told = " ".join(text[text.index(" A fit of parameters") :].split())
    for key, words in {
        "method": "gauss_newton if left out",
        "hold_lattice": "false if left out",
        "bounds": "null if left out",
        "steps": "50 if left out",
    }.items():
        after = told[told.index(f" {key}: ") :]
        assert words in after[:700]


def test_good_fits_pass(input_folder):
    bounds = {"beta_1": [-10.0, 10.0]}
    others = [
        FREQUENCIES,
        FREQUENCIES | {"q": [1, 0, 0.3333]},
        HEAT,
        HEAT | {"temperature": 50},
        DENSITY,
    ]
    for edit in (
        property_fit(C11, FORMATION, prior=True),
        property_fit(C11, bounds=bounds),
        property_fit(*others),
    ):
        assert check_input(edit(), SCHEMA)[0] == []


@pytest.mark.parametrize(
    ("posterior", "suffixes"),
    [
        ({"ensemble": {}}, [".snapcoeff", ".snapparam", ".snap"]),
        ({"file": "resources/tungsten.nc"}, [".snapcoeff", ".snapparam", ".snap"]),
        ({"analytic": {"potential": "stillinger_weber"}}, [".sw"]),
        ({"analytic": {"potential": "mine.py"}}, []),
    ],
)
def test_files_that_lammps_reads(posterior, suffixes, monkeypatch):
    monkeypatch.chdir(PROJECT)
    assert lammps_suffixes(SOURCES | posterior) == suffixes


def test_every_quantity_of_the_schema_is_explained():
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["properties"]["fit"]
    quantities = schema["properties"]["targets"]["items"]["properties"]["quantity"]["enum"]
    text = (PROJECT / "config.yaml").read_text(encoding="utf-8")
    for quantity in quantities:
        assert quantity in text
