"""The check of a config, and what it says when it refuses one."""

from pathlib import Path

import pytest
import yaml

from relaxdiff.exceptions import InputError
from relaxdiff.study.config import check_config

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"


@pytest.fixture
def check(monkeypatch, tmp_path):
    """Checks the default config with other structures, and other blocks, in an empty folder."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["posterior"]["file"] = str(ROOT / "config.yaml")  # any file that exists
    monkeypatch.chdir(tmp_path)
    Path("loop.xyz").touch()

    def changed(*structures, **blocks):
        for block, values in blocks.items():
            config[block] = config[block] | values
        if structures:
            config["structures"] = list(structures)
        check_config(config, SCHEMA)

    return changed


@pytest.fixture
def refusal(check):
    """The sentence that a config is refused with."""

    def said(*structures, **blocks):
        with pytest.raises(InputError) as error:
            check(*structures, **blocks)
        return str(error.value)

    return said
