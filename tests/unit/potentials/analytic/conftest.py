"""Tests of potentials in JAX; without JAX, which `make jax` adds, there is nothing to collect."""

from importlib.util import find_spec

if find_spec("jax") is None:
    collect_ignore_glob = ["*"]
