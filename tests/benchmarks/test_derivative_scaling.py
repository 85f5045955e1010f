"""What the benchmark of derivatives refuses for its memory before it begins."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("jax")

SCRIPT = Path(__file__).parents[2] / "benchmarks/derivative_scaling.py"


def test_what_needs_too_much_memory_is_refused_in_a_sentence():
    refusal = runpy.run_path(str(SCRIPT))["refusal"]
    assert refusal("dense", 8, 14e9) == "refused: needs about 75.9 GB, 14 GB are allowed"
    assert refusal("dense", 8, 80e9) is None
    assert refusal("sparse", 12, 0.4e9).startswith("refused: needs about 0.7")
    assert refusal("sparse", 12, 14e9) is None
    assert refusal("sparse", 29, 1e15) == "not tried"
