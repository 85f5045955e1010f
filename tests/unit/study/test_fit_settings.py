"""The config's fit: defaults; the sentences that refuse one are cases of test_input_check.py."""

import yaml
from bad_input import PROJECT, SCHEMA, fit

from relaxdiff.study import property_settings
from relaxdiff.study.fit_settings import DEFAULTS, TARGET_DEFAULTS, fit_settings
from relaxdiff.study.input_check import check_input


def test_without_a_fit_there_are_no_settings():
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    assert config["fit"] is None
    assert fit_settings(config) is None


def test_what_is_left_out_has_the_defaults_that_the_schema_knows():
    settings = fit_settings(fit(steps=3)())
    assert settings == DEFAULTS | {
        "alchemical": [0],
        "free": ["X_beta_*"],
        "steps": 3,
        "targets": [
            {"quantity": "positions", "structure": "vacancy", "file": "loop.xyz"}
            | {"like": None, "region": None}
        ],
    }
    block = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["properties"]["fit"]
    of_properties = set(property_settings.DEFAULTS)
    assert set(block["properties"]) - set(block["required"]) == set(DEFAULTS) | of_properties
    items = block["properties"]["targets"]["items"]
    optional = {
        "structure",
        "value",
        "tolerance",
        "supercell",
        "values",
        "q",
        "temperature",
        "smearing",
    }
    assert set(items["properties"]) - set(items["required"]) == set(TARGET_DEFAULTS) | optional


def test_the_defaults_are_those_that_config_yaml_tells():
    text = (PROJECT / "config.yaml").read_text(encoding="utf-8").replace("\n#", " ")
    told = " ".join(text[text.index(" A fit of parameters") :].split())
    for key in ("method", "largest_change", "margin", "prior", "steps"):
        value = DEFAULTS[key]
        shown = str(value).lower() if isinstance(value, bool) else value
        after = told[told.index(f" {key}: ") :]
        assert f"{shown} if left out" in after[: after.index("if left out") + 11]


def test_a_good_fit_passes(input_folder):
    assert check_input(fit()(), SCHEMA)[0] == []
