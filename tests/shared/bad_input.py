"""Cases of bad input: edits of a good study, and the sentences that refuse them."""

import copy
import json
import math
import pickle
from pathlib import Path

import ase.io
import numpy as np
import xarray as xr
import yaml
from ase import Atoms
from ase.build import bulk
from entries import point_defect, vacancy

PROJECT = Path(__file__).parents[2]
SCHEMA = PROJECT / "workflow/schemas/config.schema.yaml"
JUNK = b"\x00\x80\xff\xfe\x1b[31m" * 40
OWNED = "owned"  # the file that every smuggled command and pickle would make


class Bomb:
    """Makes a file when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path(OWNED).absolute(),)


# Sources of parameters, as the files of `study` are named.
ENSEMBLE = {
    "coefficients": "W.snapcoeff",
    "parameters": "W.snapparam",
    "samples": "samples.csv",
    "reference": {"style": "zbl", "inner": 4.0, "outer": 4.8},
}
TRAINING = {
    "data": "training",
    "group_weights": "weights.csv",
    "element": "W",
    "hyperparameters": {"twojmax": 6, "cutoff": 4.73, "rfac0": 0.99363, "rmin0": 0.0},
    "reference": {"style": "zbl", "inner": 4.0, "outer": 4.8},
    "held_out_fraction": 0.2,
    "seed": 1,
    "pops": {"percentile_clipping": 5.0, "leverage_percentile": 50, "mode_threshold": 1e-8},
}
ANALYTIC = {"potential": "morse.py", "deviations": {"depth": 0.01, "distance": 0.01}}
MORSE = """import jax.numpy as jnp
from relaxdiff.potentials.analytic.cutoffs import lengths, switched

ELEMENTS = ("W",)
PARAMETERS = {
    "depth": (0.9906, "eV"),
    "width": (1.4116, "1/Angstrom"),
    "distance": (3.032, "Angstrom"),
}
CUTOFF = 6.5


def energy(species, neighbours, vectors, parameters):
    r = lengths(vectors)
    bond = jnp.exp(-parameters["width"] * (r - parameters["distance"]))
    return jnp.sum(parameters["depth"] * (bond**2 - 2 * bond) * switched(r, 5.0, CUTOFF)) / 2
"""
SLAB = {
    "name": "slab",
    "kind": "surface",
    "plane": [1, 1, 0],
    "layers": 6,
    "vacuum": 12.0,
    "cell": "fixed",
}
FAULT = {
    "name": "fault",
    "kind": "gamma_surface",
    "plane": [1, 1, 0],
    "layers": 6,
    "displacement": [0.2, 0.2],
    "cell": "fixed",
}
LOOP = {
    "name": "loop",
    "kind": "file",
    "path": "loop.xyz",
    "lattice_parameter": 3.18,
    "cell": "fixed",
}
WEIGHTS = "group,energy_weight,force_weight,stress_weight\n"


def frame(group="bulk", shift=0.0):
    """One configuration of FitSNAP's."""
    atoms = bulk("W", "bcc", 3.18, cubic=True)
    return {
        "Positions": (atoms.positions + [[0, 0, 0], [shift] * 3]).tolist(),
        "Lattice": atoms.cell.array.tolist(),
        "Energy": -17.0,
        "Forces": [[0.0] * 3] * 2,
        "AtomTypes": ["W", "W"],
        "NumAtoms": 2,
    }


def json_text(**changes):
    """A FitSNAP file of one configuration with some of its keys changed."""
    return json.dumps({"Dataset": {"Data": [frame() | changes]}})


def put(files, folder):
    """Write those files below a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def config_of(source="ensemble"):
    """A small study whose parameters come from one of the sources."""
    config = yaml.safe_load((PROJECT / "config.yaml").read_text())
    config["study"] = "small"
    config["structures"] = [vacancy(3)]
    config["crystal"]["supercell"] = 3
    sources = {
        "file": "posterior.nc",
        "ensemble": ENSEMBLE,
        "analytic": ANALYTIC,
        "training": TRAINING,
    }
    config["posterior"] |= {"samples": 3, **dict.fromkeys(sources), source: sources[source]}
    return copy.deepcopy(config)


# Edits of a study: functions of the config, made in the folder of its files.
def key(where, value, source="ensemble"):
    """The config with one key changed; `where` are keys and indices joined by dots."""

    def edit():
        config = config_of(source)
        *parents, last = [int(word) if word.isdigit() else word for word in where.split(".")]
        block = config
        for parent in parents:
            block = block[parent]
        block[last] = value
        return config

    return edit


def crystal_of(**changes):
    """The config with some keys of `crystal` changed."""
    return structures(vacancy(3), crystal=changes)


def fit(target=None, entries=None, source="ensemble", **changes):
    """The config with a fit of a vacancy, some keys of it and of its target changed."""

    def edit():
        config = config_of(source)
        config["structures"] = entries or [vacancy(3, cell="fixed"), LOOP]
        wanted = {"quantity": "positions", "structure": "vacancy", "file": "loop.xyz"}
        wanted |= target or {}
        good = {"alchemical": [0], "free": ["X_beta_*"], "targets": [wanted]}
        return config | {"fit": good | changes}

    return edit


def without(where):
    """The config without one of its blocks."""

    def edit():
        config = config_of()
        del config[where]
        return config

    return edit


def structures(*entries, **blocks):
    """The config with other structures."""

    def edit():
        config = config_of() | {"structures": list(entries)}
        for block, changes in blocks.items():
            config[block] |= changes
        return config

    return edit


def source(name, file=None, content=None, **changes):
    """The config with one source, some of its keys changed, and one of its files rewritten.

    content: text, bytes, None (no such file), or a function of the text that was there.
    """

    def edit():
        if file is not None:
            path = Path(file)
            found = content(path.read_text()) if callable(content) else content
            if found is None:
                path.unlink()
            elif isinstance(found, bytes):
                path.write_bytes(found)
            else:
                path.write_text(found)
        config = config_of(name)
        if changes:
            config["posterior"][name] |= changes
        return config

    return edit


def folder_of_runs():
    """Training data in a folder that holds what is not read."""
    put({"runs/one/OUTCAR": b"vasp"}, Path())
    return source("training", data="runs")()


def coefficients(content, **changes):
    """An ensemble with another .snapcoeff file."""
    return source("ensemble", "W.snapcoeff", content, **changes)


def parameters(old, new):
    """An ensemble whose .snapparam file has one text replaced."""
    return source("ensemble", "W.snapparam", lambda text: text.replace(old, new))


def samples(content):
    """An ensemble with another table."""
    return source("ensemble", "samples.csv", content)


def table(change):
    """An ensemble whose table, an array, is changed."""

    def edit():
        np.savetxt("samples.csv", change(np.loadtxt("samples.csv", delimiter=",")), delimiter=",")
        return config_of()

    return edit


def npy(save):
    """An ensemble with the table samples.npy, written by a function of its path."""

    def edit():
        save(Path("samples.npy"))
        config = config_of()
        config["posterior"]["ensemble"]["samples"] = "samples.npy"
        return config

    return edit


def array(numbers, key):
    """An ensemble with an array under one of its keys in place of the table."""

    def edit():
        np.save("array.npy", numbers)
        return source("ensemble", samples=None, **{key: "array.npy"})()

    return edit


def posterior(change):
    """A posterior file, a Dataset, that is changed; it holds draws and no hypercube."""

    def edit():
        whole = xr.load_dataset("posterior.nc")
        n_parameters = whole.sizes["parameter"]
        draws = {
            "theta": (("sample", "parameter"), np.full((3, n_parameters), whole["theta_mean"])),
            "energy_shift": ("sample", np.zeros(3)),
        }
        kept = whole[["theta_mean", "energy_shift_mean", "theta_covariance"]].assign(draws)
        change(kept).to_netcdf("posterior.nc")
        return config_of("file")

    return edit


def loop(content=None, atoms=None, **changes):
    """A structure that is read from a file: other bytes, or other atoms, or other keys."""

    def edit():
        entry = LOOP | changes
        if content is not None:
            Path(entry["path"]).write_bytes(content() if callable(content) else content)
        if atoms is not None:
            ase.io.write(entry["path"], atoms, format="extxyz")
        return config_of() | {"structures": [vacancy(3), entry]}

    return edit


def crystal(factor=1.0, symbol="W", pbc=True):
    atoms = bulk(symbol, "bcc", 3.18, cubic=True) * 2
    atoms.set_cell(factor * atoms.cell, scale_atoms=True)
    atoms.pbc = pbc
    return atoms


def holed():
    atoms = crystal()
    atoms.positions[3, 1] = math.nan
    return atoms


def changed(row, factor):
    """A function that multiplies one row of a table."""

    def change(rows):
        rows[row] *= factor
        return rows

    return change


def one(row, column, value):
    """A function that puts one value into a table."""

    def change(rows):
        rows[row, column] = value
        return rows

    return change


def pickled():
    return pickle.dumps(Bomb())


def bomb_of_objects(path):
    np.save(path, np.array([Bomb()], dtype=object), allow_pickle=True)


def half(text):
    return text[: len(text) // 2]


def lines(first, last=None):
    """A function that keeps some lines of a text."""
    return lambda text: "\n".join(text.splitlines()[first:last]) + "\n"


# name: (edit, phrases); each phrase is in a sentence of its own, and there are no other sentences.
FITS = {  # of the block `fit`
    "fit: no target": (fit({"file": None}), "fit.targets: exactly one of like and file must be"),
    "fit: two targets": (
        fit({"like": "loop"}),
        "exactly one of like and file must be set, found b",
    ),
    "fit: unknown structure": (
        fit({"structure": "vacncy"}),
        "fit.targets.structure: vacncy is not one of the structures, which are vacancy, loop",
    ),
    "fit: unknown target": (
        fit({"file": None, "like": "lop"}),
        "fit.targets.like: lop is not one of the structures",
    ),
    "fit: its own target": (
        fit({"file": None, "like": "vacancy"}),
        "fit.targets.like: vacancy is the structure itself: name another",
    ),
    "fit: other atoms": (
        fit({"file": None, "like": "loop"}),
        "fit.targets.like: loop has 16 atoms, vacancy 53: they must be the same atoms",
    ),
    "fit: no file": (fit({"file": "no.xyz"}), "fit.targets.file: no.xyz does not exist"),
    "fit: a cell that relaxes": (
        fit(entries=[vacancy(3)]),
        "fit.targets.structure: the cell of vacancy relaxes (cell: isotropic), but a fit holds it",
    ),
    "fit: a column of no core": (
        fit(alchemical="far_vertex"),
        "fit.alchemical: far_vertex is known of a target in structures only, not of a file",
    ),
    "fit: a column of no dislocation": (
        fit(
            {"file": None, "like": "loop", "structure": "loop2"},
            [LOOP, LOOP | {"name": "loop2"}],
            alchemical="centre",
        ),
        "fit.alchemical: centre is known of dislocations only, which loop2 is not",
    ),
    "fit: an atom that is not there": (
        fit(alchemical=[0, 53]),
        "fit.alchemical: 53 is not the index of one of the 53 atoms of vacancy",
    ),
    "fit: no such column": (fit(alchemical="middle"), "fit.alchemical: 'middle' does not match"),
    "fit: no alchemical atoms": (fit(alchemical=None), "fit.free: X_beta_* is of alchemical atoms"),
    "fit: alchemical atoms that stay": (
        fit(free=["W_beta_1"]),
        "fit.alchemical: no parameter of these atoms may change: add X_beta_* to fit.free",
    ),
    "fit: unknown parameters": (
        fit(free=["X_beta_*", "Be_*"]),
        "fit.free: no parameter of the potential matches Be_*; they are W_beta_1 to X_beta_55",
    ),
    "fit: a prior that is not used": (
        fit(prior=True, method="published"),
        "fit.prior: the method published makes no use of it",
    ),
    "fit: unknown key": (fit(steps_=3), "unknown config key 'fit.steps_': did you mean 'fit.steps"),
    "fit: unknown method": (fit(method="best"), "fit.method: 'best' is not one of"),
    "fit: in a compound": (
        lambda: (
            fit()() | {"crystal": config_of()["crystal"] | {"lattice": "file", "path": "loop.xyz"}}
        ),
        "fit: is known in crystals of one element",
    ),
}
CONFIGS = {
    # Types.
    "a whole float": (
        key("crystal.supercell", 4.0),
        "crystal.supercell: 4.0 is not of type 'integer': write 4",
    ),
    "a whole float in a structure": (
        key("structures.0.supercell", 4.0),
        "structures.vacancy.supercell: 4.0 is not of type 'integer': write 4",
    ),
    "a broken count": (key("posterior.samples", 2.5), "posterior.samples: 2.5 is not of type"),
    "true for a count": (key("ranks", True), "ranks: True is not of type 'integer': write a num"),
    "true for a length": (
        structures(SLAB | {"vacuum": True}),
        "structures.slab.vacuum: True is not of type 'number'",
    ),
    "nan": (key("figures.zoom_energy", math.nan), "figures.zoom_energy: nan is not of type"),
    "inf": (key("prediction.tolerance", math.inf), "prediction.tolerance: inf is not of type"),
    "-inf": (key("perturbation.lambda_min", -math.inf), "perturbation.lambda_min: -inf is not"),
    "nan in a list": (
        structures(FAULT | {"displacement": [math.nan, 0]}),
        "structures.fault.displacement.0: nan is not of type 'number': it must be finite",
    ),
    "YAML takes 1e-4 for text": (
        key("prediction.tolerance", "1e-4"),
        "prediction.tolerance: '1e-4' is not of type 'number': that is text, write 0.0001",
    ),
    "a word": (key("crystal.supercell", "four"), "crystal.supercell: 'four' is not of type"),
    "a word for a truth value": (key("truth.enabled", "on"), "truth.enabled: 'on' is not of type"),
    "an element that YAML takes for no": (
        key("crystal.element", False),
        "crystal.element: False is not of type 'string' (a chemical symbol)",
    ),
    "a list for a number": (key("ranks", [1]), "ranks: [1] is not of type 'integer'"),
    "null for a block": (key("figures", None), "figures: None is not of type 'object'"),
    "a mapping for a list": (key("structures", {"name": "v"}), "structures: {'name': 'v'} is not"),
    "a number for a path": (
        key("posterior.ensemble.samples", 7),
        "posterior.ensemble.samples: 7 is not of type 'string'",
    ),
    # Ranges.
    "no samples": (key("posterior.samples", 0), "posterior.samples: 0 is less than the minimum"),
    "too many samples": (key("posterior.samples", 10**9), "posterior.samples: 1000000000 is gre"),
    "a negative seed": (key("posterior.seed", -1), "posterior.seed: -1 is less than the minimum"),
    "no ranks": (key("ranks", 0), "ranks: 0 is less than the minimum of 1"),
    "a coarse figure": (key("figures.dpi", 10), "figures.dpi: 10 is less than the minimum of 50"),
    "a huge number": (key("ranks", 10**400), "ranks: 1000000"),
    "lambda_min above 0": (
        key("perturbation.lambda_min", 1),
        "perturbation.lambda_min: 1 is greater than the maximum of 0",
    ),
    "no step": (key("perturbation.lambda_step", 0), "perturbation.lambda_step: 0 is less than or"),
    "no tolerance": (key("prediction.tolerance", 0), "prediction.tolerance: 0 is less than or"),
    "a scaling twice": (
        key("derivative.scaling_supercells.dense", [3, 3]),
        "derivative.scaling_supercells.dense: [3, 3] has non-unique elements",
    ),
    "not a choice": (key("truth.relaxer", "fire"), "truth.relaxer: 'fire' is not one of ['newton'"),
    "another lattice": (key("crystal.lattice", "bct"), "crystal.lattice: 'bct' is not one of"),
    "no element": (key("crystal.element", "Qq"), "crystal.element: Qq is no chemical element"),
    "no element with a length": (
        crystal_of(element="X", lattice_parameter=3.0),
        "crystal.element: X is no chemical element",
    ),
    "an element in no table": (
        crystal_of(element="Ga"),
        "crystal.element: ASE knows no cubic or hexagonal lattice parameter for Ga: give crystal.",
    ),
    "no length": (
        crystal_of(lattice_parameter=0),
        "crystal.lattice_parameter: 0 is less than or equal to the minimum of 0",
    ),
    "a length that is not finite": (
        crystal_of(lattice_parameter=math.inf),
        "crystal.lattice_parameter: inf is not of type 'number', 'null': it must be finite",
    ),
    "a length in nanometres": (
        crystal_of(lattice_parameter=0.318),
        "crystal.lattice_parameter: 0.318 is less than an atom of W: give it in Angstrom",
    ),
    "a length in metres": (crystal_of(lattice_parameter=3e-10), "lattice_parameter: 3e-10 is less"),
    "a length beyond all": (
        crystal_of(lattice_parameter=101),
        "crystal.lattice_parameter: 101 is greater than the maximum of 100",
    ),
    # Solutes.
    "no list of solutes": (crystal_of(solutes=["Be"]), "crystal.solutes: ['Be'] is not of type"),
    "solutes null": (crystal_of(solutes=None), "crystal.solutes: None is not of type 'object'"),
    "the host for a solute": (
        crystal_of(solutes={"W": "bcc"}),
        "crystal.solutes: W is crystal.element, name other elements only",
    ),
    "no solute": (
        crystal_of(solutes={"Qq": "bcc"}),
        "crystal.solutes.Qq: ASE knows no cubic or hexagonal crystal of Qq to start from",
    ),
    "a solute of no crystal": (
        crystal_of(solutes={"H": "bcc"}),
        "crystal.solutes.H: ASE knows no cubic or hexagonal crystal of H to start from",
    ),
    "a solute in no known lattice": (
        crystal_of(solutes={"Be": "hpc"}),
        "crystal.solutes.Be: 'hpc' is not one of ['sc'",
    ),
    "a solute without a lattice": (
        crystal_of(solutes={"Be": None}),
        "crystal.solutes.Be: None is not",
    ),
    "a solute that the potential lacks": (
        crystal_of(solutes={"Be": "hcp"}),
        "crystal.solutes.Be: the potential of posterior.ensemble is for W only",
    ),
    "a solute that YAML takes for no": (
        crystal_of(solutes={False: "hcp"}),
        "crystal.solutes: 'False' does not match any of the regexes",
    ),
    "a number for a solute": (
        crystal_of(solutes={4: "hcp"}),
        "crystal.solutes: '4' does not match any of the regexes",
    ),
    "a number for a pair": (
        key("posterior.ensemble.reference", {"style": "lj/cut", "coefficients": {1: [0.1]}}),
        "posterior.ensemble.reference.coefficients: '1' does not match any of the regexes",
    ),
    "a solute in a fit": (
        key("crystal.solutes", {"Be": "hcp"}, "training"),
        "crystal.solutes.Be: the potential of posterior.training is for W only",
    ),
    "a substitutional of nothing": (
        structures(point_defect("substitutional", 3)),
        "structures.substitutional: the key element is missing",
    ),
    "a substitutional of the host": (
        structures(point_defect("substitutional", 3) | {"element": "W"}),
        "structures.substitutional.element: the site has W already: name another",
    ),
    "an interstitial of no solute": (
        structures(point_defect("octahedral", 3) | {"element": "He"}),
        "structures.octahedral.element: He is not one of crystal.solutes, which are none: add the",
    ),
    "a vacancy of an element": (
        structures(vacancy(3) | {"element": "W"}),
        "structures.vacancy.element: kind vacancy does not have this key",
    ),
    # Kinds, cells and algorithms that a lattice does not have.
    "an octahedron in diamond": (
        structures(point_defect("octahedral", 3), crystal={"lattice": "diamond"}),
        "structures.octahedral.kind: octahedral is known in bcc, fcc, hcp, not in diamond, which "
        "has vacancy, alloy_vacancy, divacancy_1nn, divacancy_2nn, substitutional, dumbbell_110, "
        "tetrahedral, "
        "hexagonal, surface: use one of these",
    ),
    "a dumbbell of bcc in fcc": (
        structures(point_defect("dumbbell_110", 3), crystal={"lattice": "fcc"}),
        "structures.dumbbell_110.kind: dumbbell_110 is known in bcc, diamond, not in fcc, which",
    ),
    "a fault of hcp": (
        structures(FAULT, crystal={"lattice": "hcp"}),
        "or bring a structure of your own with kind: file",
    ),
    "a slab of hcp with two different surfaces": (
        structures(SLAB | {"plane": [1, 0, -1, 0], "layers": 7}, crystal={"lattice": "hcp"}),
        "layers: 7 planes [1, 0, -1, 0] of hcp would have two different surfaces: use 6 or 8",
    ),
    "four indices in diamond": (
        structures(SLAB | {"plane": [1, 0, -1, 0]}, crystal={"lattice": "diamond"}),
        "plane: [1, 0, -1, 0] has four indices, diamond has planes of three",
    ),
    "a vacancy beside its image": (
        structures(vacancy(2), crystal={"lattice": "hcp"}),
        "structures.vacancy.supercell: 2 is too small for a point defect, use 3 or more in hcp",
    ),
    "a divacancy beside its image": (
        structures(point_defect("divacancy_1nn", 3), crystal={"lattice": "sc"}),
        "structures.divacancy_1nn.supercell: 3 is too small for a divacancy, use 4 or more in sc",
    ),
    "a perfect crystal too small": (
        key("crystal.supercell", 1),
        "crystal.supercell: 1 is less than the minimum of 2",
    ),
    # Cells too small for what they hold.
    "a vacancy alone": (structures(vacancy(1)), "structures.vacancy.supercell: 1 is less than"),
    "a divacancy and its images": (
        structures(point_defect("divacancy_1nn", 2)),
        "structures.divacancy_1nn.supercell: 2 is too small for a divacancy, use 3 or more",
    ),
    "a dumbbell in one cell": (
        structures(point_defect("dumbbell_111", 1)),
        "structures.dumbbell_111.supercell: 1 is less than the minimum of 2",
    ),
    "a slab of one plane": (structures(SLAB | {"layers": 1}), "structures.slab.layers: 1 is less"),
    "a vacuum in nanometres": (
        structures(SLAB | {"vacuum": 1.2}),
        "structures.slab.vacuum: 1.2 Angstrom keeps no surfaces apart",
    ),
    # Keys.
    "an unknown key": (
        key("perturbation.lambda_mim", -3),
        "unknown config key 'perturbation.lambda_mim': did you mean 'perturbation.lambda_min'?",
    ),
    "an unknown block": (key("pertubation", {}), "unknown config key 'pertubation': did you mean"),
    "a block left out": (without("truth"), "config: the key truth is missing"),
    "no structure": (key("structures", []), "structures: [] should be non-empty"),
    "a name twice": (structures(vacancy(3), vacancy(4)), "structures: the name vacancy is given 2"),
    "a result's name": (
        structures(vacancy(3, name="joint")),
        "structures.joint.name: joint is taken by other results",
    ),
    "no plane": (structures(SLAB | {"plane": [0, 0, 0]}), "structures.slab.plane: [0, 0, 0] is no"),
    "a key of another kind": (
        structures(vacancy(3) | {"layers": 4}),
        "structures.vacancy.layers: kind vacancy does not have this key",
    ),
    # Contradictions.
    "a slab with a free volume": (
        structures(SLAB | {"cell": "isotropic"}),
        "structures.slab.cell: isotropic is not possible for kind surface: use fixed or",
    ),
    "a grid without its ends": (
        key("perturbation.lambda_step", 0.35),
        "must be multiples of lambda_step = 0.35",
    ),
    "two sources": (
        key("posterior.file", "posterior.nc"),
        "posterior: exactly one of file, ensemble, analytic and training must be set, found file",
    ),
    "no source": (
        key("posterior.ensemble", None),
        "posterior: exactly one of file, ensemble, analytic and training must be set, found none",
    ),
    "a sample that is not drawn": (key("figures.sample", 3), "figures.sample: 3 is not one of the"),
    "an inner radius outside": (
        key("posterior.ensemble.reference.inner", 5.0),
        "posterior.ensemble.reference.inner: zbl needs 0 < inner < outer",
    ),
    "a repulsion in nanometres": (
        key("posterior.ensemble.reference", {"style": "zbl", "inner": 0.4, "outer": 0.48}),
        "posterior.ensemble.reference: outer = 0.48 is of no effect",
    ),
    "two elements": (
        key("posterior.training.element", "Fe", "training"),
        "posterior.training.element: Fe is not crystal.element, W",
    ),
    "two elements, neither the crystal's": (
        key("posterior.training.element", ["Be", "Fe"], "training"),
        "posterior.training.element: Be, Fe lack crystal.element, W: name it too",
    ),
    "an element twice": (
        key("posterior.training.element", ["W", "W"], "training"),
        "posterior.training.element: ['W', 'W'] ",
    ),
    "a radius too many": (
        source(
            "training", element="W", hyperparameters=TRAINING["hyperparameters"] | {"radii": [1, 1]}
        ),
        "posterior.training.hyperparameters: radii: one for each of W, found 2 numbers",
    ),
    "the crystal of another element": (
        key("crystal.element", "Fe"),
        "crystal.element: Fe, but the potential of posterior.ensemble is for W",
    ),
    # Commands.
    "a shell command for a study": (key("study", "x; touch owned"), "study: 'x; touch owned' does"),
    "a substitution for a study": (key("study", "$(touch owned)"), "study: '$(touch owned)' does"),
    "a study elsewhere": (key("study", "../other"), "study: '../other' does not match"),
    "a LAMMPS command for a study": (
        key("study", "x\nshell touch owned"),
        r"study: 'x\nshell touch owned' does not match",
    ),
    "a newline behind a study": (key("study", "x\n"), r"study: 'x\n' does not match"),
    "a study of 300 letters": (key("study", "x" * 300), "' is too long (letters, digits"),
    "a LAMMPS command for an element": (
        key("crystal.element", "W\nshell touch owned"),
        r"crystal.element: 'W\nshell touch owned' does not match",
    ),
    "a newline behind an element": (
        key("posterior.training.element", "W\n", "training"),
        r"posterior.training.element: 'W\n' does not match",
    ),
    "a shell command for a solute": (
        crystal_of(solutes={"Be; touch owned": "hcp"}),
        "crystal.solutes: 'Be; touch owned' does not match",
    ),
    "a newline behind a solute": (
        crystal_of(solutes={"Be\nshell touch owned": "hcp"}),
        r"crystal.solutes: 'Be\nshell touch owned' does not match",
    ),
    "a substitution for a solute's lattice": (
        crystal_of(solutes={"Be": "$(touch owned)"}),
        "crystal.solutes.Be: '$(touch owned)' is not one of",
    ),
    "a shell command for a length": (
        crystal_of(lattice_parameter="3.18; touch owned"),
        "crystal.lattice_parameter: '3.18; touch owned' is not of type",
    ),
    "a LAMMPS command for an interstitial": (
        structures(point_defect("octahedral", 3) | {"element": "W\nshell touch owned"}),
        r"structures.octahedral.element: 'W\nshell touch owned' does not match",
    ),
    "a shell command for a structure": (
        structures(vacancy(3, name="v`touch owned`")),
        "structures.v`touch owned`.name: 'v`touch owned`' does not match",
    ),
    "a quote in a structure's name": (
        structures(vacancy(3, name="v'")),
        "structures.v'.name: \"v'\" does not match",
    ),
    "an escape in a structure's name": (
        structures(vacancy(3, name="v\x1b[31m")),
        r"structures.v\x1b[31m.name: 'v\x1b[31m' does not match",
    ),
    "a shell command for a count": (key("ranks", "1; touch owned"), "ranks: '1; touch owned' is"),
    "a shell command for a path": (
        key("posterior.ensemble.samples", "samples.csv; touch owned"),
        "posterior.ensemble.samples: samples.csv; touch owned does not exist",
    ),
    "a substitution for a path": (
        key("posterior.file", "$(touch owned)", "file"),
        "posterior.file: $(touch owned) does not exist",
    ),
    "a wildcard in a path": (
        key("posterior.ensemble.samples", "{owned}.csv"),
        "posterior.ensemble.samples: '{owned}.csv' does not match",
    ),
    "a newline in a path": (
        key("posterior.ensemble.coefficients", 'W\nshell touch owned"'),
        "(a path without braces, line breaks and other control characters)",
    ),
    "a NUL in a path": (
        key("posterior.training.data", "training\0", "training"),
        r"posterior.training.data: 'training\x00' does not match",
    ),
    "a name no file can have": (
        key("posterior.ensemble.samples", "x" * 999),
        "does not exist",
    ),
    "somebody's home": (
        key("posterior.ensemble.samples", "~/nowhere.csv"),
        "posterior.ensemble.samples: ~/nowhere.csv does not exist: ~ is not replaced",
    ),
    "a folder for a file": (
        key("posterior.ensemble.samples", "training"),
        "posterior.ensemble.samples: training is a folder, name a file",
    ),
    "an empty path": (key("posterior.ensemble.samples", ""), "posterior.ensemble.samples: ''"),
}
FILES = {
    # Coefficients.
    "coefficients: missing": (
        coefficients(None),
        "posterior.ensemble.coefficients: W.snapcoeff does not exist",
    ),
    "coefficients: empty": (
        coefficients(""),
        "W.snapcoeff: expected a line 'number-of-elements number-of-coefficients'",
    ),
    "coefficients: truncated": (
        coefficients(lines(0, 30)),
        "W.snapcoeff: announces 56 coefficients, holds 26 of W: is the file truncated? "
        "(posterior.ensemble.coefficients)",
    ),
    "coefficients: junk": (coefficients(JUNK), "W.snapcoeff: is not a text file"),
    "coefficients: a pickle": (
        lambda: coefficients(pickled())(),
        "W.snapcoeff: is not a text file",
    ),
    "coefficients: NaN": (
        coefficients(lambda text: text.rsplit("\n", 2)[0] + "\nnan\n"),
        "W.snapcoeff: 'nan' is not a finite number",
    ),
    "coefficients: infinite": (
        coefficients(lambda text: text.rsplit("\n", 2)[0] + "\n1e999\n"),
        "W.snapcoeff: '1e999' is not a finite number",
    ),
    "coefficients: a command": (
        coefficients(lambda text: text.rsplit("\n", 2)[0] + "\nshell\n"),
        "W.snapcoeff: expected a number, found 'shell'",
    ),
    "coefficients: two on a line": (
        coefficients(lambda text: text.rsplit("\n", 2)[0] + "\n0.1 0.2\n"),
        "W.snapcoeff: expected one coefficient on each line, found '0.1 0.2'",
    ),
    "coefficients: an element too many": (
        coefficients(lambda text: text.replace("1 56", "2 56")),
        "W.snapcoeff: announces 2 elements, holds 1: is the file truncated?",
    ),
    "coefficients: no element": (
        coefficients(lambda text: text.replace("W 0.5", "Qq 0.5")),
        "W.snapcoeff with W.snapparam: unknown chemical element 'Qq'",
    ),
    "coefficients: another element": (
        coefficients(lambda text: text.replace("W 0.5", "Ta 0.5")),
        "crystal.element: W, but the potential of posterior.ensemble is for Ta",
    ),
    "coefficients: a radius of 0": (
        coefficients(lambda text: text.replace("W 0.5", "W 0.0")),
        "W.snapcoeff with W.snapparam: radius must be a positive number, found 0.0",
    ),
    "coefficients: of another 2J": (
        parameters("twojmax 8", "twojmax 6"),
        "W.snapcoeff: twojmax = 6 in W.snapparam needs 31 coefficients (beta_0 first) for each",
    ),
    "coefficients: in kcal/mol": (
        coefficients(lambda text: text.replace("UNITS: metal", "UNITS: real")),
        "W.snapcoeff: is in LAMMPS's units real, give all coefficients in eV",
    ),
    "coefficients: in meV": (
        coefficients(
            lambda text: "".join(
                f"{1000 * float(line)!r}\n" if number > 4 else f"{line}\n"
                for number, line in enumerate(text.splitlines(), start=1)
            )
        ),
        "samples.csv: line 1 is the coefficients in W.snapcoeff times 0.001: give all",
    ),
    # Parameters.
    "parameters: missing": (
        source("ensemble", "W.snapparam", None),
        "posterior.ensemble.parameters: W.snapparam does not exist",
    ),
    "parameters: empty": (
        source("ensemble", "W.snapparam", ""),
        "W.snapparam: the keyword rcutfac is missing (posterior.ensemble.parameters)",
    ),
    "parameters: junk": (
        source("ensemble", "W.snapparam", JUNK),
        "W.snapparam: is not a text file",
    ),
    "parameters: swapped": (
        key("posterior.ensemble.parameters", "W.snapcoeff"),
        "W.snapcoeff: unknown keyword '1'",
    ),
    "parameters: a keyword twice": (
        source("ensemble", "W.snapparam", lambda text: f"{text}twojmax 6\n"),
        "W.snapparam: the keyword twojmax is given twice, keep one of them",
    ),
    "parameters: NaN": (
        parameters("rmin0 0.0", "rmin0 nan"),
        "W.snapparam: 'nan' is not a finite number",
    ),
    "parameters: a broken 2J": (
        parameters("twojmax 8", "twojmax 8.5"),
        "W.snapparam: twojmax must be a whole number, found 8.5",
    ),
    "parameters: a LAMMPS command": (
        source("ensemble", "W.snapparam", lambda text: f"{text}shell touch owned\n"),
        "W.snapparam: expected 'keyword value', found 'shell touch owned'",
    ),
    "parameters: an extension": (
        parameters("quadraticflag 0", "chemflag 1"),
        "W.snapparam: chemflag 1 (components of each combination of elements) is not supported",
    ),
    "parameters: a flag of 2": (
        parameters("switchflag 1", "switchflag 2"),
        "W.snapparam: switchflag must be 0 or 1, found 2",
    ),
    "parameters: a cutoff in nanometres": (
        parameters("rcutfac 4.73", "rcutfac 0.473"),
        "posterior.ensemble: the potential reaches 0.473 Angstrom, but atoms of W are 2.74 apart",
    ),
    "parameters: a cutoff in picometres": (
        parameters("rcutfac 4.73", "rcutfac 473.0"),
        "W.snapparam: the cutoff, twice the radius times rcutfac, is 473",
    ),
    "parameters: a negative cutoff": (
        parameters("rcutfac 4", "rcutfac -4"),
        "W.snapparam: cutoff_factor must be a positive number, found -4.7",
    ),
    # Samples.
    "samples: missing": (samples(None), "posterior.ensemble.samples: samples.csv does not exist"),
    "samples: empty": (samples(""), "samples.csv: holds no rows (posterior.ensemble.samples)"),
    "samples: truncated": (
        samples(lambda text: text[: 2 * len(text) // 5]),
        "samples.csv: line 2 has",
    ),
    "samples: junk": (samples(JUNK), "samples.csv: is neither a text file nor named .npy"),
    "samples: a pickle": (lambda: samples(pickled())(), "samples.csv: is neither a text file nor"),
    "samples: a header": (
        samples(lambda text: f"beta_1,beta_2\n{text}"),
        "samples.csv: line 1 names 2 columns, line 2 has 55: name every column, or none",
    ),
    "samples: a command": (
        samples(lambda text: f"{text}$(touch owned)\n"),
        "samples.csv: line 5 holds something that is no number: '$(touch owned)'",
    ),
    "samples: a column less": (
        table(lambda rows: rows[:, 1:]),
        "samples.csv: line 1 has 54 columns, W with twojmax = 8 needs 55, or 56 with beta_0 in",
    ),
    "samples: NaN": (table(one(2, 7, math.nan)), "samples.csv: line 3 holds a number that is not"),
    "samples: infinite": (table(one(1, 0, math.inf)), "samples.csv: line 2 holds a number that is"),
    "samples: the mean alone": (
        table(lambda rows: rows[:1]),
        "samples.csv: needs the mean and at least one sample, has 1 row",
    ),
    "samples: fewer than asked for": (
        table(lambda rows: rows[:3]),
        "posterior.samples is 3, but the posterior W holds only 2 samples",
    ),
    "samples: all the mean": (
        table(lambda rows: rows[[0, 0, 0, 0]]),
        "samples.csv: every sample equals the first row, the mean: there is no uncertainty",
    ),
    "samples: the mean in meV": (
        table(lambda rows: 1000 * rows),
        "samples.csv: line 1 is the coefficients in W.snapcoeff times 1000: give all coefficients",
    ),
    "samples: the mean in kcal/mol": (
        table(lambda rows: 23.0605 * rows),
        "samples.csv: line 1 is the coefficients in W.snapcoeff times 23.06",
    ),
    "samples: one of them in hartree": (
        table(changed(2, 1 / 27.2114)),
        "samples.csv: line 3 is the first row times 0.036",
    ),
    "npy: pickled objects": (npy(bomb_of_objects), "samples.npy: is not a complete .npy table"),
    "npy: a pickle": (
        npy(lambda path: path.write_bytes(pickled())),
        "samples.npy: is not a complete .npy table of numbers (posterior.ensemble.samples)",
    ),
    "npy: truncated": (
        npy(lambda path: path.write_bytes(path.read_bytes()[:500])),
        "samples.npy: is not a complete .npy table",
    ),
    "npy: one dimension": (
        npy(lambda path: np.save(path, np.zeros(55))),
        "samples.npy: must be one table of real numbers with two dimensions",
    ),
    "npy: complex": (
        npy(lambda path: np.save(path, np.zeros((3, 55), complex))),
        "samples.npy: must be one table of real numbers",
    ),
    "npy: several arrays": (
        npy(lambda path: np.savez(path.open("wb"), np.zeros((3, 55)))),
        "samples.npy: must be one table of real numbers",
    ),
    "samples: and a covariance": (
        source("ensemble", covariance="samples.csv"),
        "posterior.ensemble: exactly one of samples, deviations and covariance must be set, found "
        "samples and covariance: leave the others out",
    ),
    "samples: none of any kind": (
        key("posterior.ensemble.samples", None),
        "exactly one of samples, deviations and covariance must be set, found none",
    ),
    "covariance: missing": (
        source("ensemble", samples=None, covariance="nowhere.npy"),
        "posterior.ensemble.covariance: nowhere.npy does not exist",
    ),
    "covariance: a table": (
        source("ensemble", samples=None, covariance="samples.csv"),
        "samples.csv: must be a .npy file, as numpy.save writes it (posterior.ensemble.covariance)",
    ),
    "deviations: transposed": (
        array(np.ones((3, 55)), "deviations"),
        "array.npy: has 3 rows of 55 columns and looks transposed: give a row for each coefficient",
    ),
    "deviations: fewer than asked for": (
        array(np.ones((55, 2)), "deviations"),
        "posterior.samples is 3, but the posterior W holds only 2 samples",
    ),
    # Posterior.
    "posterior: missing": (source("file", "posterior.nc", None), "posterior.file: posterior.nc do"),
    "posterior: empty": (source("file", "posterior.nc", b""), "posterior.nc: is not a readable Ne"),
    "posterior: junk": (source("file", "posterior.nc", JUNK), "posterior.nc: is not a readable Ne"),
    "posterior: a pickle": (
        lambda: source("file", "posterior.nc", pickled())(),
        "posterior.nc: is not a readable NetCDF file",
    ),
    "posterior: no mean": (
        posterior(lambda data: data.drop_vars("theta_mean")),
        "posterior.nc: lacks the variable(s) theta_mean (posterior.file)",
    ),
    "posterior: NaN": (
        posterior(lambda data: data.assign(theta=data["theta"] * math.nan)),
        "posterior.nc: theta holds a number that is not finite",
    ),
    "posterior: unsorted": (
        posterior(lambda data: data.assign_coords(parameter=data["parameter"][::-1].values)),
        "posterior.nc: the coordinate parameter must be beta_1 ... beta_55",
    ),
    "posterior: fewer than asked for": (
        posterior(lambda data: data.isel(sample=[0])),
        "posterior.samples is 3, but the posterior",
    ),
    "posterior: another element": (
        posterior(lambda data: data.assign_attrs(element="Mo")),
        "crystal.element: W, but the potential of posterior.file is for Mo: name the same",
    ),
    "posterior: no element": (
        posterior(lambda data: data.assign_attrs(element="W\nshell touch owned")),
        "posterior.nc: is not a posterior (unknown chemical element 'shell')",
    ),
    "posterior: a cutoff in nanometres": (
        posterior(lambda data: data.assign_attrs(cutoff_factor=0.473)),
        "posterior.file: the potential reaches 0.473 Angstrom",
    ),
    # Weights and training data, as far as they are read before any job.
    "weights: missing": (
        source("training", "weights.csv", None),
        "posterior.training.group_weights: weights.csv does not exist",
    ),
    "weights: empty": (
        source("training", "weights.csv", ""),
        "weights.csv: the first line must be group,energy_weight,force_weight,stress_weight",
    ),
    "weights: junk": (source("training", "weights.csv", JUNK), "weights.csv: is not a text file"),
    "weights: no groups": (source("training", "weights.csv", WEIGHTS), "weights.csv: holds no gr"),
    "weights: a group twice": (
        source("training", "weights.csv", f"{WEIGHTS}bulk,1,1,1\nbulk,1,1,1\n"),
        "weights.csv: the group bulk stands there twice",
    ),
    "weights: NaN": (
        source("training", "weights.csv", f"{WEIGHTS}bulk,nan,1,1\n"),
        "weights.csv: a weight of group bulk is 'nan', not a number of 0 or more",
    ),
    "weights: negative": (
        source("training", "weights.csv", f"{WEIGHTS}bulk,-1,1,1\n"),
        "weights.csv: a weight of group bulk is '-1', not a number of 0 or more",
    ),
    "weights: all 0": (
        source("training", "weights.csv", f"{WEIGHTS}bulk,0,0,0\nvacancy,0,0,0\n"),
        "weights.csv: every weight is 0, so there is nothing to fit",
    ),
    "weights: a column less": (
        source("training", "weights.csv", f"{WEIGHTS}bulk,1,1\n"),
        "weights.csv: the line of group bulk needs 4 columns",
    ),
    "weights: a command": (
        source("training", "weights.csv", f"{WEIGHTS}bulk;touch owned,1,1,1\n"),
        "weights.csv: 'bulk;touch owned' cannot be the name of a group: use letters",
    ),
    "weights: a wildcard": (
        source("training", "weights.csv", f"{WEIGHTS}{{bulk}},1,1,1\n"),
        "weights.csv: '{bulk}' cannot be the name of a group",
    ),
    "weights: of a group that is not there": (
        source("training", "weights.csv", f"{WEIGHTS}bulk,1,1,1\nvacancy,1,1,1\nliquid,1,1,1\n"),
        "training: has no group liquid, which the table of weights names; it has bulk, vacancy",
    ),
    "weights: not of all groups": (
        source("training", "weights.csv", f"{WEIGHTS}bulk,1,1,1\n"),
        "training: the table of weights has no line for vacancy (posterior.training.data)",
    ),
    "training: missing": (
        source("training", data="nowhere"),
        "posterior.training.data: nowhere does not exist",
    ),
    "training: of no known kind": (
        source("training", data="samples.csv"),
        "samples.csv: training data must be a folder, a tar",
    ),
    "training: an empty tar": (
        source("training", "data.tar.xz", b"", data="data.tar.xz"),
        "data.tar.xz: is empty (posterior.training.data)",
    ),
    "training: a unit that is none": (
        key("posterior.training.stress_unit", "Pa", "training"),
        "posterior.training.stress_unit: 'Pa' does not match",
    ),
    "training: keys of XYZ for JSON": (
        key("posterior.training.stress_unit", "GPa", "training"),
        "training: is FitSNAP JSON, whose keys have fixed names and whose unit of stress is its "
        "StressStyle: leave stress_unit null (posterior.training.data)",
    ),
    "training: a folder of runs": (
        folder_of_runs,
        "runs: holds neither .json nor .xyz or .extxyz files: a folder of training data has",
    ),
    "training: a cutoff in nanometres": (
        key("posterior.training.hyperparameters.cutoff", 0.473, "training"),
        "posterior.training: the potential reaches 0.473 Angstrom",
    ),
    "training: an inner cutoff outside": (
        key("posterior.training.hyperparameters.rmin0", 5, "training"),
        "posterior.training.hyperparameters: rmin0 must be 0 or more and below the cutoff",
    ),
    # Structures.
    "structure: missing": (loop(path="nowhere.xyz"), "structures.loop.path: nowhere.xyz does not"),
    "structure: empty": (loop(b""), "structures.loop.path: ASE cannot read loop.xyz: "),
    "structure: truncated": (
        loop(lambda: Path("loop.xyz").read_bytes()[:400]),
        "structures.loop.path: ASE cannot read loop.xyz: ",
    ),
    "structure: junk": (loop(JUNK), "structures.loop.path: ASE cannot read loop.xyz: "),
    "structure: a pickle": (loop(pickled), "structures.loop.path: ASE cannot read loop.xyz: "),
    "structure: a pickle by its name": (
        loop(pickled, path="loop.pckl"),
        "structures.loop.path: ASE cannot read loop.pckl: ",
    ),
    "structure: a pickled trajectory": (
        loop(lambda: b"PickleTrajectory" + pickled(), path="loop.traj"),
        "structures.loop.path: ASE cannot read loop.traj: ",
    ),
    "structure: a folder": (
        loop(path="training"),
        "structures.loop.path: training is not a file",
    ),
    "structure: another element": (
        loop(atoms=crystal(symbol="Ta")),
        "structures.loop.path: loop.xyz holds atoms of Ta, but crystal.element is W",
    ),
    "structure: open": (
        loop(atoms=crystal(pbc=(True, True, False))),
        "structures.loop.path: loop.xyz is not periodic in z, but must be in x, y and z",
    ),
    "structure: NaN": (
        loop(atoms=holed()),
        "structures.loop.path: loop.xyz holds positions or cell vectors that are not finite",
    ),
    "structure: no atoms": (
        loop(atoms=Atoms(cell=[3, 3, 3], pbc=True)),
        "structures.loop.path: loop.xyz holds no atoms",
    ),
    "structure: an atom twice": (
        loop(atoms=crystal() + crystal()[:1]),
        "structures.loop.path: two atoms in loop.xyz are 0 Angstrom apart",
    ),
    "structure: in nanometres": (
        loop(atoms=crystal(0.1)),
        "structures.loop.path: two atoms in loop.xyz are 0.274 Angstrom apart",
    ),
    "structure: in Bohr radii": (
        loop(atoms=crystal(1 / 0.529)),
        "structures.loop.path: no two atoms in loop.xyz are nearer than 4.1 Angstrom",
    ),
    "structure: a lattice parameter in nanometres": (
        loop(lattice_parameter=0.318),
        "structures.loop.lattice_parameter: 0.318 is far from the 3.16 of crystalline W",
    ),
    # A problem of each kind.
    "several files": (
        lambda: (samples("")() | loop(b"")()) | {"ranks": 2.0},
        "ranks: 2.0 is not of type 'integer': write 2",
        "structures.loop.path: ASE cannot read loop.xyz: ",
        "samples.csv: holds no rows (posterior.ensemble.samples)",
    ),
    "several keys": (
        structures(
            vacancy(3) | {"cell": "full", "supercell": 4.0},
            SLAB | {"vacuum": math.nan},
            perturbation={"lambda_step": 0.35},
            truth={"relaxer": "fire"},
        ),
        "structures.vacancy.supercell: 4.0",
        "structures.slab.vacuum: nan",
        "must be multiples of lambda_step = 0.35",
        "truth.relaxer: 'fire'",
    ),
}
CASES = CONFIGS | FITS | FILES
CONFIG_FILES = {
    "empty": (b"", "config.yaml: holds no keys"),
    "a list": (b"- 1\n", "config.yaml: holds no keys, 'key: value' on each line"),
    "a word": (b"study\n", "config.yaml: holds no keys"),
    "truncated": (
        b"study: one\ncrystal: {supercell: 3",
        "config.yaml: is not complete YAML: while",
    ),
    "tabs": (b"crystal:\n\tsupercell: 3\n", "config.yaml: is not complete YAML: while scanning"),
    "junk": (JUNK, "config.yaml: is not a text file"),
    "a pickle": (pickled, "config.yaml: is not a text file"),
    "an object": (
        b'study: !!python/object/apply:os.system ["touch owned"]\n',
        "config.yaml: is not complete YAML: could not determine a constructor",
    ),
}
FILE = {
    "name": "loop",
    "kind": "file",
    "path": "config.yaml",
    "lattice_parameter": 3.18,
    "cell": "fixed",
}
BAD_CONFIGS = {
    "unknown key": (
        {"perturbation": {"lambda_mim": -3}},
        "unknown config key 'perturbation.lambda_mim': did you mean 'perturbation.lambda_min'?",
    ),
    "unknown block": ({"pertubation": {}}, "did you mean 'perturbation'?"),
    "wrong type": ({"crystal": {"supercell": "four"}}, "crystal.supercell: 'four'"),
    "out of range": ({"structures": [vacancy(1)]}, "structures.vacancy.supercell: 1 is less than"),
    "no structure": ({"structures": []}, "structures"),
    "a name twice": ({"structures": [vacancy(2), vacancy(3)]}, "given 2 times"),
    "a result's name": ({"structures": [vacancy(2, name="joint")]}, "structures.joint.name: joint"),
    "not a structure file": (
        {"structures": [FILE]},
        "structures.loop.path: ASE cannot read config.yaml",
    ),
    "not a choice": ({"truth": {"relaxer": "fire"}}, "'fire' is not one of"),
    "grid": ({"perturbation": {"lambda_step": 0.35}}, "multiples of lambda_step = 0.35"),
    "two sources": (
        {"posterior": {"file": "resources/tungsten.nc"}},
        "exactly one of file, ensemble, analytic and training must be set, found file and ensemble",
    ),
    "no source": ({"posterior": {"ensemble": None}}, "found none"),
    "sample not there": ({"figures": {"sample": 3}}, "figures.sample: 3 is not one of the 3"),
    "own result": (
        {"posterior": {"file": "results/small/posterior.nc", "ensemble": None}},
        "is this study's own result",
    ),
    "missing file": (
        {"posterior": {"ensemble": {"samples": "nowhere.csv"}}},
        "posterior.ensemble.samples: nowhere.csv does not exist",
    ),
    "a command for a name": ({"study": "x; touch owned"}, "study: 'x; touch owned'"),
}


def merged(config, changes):
    config = copy.deepcopy(config)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(config.get(key), dict)
        config[key] = merged(config[key], value) if both else value
    return config


BAD_TABLES = {
    "a column too few": (lambda table: table[:, :-1], "54"),
    "not a number": (lambda table: np.where(table == table[2, 7], np.nan, table), "samples.csv"),
    "too few samples": (lambda table: table[:3], "2"),
    "mean alone": (lambda table: table[:1], "samples.csv"),
}
