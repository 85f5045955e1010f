"""The check of structures, crystal and solvers, key by key."""

import re
from pathlib import Path

import pytest
import yaml
from entries import GOOD, named

from relaxdiff.structures.kinds import (
    COMMON_KEYS,
    KINDS,
)
from relaxdiff.study.structure_settings import RESERVED_NAMES

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
POINT_DEFECTS = {name for name, kind in KINDS.items() if kind.keys == ("supercell",)}


@pytest.mark.parametrize("name", GOOD)
def test_good_structures_pass(check, name):
    check(named(name))
    check(*map(named, GOOD))


@pytest.mark.parametrize("kind", sorted(POINT_DEFECTS))
def test_every_point_defect_needs_a_supercell(check, refusal, kind):
    defect = {"name": "it", "kind": kind, "cell": "isotropic"}
    check(defect | {"supercell": 3})
    assert refusal(defect) == "structures.it: the key supercell is missing"
    assert refusal(defect | {"supercell": 3, "layers": 5}) == (
        f"structures.it.layers: kind {kind} does not have this key: beside name, kind, cell it has "
        + ", ".join(("supercell", *KINDS[kind].optional_keys))
    )
    assert refusal(defect | {"supercell": 3, "cell": "in_plane_fixed"}) == (
        f"structures.it.cell: in_plane_fixed is not possible for kind {kind}: "
        "use fixed, isotropic or full"
    )


BAD_STRUCTURES = {
    "missing of a surface": (
        named("slab", layers=None, vacuum=None),
        "structures.slab: the key layers, vacuum is missing",
    ),
    "missing of a fault": (
        named("fault", displacement=None),
        "structures.fault: the key displacement is missing",
    ),
    "missing of a file": (
        named("loop", lattice_parameter=None),
        "structures.loop: the key lattice_parameter is missing",
    ),
    "missing of all": (named("slab", cell=None), "structures.slab: the key cell is missing"),
    "no name": (named("slab", name=None), "structures.0: the key name is missing"),
    "foreign key": (
        named("slab", supercell=4),
        "structures.slab.supercell: kind surface does not have this key: beside name, kind, cell "
        "it has plane, layers, vacuum",
    ),
    "unknown key": (
        named("slab", vaccum=9),
        "unknown config key 'structures.slab.vaccum': did you mean 'structures.slab.vacuum'?",
    ),
    "unknown kind": (named("vacancy", kind="vacncy"), "structures.vacancy.kind: 'vacncy'"),
    "surface with a volume": (
        named("slab", cell="isotropic"),
        "structures.slab.cell: isotropic is not possible for kind surface: use fixed or "
        "in_plane_fixed",
    ),
    "fault with a volume": (
        named("fault", cell="full"),
        "structures.fault.cell: full is not possible for kind gamma_surface: use fixed or "
        "in_plane_fixed",
    ),
    "file without a plane": (
        named("loop", cell="in_plane_fixed"),
        "structures.loop: the key plane is missing",
    ),
    "file with a plane": (
        named("loop", plane=[1, 0, 0]),
        "structures.loop.plane: a file has this key with cell: in_plane_fixed only",
    ),
    "file that is not there": (
        named("loop", path="nowhere.xyz"),
        "structures.loop.path: nowhere.xyz does not exist",
    ),
    "no plane": (
        named("fault", plane=[0, 0, 0]),
        "structures.fault.plane: [0, 0, 0] is no plane, at least one index must not be 0",
    ),
    "broken plane": (named("slab", plane=[1, 0.5, 0]), "structures.slab.plane.1: 0.5"),
    "short plane": (named("slab", plane=[1, 0]), "(three Miller indices from -10 to 10, of hcp"),
    "long displacement": (named("fault", displacement=[0, 0, 1]), "structures.fault.displacement:"),
    "one layer": (named("slab", layers=1), "structures.slab.layers: 1 is less than"),
    "no vacuum": (named("slab", vacuum=0), "structures.slab.vacuum: 0 is less than"),
    "supercell of words": (named("vacancy", supercell="four"), "structures.vacancy.supercell: 'f"),
    "small supercell": (named("vacancy", supercell=1), "structures.vacancy.supercell: 1 is less"),
    "small divacancy": (
        named("vacancy", kind="divacancy_2nn", supercell=2),
        "structures.vacancy.supercell: 2 is too small for a divacancy, use 3 or more",
    ),
    "a dislocation whose cell relaxes": (
        named("screw", cell="isotropic"),
        "structures.screw.cell: isotropic is not possible for kind dislocation: use fixed",
    ),
    "command for a name": (named("slab", name="x; touch y"), "structures.x; touch y.name: 'x;"),
    "newline in a name": (named("slab", name="slab\n"), "a letter, then letters, digits"),
    "digit first": (named("slab", name="1slab"), "a letter, then letters, digits"),
    "not a mapping": ("vacancy", "structures.0: 'vacancy' is not of type 'object'"),
}


@pytest.mark.parametrize("case", BAD_STRUCTURES)
def test_bad_structures_are_refused_by_name(refusal, case):
    structure, sentence = BAD_STRUCTURES[case]
    said = refusal(structure)
    assert sentence in said


@pytest.mark.parametrize("name", RESERVED_NAMES)
def test_names_of_other_results_are_refused(refusal, name):
    for spelled in (name, name.capitalize()):
        assert refusal(named("slab", name=spelled)) == (
            f"structures.{spelled}.name: {spelled} is taken by other results of the study, choose "
            "another"
        )


@pytest.mark.parametrize(("block", "key"), [("derivative", "solver"), ("truth", "relaxer")])
def test_sparse_algorithms_take_every_kind(check, block, key):
    octahedral = named("vacancy", name="between", kind="octahedral")
    check(*map(named, GOOD), octahedral, **{block: {key: "sparse"}})


WITH_BERYLLIUM = {"solutes": {"Be": "hcp"}}


def test_solutes_may_be_where_atoms_are(check):
    point = {"supercell": 3, "cell": "isotropic"}
    structures = [
        point | {"name": "in_its_place", "kind": "substitutional", "element": "Be"},
        point | {"name": "between", "kind": "tetrahedral", "element": "Be"},
        point | {"name": "own", "kind": "dumbbell_111", "element": "W"},
        point | {"name": "mixed", "kind": "dumbbell_111", "element": "Be"},
    ]
    check(*structures, crystal=WITH_BERYLLIUM)


@pytest.mark.parametrize(
    ("crystal", "entry", "message"),
    [
        (WITH_BERYLLIUM, {"kind": "substitutional"}, "structures.it: the key element is missing"),
        (WITH_BERYLLIUM, {"kind": "vacancy", "element": "Be"}, "element: kind vacancy does not"),
        (WITH_BERYLLIUM, {"kind": "substitutional", "element": "W"}, "the site has W already"),
        ({}, {"kind": "octahedral", "element": "Be"}, "which are none: add the lattice of its"),
        (WITH_BERYLLIUM, {"kind": "octahedral", "element": "be"}, "structures.it.element: 'be'"),
        ({"solutes": {"W": "bcc"}}, {"kind": "vacancy"}, "solutes: W is crystal.element"),
        ({"solutes": {"Be": "cubic"}}, {"kind": "vacancy"}, "crystal.solutes.Be: 'cubic' is not"),
        (
            {"solutes": {"Be; rm": "hcp"}},
            {"kind": "vacancy"},
            "crystal.solutes: 'Be; rm' does not match",
        ),
        ({"solutes": {"Be": "hcp\nshell ls"}}, {"kind": "vacancy"}, "crystal.solutes.Be: 'hcp"),
        ({"solutes": ["Be"]}, {"kind": "vacancy"}, "crystal.solutes: ['Be'] is not of type"),
        ({"solutes": None}, {"kind": "vacancy"}, "crystal.solutes: None is not of type 'object'"),
    ],
)
def test_solutes_that_contradict_structures(refusal, crystal, entry, message):
    structure = {"name": "it", "supercell": 3, "cell": "isotropic"} | entry
    assert message in refusal(structure, crystal=crystal)


NI3AL = {
    "element": "Ni",
    "lattice": "L1_2",
    "sites": ["Ni", "Al"],
    "lattice_parameter": 3.57,
    "solutes": {"Al": "fcc"},
}


def test_defects_in_compounds_have_sites(check):
    point = {"supercell": 2, "cell": "isotropic"}
    structures = [
        point | {"name": "one", "kind": "vacancy"},
        point | {"name": "other", "kind": "vacancy", "site": "Al"},
        point | {"name": "antisite", "kind": "substitutional", "element": "Ni", "site": "Al"},
        point | {"name": "its_opposite", "kind": "substitutional", "element": "Al"},
    ]
    check(*structures, crystal=NI3AL)
    check(*structures, crystal=NI3AL | {"solutes": {"Al": -3.4}})


@pytest.mark.parametrize(
    ("crystal", "entry", "message"),
    [
        ({}, {"site": "Ti"}, "structures.it.site: Ti is not in the crystal"),
        ({}, {"kind": "substitutional", "element": "Al", "site": "Al"}, "the site has Al already"),
        ({"lattice": "fcc"}, {}, "crystal.sites: fcc is none of B2, L1_2, rocksalt, zincblende"),
        ({"path": "it.cif"}, {}, "crystal.path: lattice: L1_2 is read from no file"),
        ({"lattice": "file", "sites": None, "path": "no.cif"}, {}, "path: no.cif does not exist"),
        ({"sites": ["Ni"]}, {}, "crystal.sites: ['Ni'] is too short"),
        ({"solutes": {"Al": "NaN"}}, {}, "crystal.solutes.Al: 'NaN'"),
        ({}, {"cell": "in_plane_fixed"}, "in_plane_fixed is not possible for kind vacancy"),
    ],
)
def test_compounds_that_contradict_themselves(refusal, crystal, entry, message):
    structure = {"name": "it", "kind": "vacancy", "supercell": 3, "cell": "isotropic"} | entry
    assert message in refusal(structure, crystal=NI3AL | crystal)


BERYLLIUM = {"element": "Be", "lattice": "hcp"}


@pytest.mark.parametrize("plane", [[0, 0, 1], [0, 0, 0, 1], [1, 0, -1, 0], [1, 1, -2, 2]])
def test_planes_of_hcp_have_three_or_four_indices(check, plane):
    held = named("loop", cell="in_plane_fixed", plane=plane)
    check(held, named("slab", plane=plane), crystal=BERYLLIUM)


def test_planes_that_are_none_of_the_lattice(refusal):
    assert refusal(named("slab", plane=[1, 0, 1, 0]), crystal=BERYLLIUM) == (
        "structures.slab.plane: [1, 0, 1, 0] is no plane, the first three of four indices must add "
        "up to 0: [1, 0, -1, 0]"
    )


def test_planes_of_cubic_crystals_have_three_indices(refusal):
    assert refusal(named("slab", plane=[1, 0, -1, 0])) == (
        "structures.slab.plane: [1, 0, -1, 0] has four indices, bcc has planes of three"
    )


def test_a_lattice_parameter_is_a_length(refusal):
    assert refusal(crystal={"lattice_parameter": 0}).startswith("crystal.lattice_parameter: 0 is")


def test_kinds_keys_and_cells_are_those_of_the_schema():
    items = yaml.safe_load(SCHEMA.read_text())["properties"]["structures"]["items"]
    assert items["properties"]["kind"]["enum"] == list(KINDS)
    keys = {
        key
        for kind in KINDS.values()
        for key in (*kind.keys, *kind.optional_keys, *kind.keys_in_plane)
    }
    assert set(items["properties"]) == {*COMMON_KEYS, *keys}
    cells = {cell for kind in KINDS.values() for cell in kind.cells}
    assert cells == set(items["properties"]["cell"]["enum"])


def test_reserved_names_are_those_of_the_rules_and_of_the_default_configs_text():
    rules = "".join(path.read_text() for path in sorted(ROOT.glob("workflow/rules/*.smk")))
    beside = re.findall(r"\{STUDY\}/(\w+)[./]", rules)
    within = re.findall(r"\{HERE\}/(\w+)/", rules)
    assert set(RESERVED_NAMES) == {*beside, *within}
    comment = re.sub(r"\n *# ", " ", (ROOT / "config.yaml").read_text(encoding="utf-8"))
    (told,) = re.findall(r"Not allowed are ([\w, ]+)\.", comment)
    assert re.split(", | and ", told) == list(RESERVED_NAMES)
