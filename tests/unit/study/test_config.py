"""The check of a config: crystal and structures, key by key."""

from pathlib import Path

import pytest
import yaml
from entries import named

from relaxdiff.exceptions import InputError
from relaxdiff.potentials.snap.baseline import STYLES
from relaxdiff.structures.lattices import LATTICES
from relaxdiff.study.config import check_config

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"


def test_the_default_config_passes(check):
    check()


def test_names_differ_by_more_than_case(refusal):
    said = refusal(named("slab"), named("fault"), named("loop", name="Slab"))
    assert said == "structures: the name slab is given 2 times, use different names"


def test_every_problem_is_named(refusal):
    said = refusal(named("slab", cell="full"), named("vacancy", supercell=None))
    assert said.startswith("structures.slab.cell: full")
    assert said.endswith("; structures.vacancy: the key supercell is missing")


def test_an_empty_list_of_structures_is_refused(check, refusal):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["posterior"]["file"] = str(ROOT / "config.yaml")
    with pytest.raises(InputError, match=r"^structures: .*\(a list of structures, at least one\)$"):
        check_config(config | {"structures": []}, SCHEMA)
    with pytest.raises(InputError, match="did you mean 'structures'"):
        check_config(config | {"structure": {}}, SCHEMA)


def test_lattices_are_those_of_the_library():
    schema = yaml.safe_load(SCHEMA.read_text())
    assert tuple(schema["$defs"]["lattice"]["enum"]) == LATTICES
    assert tuple(schema["$defs"]["reference"]["properties"]["style"]["enum"]) == STYLES


def test_the_crystal_is_checked(refusal):
    assert refusal(crystal={"lattice": "bct"}).startswith("crystal.lattice: 'bct'")
    assert refusal(crystal={"element": "tungsten"}).startswith("crystal.element: 'tungsten'")
    assert refusal(crystal={"lattice": "bcc", "element": "W", "supercell": 1}).startswith(
        "crystal.supercell: 1 is less"
    )
    said = refusal(crystal={"supercell": 4, "defect": "vacancy"})
    assert said.startswith("unknown config key 'crystal.defect'")
