"""Two results folders compared: what counts as equal, and what does not."""

import runpy
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

SCRIPT = Path(__file__).parents[2] / "benchmarks/compare_results.py"
compare = runpy.run_path(str(SCRIPT))["main"]
OVER = ("sample", "lambda")
STRUCTURE = "vacancy"


@pytest.fixture
def folders(tmp_path):
    """Two folders with the same small results of one structure."""
    before, after = tmp_path / "before", tmp_path / "after"
    (before / STRUCTURE / "truth").mkdir(parents=True)
    (before / STRUCTURE / ".checksums").mkdir()
    energy = np.array([[3.0, 3.1, np.nan], [3.2, -4.0, 1e-14]])
    truth = xr.Dataset(
        {
            "formation_energy": (OVER, energy, {"units": "eV"}),
            "coordinates": (OVER, energy / 10, {"units": "Angstrom"}),
            "max_gradient": (OVER, np.full((2, 3), 3e-7), {"units": "eV/Angstrom"}),
            "evaluations": (OVER, np.full((2, 3), 7), {"units": "1"}),
            "status": (OVER, np.full((2, 3), "converged"), {"units": "1"}),
        },
        coords={"lambda": [-1.0, 0.0, 1.0]},
        attrs={"created": "yesterday"},
    )
    truth.to_netcdf(before / STRUCTURE / "truth.nc")
    truth.to_netcdf(before / STRUCTURE / "truth/000-001.nc")
    errors = {"quantity": ["formation_energy", "positions"], "mean_abs_error": [1e-9, 1e-3]}
    pd.DataFrame(errors).to_csv(before / STRUCTURE / "errors.csv", index=False)
    summary = {"topic": ["cost", "truth"], "value": [13.0, 0.5], "units": ["", "eV"]}
    pd.DataFrame(summary).to_csv(before / STRUCTURE / "summary.csv", index=False)
    (before / STRUCTURE / ".checksums/hidden.csv").write_text("a\n1\n")
    shutil.copytree(before, after)
    return before, after


def edit(folder, change, name="truth.nc"):
    """Have a function change a NetCDF file."""
    path = folder / STRUCTURE / name
    dataset = xr.load_dataset(path)
    (change(dataset) or dataset).to_netcdf(path)


def replace(folder, name, before, after):
    """Change the text of a table."""
    path = folder / STRUCTURE / name
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


def verdicts(folders, capsys, *options):
    """Exit code, and the verdict of each variable of each file that is not identical."""
    code = compare([*map(str, folders), *options])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    return code, {
        (row[0].partition("/")[2], row[1]): row[-1] for row in rows if row[-1] != "identical"
    }


def test_the_same_numbers_are_identical_whatever_attributes_and_hidden_files_say(folders, capsys):
    edit(folders[1], lambda dataset: dataset.attrs.update(created="today", versions="others"))
    (folders[1] / STRUCTURE / ".checksums/hidden.csv").write_text("a\n2\n")
    assert verdicts(folders, capsys) == (0, {})


def test_tolerance_is_elementwise_then_relative_to_the_variable(folders, capsys):
    key = ("truth.nc", "formation_energy")

    def after(change):
        edit(folders[1], change)
        return verdicts(folders, capsys)

    def slightly(dataset):
        dataset["formation_energy"] *= 1 + 5e-13

    assert after(slightly) == (0, {key: "equal"})

    def near_zero(dataset):
        dataset["formation_energy"][1, 2] = 3e-12  # of 4 eV, the largest in magnitude

    assert after(near_zero) == (0, {key: "equal in scale"})

    def too_far(dataset):
        dataset["formation_energy"][1, 2] = 5e-12

    assert after(too_far) == (1, {key: "differs"})
    assert verdicts(folders, capsys, "--rtol", "1e-11")[0] == 0


def test_the_two_differences_are_told(folders, capsys):
    def change(dataset):
        dataset["formation_energy"][0, 0] = 3.3

    edit(folders[1], change)
    assert compare([*map(str, folders)]) == 1
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "formation_energy" in line)
    assert line.split(" | ")[2:4] == ["9.1e-02", "7.5e-02"]


def missing_number(dataset):
    dataset["formation_energy"][1, 1] = np.nan


def other_status(dataset):
    dataset["status"][0, 0] = "cut"


def other_lambda(dataset):
    dataset["lambda"] = [-1.0, 0.0, 2.0]


def other_units(dataset):
    dataset["coordinates"].attrs["units"] = "1"


def other_order(dataset):
    return dataset.transpose("lambda", "sample")


def fewer(dataset):
    return dataset.isel(sample=[0])


def no_variable(dataset):
    return dataset.drop_vars("coordinates")


def a_coordinate(dataset):
    return dataset.set_coords("coordinates")


@pytest.mark.parametrize(
    ("change", "variable", "verdict"),
    [
        (missing_number, "formation_energy", "differs: 1 of 6 are NaN in one only"),
        (other_status, "status", "differs: 1 of 6"),
        (other_lambda, "lambda", "differs"),
        (other_units, "coordinates", "differs: dimensions, units or coordinates"),
        (other_order, "coordinates", "differs: dimensions, units or coordinates"),
        (fewer, "status", "differs: shape (2, 3), (1, 3)"),
        (no_variable, "coordinates", "missing in"),
        (a_coordinate, "coordinates", "differs: dimensions, units or coordinates"),
    ],
)
def test_what_is_not_equal_is_named(change, variable, verdict, folders, capsys):
    edit(folders[1], change)
    code, found = verdicts(folders, capsys)
    assert code == 1
    assert found["truth.nc", variable].startswith(verdict)


def test_a_file_of_one_folder_alone_is_missing(folders, capsys):
    (folders[0] / STRUCTURE / "truth/000-001.nc").unlink()
    code, found = verdicts(folders, capsys)
    assert code == 1
    assert found == {("truth/000-001.nc", ""): f"missing in {folders[0]}"}


def test_errors_are_compared_on_the_scale_of_what_they_are_errors_of(folders, capsys):
    key = ("errors.csv", "formation_energy mean_abs_error")
    replace(folders[1], "errors.csv", "1e-09", "1.003e-09")  # by 3e-12 of 4 eV
    assert verdicts(folders, capsys) == (0, {key: "equal in scale"})
    replace(folders[1], "errors.csv", "1.003e-09", "1.005e-09")
    assert verdicts(folders, capsys) == (1, {key: "differs"})


def test_errors_of_positions_have_the_scale_of_coordinates(folders, capsys):
    key = ("errors.csv", "positions mean_abs_error")
    replace(folders[1], "errors.csv", "0.001", "0.0010000000003")  # by 3e-13 of 0.4 Angstrom
    assert verdicts(folders, capsys) == (0, {key: "equal in scale"})
    replace(folders[1], "errors.csv", "0.0010000000003", "0.0010000000006")
    assert verdicts(folders, capsys) == (1, {key: "differs"})


def test_estimates_in_parts_of_the_results_have_the_scale_of_the_structure(folders, capsys):
    for folder, estimate in zip(folders, (1e-9, 1.003e-9), strict=True):
        part = xr.Dataset({"error_estimate": ("sample", [estimate])})
        part.to_netcdf(folder / STRUCTURE / "truth/000-001.nc")
    key = ("truth/000-001.nc", "error_estimate")
    assert verdicts(folders, capsys) == (0, {key: "equal in scale"})


def test_gradients_left_may_differ_by_the_bound_that_relaxations_stop_below(folders, capsys):
    def gradients(value):
        def change(dataset):
            dataset["max_gradient"][0, 0] = value

        edit(folders[1], change)
        return verdicts(folders, capsys)

    assert gradients(9e-7) == (0, {("truth.nc", "max_gradient"): "within its bound"})
    assert gradients(3e-6) == (1, {("truth.nc", "max_gradient"): "differs"})


def test_costs_and_the_rounded_summary_are_told_and_do_not_count(folders, capsys):
    def change(dataset):
        dataset["evaluations"][0, 0] = 9

    edit(folders[1], change)
    replace(folders[1], "summary.csv", "0.5", "0.6")
    assert verdicts(folders, capsys) == (
        0,
        {("truth.nc", "evaluations"): "cost", ("summary.csv", "value"): "told elsewhere"},
    )
    replace(folders[1], "summary.csv", "eV", "GPa")
    assert verdicts(folders, capsys)[0] == 1


def test_a_folder_without_results_is_refused(tmp_path, folders, capsys):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit):
        compare([str(folders[0]), str(tmp_path / "empty")])
    assert "holds no results" in capsys.readouterr().err
