# `make` alone lists the targets.

# The Python that .venv is made with: make env PYTHON=/path/to/python3.12
PYTHON ?= $(shell python3.11 --version >/dev/null 2>&1 && echo python3.11 || echo python3)
# How much of the machine a run, and the tests, may use.
CORES ?= all
# One more than two cores: the tests on Slurm mostly wait.
TEST_WORKERS ?= 3
# Further arguments: make run ARGS=--dry-run, make test ARGS="-k lattice"
ARGS ?=
# What `make lock` resolves with, and the day whose packages it takes: some weeks back, so that
# conda-forge has them too (envs/relaxdiff.yaml carries the same versions) and bad releases are out.
UV ?= uv
LOCK_DATE ?= 2026-09-15
# matscipy 1.3 is newer, and the first that works with this ase.
MATSCIPY_DATE ?= 2026-11-27
RESOLVE = $(UV) pip compile pyproject.toml --generate-hashes \
  --exclude-newer $(LOCK_DATE) --exclude-newer-package matscipy=$(MATSCIPY_DATE) \
  --no-emit-index-url --no-emit-find-links \
  --custom-compile-command "make lock" --upgrade --quiet
FOR_TESTS = --extra test --group build

# The parallelism is between processes: Snakemake jobs in a run, pytest workers in the tests. With
# threaded BLAS below them every job would start one thread per core, and a run on n cores would
# have n^2 threads fighting for them.
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1
export MKL_NUM_THREADS = 1

# .venv holds what the lock names and nothing else: keep out packages that a module system or a
# user site directory would put in front of them.
unexport PYTHONPATH
unexport PYTHONHOME
export PYTHONNOUSERSITE = 1

BIN := .venv/bin
LOWEST := .venv-lowest/bin
# The pip of the environment that a recipe makes.
PIP = $(@D)/bin/python -m pip --disable-pip-version-check --no-input install --quiet

# Published without a wheel: built with the setuptools of the lock. All else must come as a wheel,
# so that no compiler is needed.
SDIST_ONLY := connection-pool

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env jax run test test-lowest docs lint format lock clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

env: .venv/.complete ## make .venv from requirements.lock (nothing to do if it is current)

jax: .venv/.jax ## add JAX to .venv, for potentials that are written in it

run: env ## run the study of config.yaml into results/
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --cores $(CORES) $(ARGS)

# Whole files go to one worker, so that a test file may share one Snakemake run among its tests. They
# go out in the order of collection, in which the longest comes first (tests/conftest.py).
test: jax ## run the tests
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile \
	  --no-loadscope-reorder $(ARGS)

# From coordinates to files and figures, and studies from training data to the summary.
LOWEST_TESTS := $(addprefix tests/unit/,figures posterior potentials/snap) \
  $(patsubst %,tests/unit/%.py,crystals/test_bulk crystals/test_cubic crystals/test_one_length \
  crystals/test_stability derivative/test_implicit derivative/test_levels files/test_datasets \
  lammps/test_all_atoms lammps/test_orbits quantities/test_crystal quantities/test_formation \
  running/test_progress statistics/test_joint structures/test_coordinates structures/test_kinds \
  structures/test_slabs) tests/workflow/test_sources.py

test-lowest: .venv-lowest/.complete ## run some tests with the oldest dependencies allowed
	PATH="$(CURDIR)/$(LOWEST):$$PATH" $(LOWEST)/python -m pytest -n $(TEST_WORKERS) --dist loadfile \
	  $(LOWEST_TESTS) $(ARGS)

# A broken link or reference is an error. docs/conf.py says what is in the site.
docs: jax ## build the documentation into build/docs/
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --conf-dir docs \
	  --doctree-dir build/doctrees . build/docs

lint: env ## check style and formatting
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --no-cache --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/snakefmt --check Snakefile workflow/rules
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --lint --dry-run  # a dry run leaves no log

format: env ## apply them
	$(BIN)/ruff check --no-cache --fix .
	$(BIN)/ruff format --no-cache .
	$(BIN)/snakefmt Snakefile workflow/rules

# Of the oldest versions those that have wheels for the oldest Python.
lock: ## resolve the locks anew (needs uv; set LOCK_DATE to move forward)
	$(RESOLVE) $(FOR_TESTS) --extra docs --universal --fork-strategy fewest \
	  --output-file requirements.lock
	$(RESOLVE) --extra jax --constraint requirements.lock --universal --fork-strategy fewest \
	  --output-file requirements-jax.lock
	$(RESOLVE) $(FOR_TESTS) --resolution lowest-direct --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --only-binary :all: --no-binary $(SDIST_ONLY) \
	  --output-file requirements-lowest.lock

clean: ## remove environments, built documents and caches (never results/)
	rm -rf .venv .venv-lowest .ruff_cache .pytest_cache build dist src/relaxdiff.egg-info
	find src scripts tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# Two stamps, each written last: an environment whose making was interrupted lacks them and is made
# anew. A new lock makes all of it anew; a new pyproject.toml only reinstalls the package itself. pip
# and setuptools come first, in the versions of the lock, and install the rest.
%/.complete: %/.locked pyproject.toml
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

.venv/.locked: requirements.lock
	$(install_lock)

# On top of the rest, which it names in the same versions: pip skips what is there.
.venv/.jax: requirements-jax.lock .venv/.complete
	$(PIP) --require-hashes --no-deps --only-binary :all: --no-binary $(SDIST_ONLY) --requirement $<
	touch $@

.venv-lowest/.locked: requirements-lowest.lock
	$(install_lock)

define install_lock
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "relaxdiff needs Python 3.11 or later: make env PYTHON=/path/to/python3.11" >&2; exit 1; }
rm -rf $(@D)
$(PYTHON) -m venv $(@D)
awk '/^[^ #]/ {wanted = /^(pip|setuptools)==/} wanted' $< > $(@D)/bootstrap.txt
$(PIP) --require-hashes --requirement $(@D)/bootstrap.txt
$(PIP) --require-hashes --no-build-isolation --only-binary :all: --no-binary $(SDIST_ONLY) \
  --requirement $<
touch $@
endef
