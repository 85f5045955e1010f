"""The example configs are complete: they can be planned, built and differentiated."""

import shutil
from pathlib import Path

import pytest
import xarray as xr
import yaml

EXAMPLES = sorted((Path(__file__).parents[2] / "config/examples").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_differentiated_as_it_is(path, clone):
    shutil.copy(path, clone.folder / "mine.yaml")
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"relax_variants", "plot_figures", "join_quantities"} <= clone.planned("all", "joint")
    results = f"results/{config['study']}"
    # Interstitials take a minute; tests of the library relax them in smaller cells.
    quick = [each for each in config["structures"] if not each["kind"].startswith("dumbbell")]
    targets = [f"{results}/{each['name']}/derivative.nc" for each in quick]
    clone.run(*targets)
    for target, entry in zip(targets, quick, strict=True):
        strains = xr.open_dataset(clone.folder / target).sizes["strain"]
        rigid = entry["cell"] == "fixed" or entry["kind"] == "surface"
        assert (strains == 0) == rigid
