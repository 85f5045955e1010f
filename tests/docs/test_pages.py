"""Every code block of docs/ runs, every error there is real, and files.md lists what files hold."""

import copy
import functools
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from fits import POPS, WEIGHTS, designs

from relaxdiff.cli import main
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants
from relaxdiff.crystals.one_length import bulk_descriptors, relax_reference_bulk
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.exceptions import InputError, LammpsError, RelaxationError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.lammps.session import load_lammps
from relaxdiff.minima.minimum import minimum_dataset
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.relaxation import relax
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.design import build_design, snap_hyperparameters
from relaxdiff.posterior.distribution import potential_from_posterior, sample_posterior
from relaxdiff.posterior.ensemble import posterior_from_covariance
from relaxdiff.posterior.fit_quality import fit_warnings
from relaxdiff.posterior.group_weights import read_weights
from relaxdiff.posterior.named_parameters import posterior_from_named
from relaxdiff.posterior.pops import fit_posterior
from relaxdiff.posterior.training_data import Configuration, read_group
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.predictions.draws import predict_draws
from relaxdiff.predictions.predicted_variants import predict_variants
from relaxdiff.statistics.joint import joint_posterior
from relaxdiff.structures.dislocations import dislocation_disk, held_components
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal, starting_crystal
from relaxdiff.study.config import check_config
from relaxdiff.study.input_check import check_input

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
SCHEMA = PROJECT / "workflow/schemas/config.schema.yaml"
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
# The study that own_potential.md and read_results.md speak of, small.
STUDY = {
    "study": "mine",
    "posterior": {
        "samples": 3,
        "file": None,
        "ensemble": {
            "coefficients": "trial/tiny/Ta06A.snapcoeff",
            "parameters": "trial/tiny/Ta06A.snapparam",
            "samples": "trial/tiny/samples.csv",
            "reference": {"style": "zbl", "inner": 4.0, "outer": 4.8},
        },
    },
    "perturbation": {"lambda_min": -2, "lambda_max": 2, "lambda_step": 1},
    "crystal": {"element": "Ta", "supercell": 2},
    "structures": [
        {"name": "vacancy", "kind": "vacancy", "supercell": 2, "cell": "isotropic"},
        {
            "name": "surface_110",
            "kind": "surface",
            "plane": [1, 1, 0],
            "layers": 8,
            "vacuum": 12.0,
            "cell": "in_plane_fixed",
        },
    ],
    "truth": {"checked_variants": 1},
}
VACANCY = "results/mine/vacancy"
TARGETS = (
    "results/mine/joint.nc",
    *(f"{VACANCY}/{name}" for name in ("summary.csv", "truth_check.csv", "adaptive.nc")),
)
ON_REQUEST = ("all", "joint", "adaptive", "solver_scaling", "solver_accuracy")


@pytest.fixture(scope="module")
def study(clone):
    """A clone with the results of the tiny study in it."""
    shutil.copytree(PROJECT / "config", clone.folder / "config")
    folder = str(clone.folder / "trial/tiny")
    assert main(["ensemble", "Ta06A", folder, "--samples", "3"]) == 0
    clone.write_config(STUDY)
    clone.run(*TARGETS)
    return clone


@pytest.fixture
def here(study, monkeypatch):
    """That clone as the working directory, with the tiny study in mine.yaml."""
    monkeypatch.chdir(study.folder)
    study.write_config(STUDY)
    return study


def blocks(page):
    """The code blocks of a page, pairs of info string and text; indented ones are left out."""
    return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


def merged(changes, config):
    """A config with the keys of another laid over it, as Snakemake does."""
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(config.get(key), dict)
        config[key] = merged(value, config[key]) if both else copy.deepcopy(value)
    return config


def full_config(changes):
    """The config of the project with some keys changed."""
    return merged(changes, yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8")))


# Runs of a command that cannot change anything are not repeated.
@functools.cache
def planned(folder, command, config):
    """The output of a dry run; config: what mine.yaml holds."""
    return run(folder, f"{command} --dry-run")


def run(folder, command):
    """Run a line of shell in a folder; asserts that it succeeds, returns what it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    beside = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment |= {"PATH": beside, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}"
    return done.stdout


def run_block(info, text, names, clone):
    """Do with a block what its info string says."""
    language, *options = info.split() or [""]
    mine = clone.folder / "mine.yaml"
    if language == "python" and options:
        (clone.folder / options[0]).write_text(text, encoding="utf-8")
    elif language == "python":
        exec(compile(text, "a page", "exec"), names)
    elif language == "yaml" and options == ["fragment"]:
        check_config(merged(yaml.safe_load(text), full_config(STUDY)), SCHEMA)
    elif language == "yaml":
        check_config(full_config(yaml.safe_load(text)), SCHEMA)
        path = clone.folder / (options[0] if options else mine.name)
        path.write_text(text, encoding="utf-8")
    elif language == "csv":
        path = clone.folder / (options[0] if options else "table.csv")
        path.write_text(text, encoding="utf-8")
        assert read_weights(path)
    elif options == ["snakemake"]:
        path = clone.folder / "outer.smk"
        path.write_text(text.replace("/path/of/the/clone", str(clone.folder)), encoding="utf-8")
        run(clone.folder, f"snakemake -s {path.name} --cores 1 --dry-run")
    elif language in ("bash", "sh", ""):
        for line in text.splitlines():
            if line.startswith("snakemake") and (options == ["dry-run"] or not language):
                name = re.search(r"--configfile (\S+)", line)
                config = clone.folder / name[1] if name else mine
                planned(clone.folder, line, config.read_text(encoding="utf-8"))
            elif line.startswith(("snakemake", "relaxdiff")):
                run(clone.folder, line)
            else:  # what commands print has no language
                assert not language, f"{line}: is no command that is known here"
    else:
        told = f"{info}: what is to be done with such a block?"
        assert language in ("text", "math", "mermaid"), told


@pytest.mark.parametrize("page", PAGES)
def test_code_of_the_page_runs(here, page, capsys):
    names = {}
    for info, text in blocks(page):
        # The study of the tutorial is planned, not run: what reads results reads the tiny one's.
        run_block(info, text.replace("results/first", "results/mine"), names, here)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for path, anchor in LINK.findall((DOCS / page).read_text(encoding="utf-8")):
        if path.startswith("http"):
            continue
        target = DOCS / (path or page)
        assert target.exists(), path
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
            assert anchor in anchors


def test_the_index_names_every_page():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert [page for page in PAGES if page != "index.md" and f"({page})" not in index] == []


# files.md: what it says of variables and columns is what is in the files.


def section(name):
    """The part of files.md below the heading that names a file."""
    text = (DOCS / "files.md").read_text(encoding="utf-8")
    found = [
        part
        for part in re.split(r"^#+ ", text, flags=re.MULTILINE)[1:]
        if name in re.split(r"[,` ]+", part.splitlines()[0])
    ]
    assert len(found) == 1, name
    return found[0]


def described(name):
    """The rows of the tables in a section: first cell -> the others, a dict."""
    rows = [line.strip("| ").split(" | ") for line in section(name).splitlines() if "|" in line]
    return {cell: rest for cells, *rest in rows for cell in re.findall(r"`([^`]+)`", cells)}


def variables(path):
    """Name -> dimensions and units, of what carries units in a NetCDF file."""
    with xr.open_dataset(path) as dataset:
        return {
            name: [", ".join(values.dims) or "-", values.attrs["units"]]
            for name, values in dataset.variables.items()
            if "units" in values.attrs
        }


def test_every_netcdf_file_is_described(study, tmp_path):
    results = study.folder / "results/mine"
    paths = {path: path.name for path in results.rglob("*.nc") if not path.name[0].isdigit()}
    paths[PROJECT / "resources/tungsten.nc"] = "posterior.nc"
    crystal = Configuration("0", bulk("W", cubic=True), -17.0, np.zeros((2, 3)), np.eye(3) / 100)
    files = [f"trial/tiny/Ta06A.{kind}" for kind in ("snapcoeff", "snapparam")]
    np.save(tmp_path / "covariance.npy", np.eye(30) * 1e-6)
    normal = posterior_from_covariance(
        *(study.folder / path for path in files), tmp_path / "covariance.npy"
    )
    write_dataset(normal, tmp_path / "normal.nc", {})
    paths[tmp_path / "normal.nc"] = "posterior.nc"
    disk = dislocation_disk({"radius": 16.0, "ring": 10.0}, PerfectCrystal("Ta", "bcc", 3.3))
    held = held_components(disk)
    disk.set_constraint()
    potential = read_snap(*(study.folder / path for path in files))
    start = relax(disk, potential, "fixed", max_steps=0, symmetry=False, fixed=held)
    write_dataset(minimum_dataset(start), tmp_path / "disk.nc", {})
    paths[tmp_path / "disk.nc"] = "reference.nc"
    design = build_design([crystal], "bulk", snap_hyperparameters("W", 2, 4.7, 0.99, 0.0))
    write_dataset(design, tmp_path / "design.nc", {})
    paths[tmp_path / "design.nc"] = "training/design_<group>.nc"
    write_dataset(fit_posterior(designs(), WEIGHTS, 0.2, 1, POPS), tmp_path / "fit.nc", {})
    paths[tmp_path / "fit.nc"] = "posterior.nc"
    assert len(paths) > 16
    found = {}
    for path, name in paths.items():
        found.setdefault(name, {}).update(variables(path))
    for name, held in found.items():
        if name != "ensemble.nc":  # described with posterior.nc
            on_the_page = {key: cells[:2] for key, cells in described(name).items()}
            assert on_the_page == held, name


@pytest.fixture(scope="module")
def copper(tmp_path_factory):
    """Datasets of a vacancy in the copper of own_energy.md, by the file that they are in."""
    (source,) = (text for info, text in blocks("own_energy.md") if info == "python copper.py")
    path = tmp_path_factory.mktemp("copper") / "copper.py"
    path.write_text(source, encoding="utf-8")
    settings = {"potential": str(path), "deviations": {"depth": 0.01, "distance": 0.01}}
    posterior = sample_posterior(posterior_from_named(settings), 3, 1)
    potential, lambdas = potential_from_posterior(posterior), np.array([-1.0, 0.0, 1.0])
    bulk = bulk_of_variants(potential, posterior, lambdas, starting_crystal("Cu", "fcc"), 2)
    a = float(bulk["reference_lattice_parameter"])
    minimum = relax(vacancy_cell("Cu", a, 2, "fcc"), potential)
    derivative = implicit_derivative(minimum)
    crystal = crystal_of_variants(potential, posterior, bulk, np.eye(3)[None])
    given = {"crystal": crystal, "derivative": derivative}
    given["predictions"] = predict_variants(posterior, **given, minimum=minimum)
    given["draws"] = predict_draws(posterior, crystal, derivative, 100)
    joint = joint_posterior(posterior, bulk, {"vacancy": given})
    given["posterior_draws"] = given.pop("draws")
    given["force_constants"] = force_constants(minimum)
    return {f"{name}.nc": each for name, each in given.items()} | {
        "posterior.nc": posterior,
        "bulk.nc": bulk,
        "joint.nc": joint,
    }


def test_what_a_potential_in_jax_changes_is_described(copper, tmp_path):
    further = described("changes")
    for name, dataset in copper.items():
        write_dataset(dataset, tmp_path / name, {})
        rows = described(name)
        for variable, (dimensions, units) in variables(tmp_path / name).items():
            told = (rows if variable in rows else further)[variable]
            assert dimensions == told[0], variable
            if units != told[1]:
                assert "parameter_unit" in units
                assert "eV" in told[1] or told[1].startswith("1"), variable
            of_parameters = {"parameter", "column"} & set(dimensions.split(", "))
            if of_parameters and variable not in ("direction_vector", "sensitivity"):
                assert "parameter_unit" in units, variable


def test_a_potential_in_jax_has_no_beta_0(copper):
    for name in ("joint.nc", "posterior_draws.nc"):
        assert list(copper[name]["parameter"].values) == ["depth", "width", "distance"]
        units = list(copper[name]["parameter_unit"].values)
        assert units == ["eV", "1/Angstrom", "Angstrom"]


def test_columns_of_every_table_are_described(study):
    paths = [p for p in study.folder.glob("results/**/*.csv") if not p.name.startswith("check_")]
    assert len(paths) > 7
    for path in paths:
        assert set(described(path.name)) == set(pd.read_csv(path)), path.name


def test_every_file_that_a_study_can_make_is_on_the_page(here):
    text = (DOCS / "files.md").read_text(encoding="utf-8")
    command = f"snakemake --cores 2 --nocolor {' '.join(ON_REQUEST)} --configfile mine.yaml"
    plan = planned(here.folder, f"{command} --forceall --quiet host", yaml.safe_dump(STUDY))
    outputs = re.findall(r"^    output: (.*)$", plan, re.MULTILINE)
    files = {Path(path) for line in outputs for path in line.split(", ")}
    assert len(files) > 50
    for path in files:
        chunk = re.fullmatch(r"\d+-\d+|check_\d+", path.stem)
        if path.parent.name == "solvers" and "_" in path.stem:
            assert "solvers/<solver>_<supercell>.csv" in text
        elif path.parent.name == "figures":
            assert path.stem in text
        elif chunk:
            assert f"{path.parent.name}/" in text
        else:
            assert path.name in text


# troubleshooting.md: each message is provoked.


def told(changes):
    """What is said of the tiny study with some keys changed, sentences."""
    config = merged(changes, full_config(STUDY))
    Path("mine.yaml").write_text(yaml.safe_dump(changes), encoding="utf-8")
    return check_input(config, SCHEMA)[0]


def raised(function, *arguments, **keywords):
    """What an expected error says."""
    with pytest.raises((InputError, LammpsError, RelaxationError)) as caught:
        function(*arguments, **keywords)
    return [str(caught.value)]


def said(clone, *arguments, config=STUDY):
    """The lines that a run of snakemake which fails prints."""
    clone.write_config(config)
    return clone.run(*arguments, fails=True).splitlines()


def of_files(text):
    """What is said of a config file with this text."""
    Path("mine.yaml").write_text(text, encoding="utf-8")
    return check_input(full_config(STUDY), SCHEMA, ["mine.yaml"])[0]


def ensemble(name, change, source):
    """What is said of the tiny study when one of its files is changed; source: the key."""
    text = change(Path("trial/tiny", name).read_text(encoding="utf-8"))
    Path(name).write_text(text, encoding="utf-8")
    return told({"posterior": {"ensemble": {source: name}}})


def transposed(text):
    """A CSV with rows for columns."""
    columns = zip(*(line.split(",") for line in text.splitlines()), strict=True)
    return "\n".join(",".join(column) for column in columns)


def training(weights, element="W", label="config_type"):
    """What is said of groups 'rest' and 'strained' with some table of weights."""
    frames = []
    for group in ("rest", "strained"):
        atoms = bulk("W", cubic=True)
        atoms.calc = SinglePointCalculator(atoms, energy=-17.0, forces=np.zeros((2, 3)))
        atoms.info[label] = group
        frames.append(atoms)
    write("training.xyz", frames, format="extxyz")
    return raised(read_group, "training.xyz", weights[0], weights, element)


def training_frame(**info):
    """What is said of a set with one frame that has those keys."""
    atoms = bulk("W", cubic=True)
    atoms.info |= {"config_type": "rest", **info}
    write("training.xyz", atoms, format="extxyz")
    return raised(read_group, "training.xyz", "rest", ["rest"], "W")


def odd_fit():
    """The warnings of a fit to stresses in kbar that say bar, and of one with none."""
    wrong = designs()
    wrong[0]["stress_target"] = 1000 * wrong[0]["stress_target"]
    without = [design.isel(stress_row=slice(0)) for design in designs()]
    ones = {group: dict.fromkeys(("energy", "force", "stress"), 1.0) for group in WEIGHTS}
    fits = [fit_posterior(wrong, WEIGHTS, 0.0, 1, POPS), fit_posterior(without, ones, 0.0, 1, POPS)]
    return [line for fit in fits for line in fit_warnings(fit)]


def weights_file(text):
    """What is said of a table of weights."""
    Path("weights.csv").write_text(text, encoding="utf-8")
    return raised(read_weights, "weights.csv")


def cluster(atoms, **changes):
    """What is said of a structure in a file."""
    write("cluster.extxyz", atoms)
    entry = {
        "name": "cluster",
        "kind": "file",
        "path": "cluster.extxyz",
        "lattice_parameter": 3.3,
        "cell": "fixed",
    }
    return told({"structures": [entry | changes]})


def slab(**changes):
    """The slab of the tiny study with some keys changed, as a list of structures."""
    return [{k: v for k, v in (STUDY["structures"][1] | changes).items() if v is not None}]


def too_thin():
    """What the job says of a slab with a narrow vacuum."""
    (entry,) = slab(vacuum=3.0)
    files = [f"trial/tiny/Ta06A.{kind}" for kind in ("snapcoeff", "snapparam")]
    potential = read_snap(*files, ZblBaseline(4.0, 4.8))
    return raised(relax_reference, potential, {"element": "Ta", "lattice": "bcc"}, entry)


def unstable(tungsten):
    """What is said of an interstitial that becomes another one."""
    entry = {"name": "tetrahedral", "kind": "tetrahedral", "supercell": 2, "cell": "isotropic"}
    return raised(relax_reference, tungsten, {"element": "W", "lattice": "bcc"}, entry)


def without_zbl():
    """What the jobs say of a potential without its fixed pair style."""
    potential = read_snap(*(f"trial/tiny/Ta06A.{kind}" for kind in ("snapcoeff", "snapparam")))
    crystal = {"element": "Ta", "lattice": "bcc"}
    with DescriptorCalculator(potential.hyperparameters) as calculator:
        descriptors = bulk_descriptors(calculator, starting_crystal("Ta", "bcc"))
    return [
        *raised(relax_reference_bulk, descriptors, potential.weights),
        *raised(relax_reference, potential, crystal, STUDY["structures"][0]),
    ]


def unfit(tungsten):
    """What the job says of a potential with the wrong numbers."""
    potential = tungsten.with_theta(-tungsten.theta, 0.0, name="mine")
    crystal = {"element": "W", "lattice": "bcc"}
    return raised(relax_reference, potential, crystal, STUDY["structures"][0])


@contextmanager
def locked():
    """A lock as a killed Snakemake leaves it."""
    folder = Path(".snakemake/locks")
    folder.mkdir(exist_ok=True)
    lock = folder / "0.output.lock"
    lock.write_text(f"{VACANCY}/errors.csv\n")
    yield
    lock.unlink()


def blocked(clone):
    """What a run says when its results are on a disk that is gone."""
    Path("results/blocked").symlink_to("/proc/nowhere")
    lines = said(clone, "posterior", config=STUDY | {"study": "blocked"})
    Path("results/blocked").unlink()
    return [line.replace("results/blocked", "results/mine") for line in lines]


def damaged(clone):
    """What a dry run says when a result was changed."""
    path = Path(VACANCY, "errors.csv")
    before = path.read_bytes()
    path.write_bytes(before[:100])
    clone.write_config(STUDY)
    lines = clone.run("--dry-run").splitlines()
    path.write_bytes(before)
    return lines


def while_locked(clone):
    """What a run says when there is a lock."""
    with locked():
        return said(clone, "--force", f"{VACANCY}/errors.csv")


def configfile_not_there(clone, *words):
    """What Snakemake says of words behind --configfile that are no files."""
    command = [*clone.command(), *words]
    done = subprocess.run(command, cwd=clone.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr.splitlines()


def a_file_instead(clone):
    """What a run says when there is a file in place of its results."""
    Path("results/blocked").write_text("")
    lines = said(clone, "posterior", config=STUDY | {"study": "blocked"})
    Path("results/blocked").unlink()
    return [line.replace("results/blocked", "results/mine") for line in lines]


def without_lammps(monkeypatch):
    """What is said where LAMMPS cannot be imported."""
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "lammps", None)
        return raised(load_lammps.__wrapped__)


def own_energy(old, new):
    """What is said of the copper of own_energy.md with a text replaced."""
    (source,) = (text for info, text in blocks("own_energy.md") if info == "python copper.py")
    assert old in source
    Path("copper.py").write_text(source.replace(old, new), encoding="utf-8")
    analytic = {"potential": "copper.py", "deviations": {"depth": 0.01}}
    posterior = {"ensemble": None, "analytic": analytic}
    crystal = {"element": "Cu", "lattice": "fcc"}
    return told({"posterior": posterior, "crystal": crystal, "structures": STUDY["structures"][:1]})


def changed_energy():
    """What is said of a posterior whose potential has another file than before."""
    assert own_energy("CUTOFF = 6.0", "CUTOFF = 6.1") == []
    settings = {"potential": "copper.py", "deviations": {"depth": 0.01}}
    write_dataset(posterior_from_named(settings), "copper.nc", {})
    assert own_energy("CUTOFF = 6.0", "CUTOFF = 6.2") == []
    return told({"posterior": {"ensemble": None, "file": "copper.nc"}})


def by_command(capsys, *arguments):
    """What `relaxdiff ensemble` says when it fails."""
    assert main(["ensemble", *arguments]) == 1
    return capsys.readouterr().err.splitlines()


def provoked(clone, monkeypatch, capsys, tungsten):
    """The lines of all errors on the page, provoked one after the other."""
    lines = [
        *without_lammps(monkeypatch),
        *configfile_not_there(clone, "truth"),
        *configfile_not_there(clone, "missing.yaml"),
        *while_locked(clone),
        *said(clone, f"{VACANCY}/structures/sample1_lambda+2.extxyz", "--dry-run"),
        *blocked(clone),
        *a_file_instead(clone),
        *damaged(clone),
        *said(clone, "adaptive", "--dry-run", config=SPARSE),
        *told({"perturbation": {"lamda_max": 3}}),
        *told({"posterior": {"file": "resources/tungsten.nc"}}),
        *told({"prediction": {"tolerance": "1e-4"}}),
        *of_files("study: one\nstudy: two\n"),
        *of_files("crystal:\n\tsupercell: 3\n"),
        *told({"perturbation": {"lambda_min": -4, "lambda_max": 4, "lambda_step": 0.3}}),
        *told({"figures": {"sample": 7}}),
        *told({"crystal": {"element": "W"}}),
        *ensemble(
            "Ta06A.snapcoeff", lambda text: text.rstrip().rpartition("\n")[0], "coefficients"
        ),
        *ensemble(
            "Ta06A.snapparam",
            lambda text: text.replace("quadraticflag 0", "chemflag 1"),
            "parameters",
        ),
        *ensemble("samples.csv", lambda text: text.split(",", 1)[1], "samples"),
        *ensemble("samples.csv", lambda text: f"beta_1,beta_2\n{text}", "samples"),
        *ensemble("samples.csv", transposed, "samples"),
        *ensemble("samples.csv", lambda text: text.replace(",", ";"), "samples"),
        *told({"posterior": {"ensemble": {"covariance": "covariance.npy"}}}),
        *told({"posterior": {"samples": 100}}),
        *by_command(capsys, "Ta06", "trial/new"),
        *own_energy("switched(r, 4.5, CUTOFF)", "(r < CUTOFF)"),
        *own_energy("switched(r, 4.5, CUTOFF)", "jnp.where(r < CUTOFF, (CUTOFF - r) ** 4.5, 0.0)"),
        *changed_energy(),
        *training(["vacancy", "rest", "strained"]),
        *training(["strained"]),
        *training(["rest"], label="group"),
        *training_frame(energy=-17.0, stress=np.eye(3) * 1e5),
        *training_frame(REF_energy=-17.0),
        *odd_fit(),
        *weights_file("group,energy,force,stress\nbulk,1,1,1\n"),
        *told({"structures": slab(cell="isotropic")}),
        *told({"structures": slab(vacuum=None)}),
        *told(
            {
                "crystal": {"element": "Si", "lattice": "diamond"},
                "structures": slab(name="surface_111", plane=[1, 1, 1], layers=7),
            }
        ),
        *told(
            {
                "crystal": {"element": "Be", "lattice": "hcp"},
                "structures": slab(name="prism", plane=[1, 0, 0, 0]),
            }
        ),
        *too_thin(),
        *cluster(bulk("Ta", a=3.3, cubic=True).repeat(2), lattice_parameter=0.318),
        *unstable(tungsten),
        *without_zbl(),
        *unfit(tungsten),
    ]
    Path("samples.csv").unlink()
    lines += told({"posterior": {"ensemble": {"samples": "samples.csv"}}})
    Path("samples.csv").write_text("")
    lines += by_command(capsys, "Ta06A", ".")
    open_cell = bulk("Ta", a=3.3, cubic=True).repeat(2)
    open_cell.pbc = [True, True, False]
    return lines + cluster(open_cell)


SPARSE = STUDY | {"derivative": {"solver": "sparse"}, "structures": STUDY["structures"][:1]}


def test_every_error_on_the_page_is_real(here, monkeypatch, capsys, tungsten):
    lines = provoked(here, monkeypatch, capsys, tungsten)
    texts = [text for info, text in blocks("troubleshooting.md") if info == "text"]
    assert len(texts) > 30
    missing = []
    for text in texts:
        pattern = re.escape(" ".join(text.split())).replace(r"\.\.\.", ".*")
        if not any(re.search(pattern, " ".join(line.split())) for line in lines):
            missing.append(text)
    assert missing == [], "".join(missing)
