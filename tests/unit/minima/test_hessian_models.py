"""What is known of variants' Hessians before they are relaxed."""

import sys

import numpy as np
import pytest

from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.symmetry_blocks import crystal_hessian, tensor_hessian
from relaxdiff.potentials.linear import weights_of
from relaxdiff.structures.lattices import PerfectCrystal


@pytest.fixture(scope="module")
def tensor(study):
    return tensor_hessian(study["constants"], study["minimum"].coordinates)


def test_a_tensor_is_the_hessian_at_any_parameters(tensor, study, tungsten):
    theta = 1.1 * tungsten.theta
    expected = study["constants"]["hessian_tensor"].values @ weights_of(theta)
    assert np.array_equal(tensor.model(theta).hessian, expected)


def test_a_lesson_is_what_was_learnt_whatever_the_parameters(tensor, tungsten):
    model, other = tensor.model(tungsten.theta), 1.1 * tungsten.theta
    step = np.ones(tensor.coordinates.size) * 1e-3 / tensor.coordinates.scale
    model.learn(step, 1.2 * model.hessian @ step)
    lesson = tensor.lesson(model, tungsten.theta)
    taught = tensor.model(other, lesson).hessian - tensor.model(other).hessian
    assert taught == pytest.approx(model.hessian - tensor.model(tungsten.theta).hessian)
    assert np.abs(taught).max() > 0


def test_only_force_constants_show_a_minimum(tensor, study, tungsten):
    minimum = study["minimum"]
    green = crystal_green(tungsten, minimum.atoms, PerfectCrystal("W", "bcc", 3.18), 2)
    crystal = crystal_hessian(green, minimum.coordinates)
    assert tensor.shows_minimum
    assert not crystal.shows_minimum
    assert [block.size for block in crystal.blocks] == [block.size for block in tensor.blocks]
    assert all(block.tensor is None for block in crystal.blocks)


def test_the_crystals_hessian_goes_downhill_and_remembers(study, tungsten):
    minimum = study["minimum"]
    green = crystal_green(tungsten, minimum.atoms, PerfectCrystal("W", "bcc", 3.18), 2)
    hessian = crystal_hessian(green, minimum.coordinates)
    gradient = np.random.default_rng(0).normal(size=minimum.coordinates.size)
    model = hessian.model(tungsten.theta)
    assert model.step(gradient) @ gradient < 0
    model.learn(gradient, 2 * gradient)
    lesson = hessian.lesson(model, tungsten.theta)
    again = hessian.model(tungsten.theta, lesson)
    assert again.step(gradient) == pytest.approx(model.step(gradient))


def test_a_large_hessian_is_factorised_once_and_learns_in_limited_memory(
    tensor, tungsten, monkeypatch
):
    whole = tensor.model(tungsten.theta)
    monkeypatch.setattr(sys.modules["relaxdiff.minima.hessian_models"], "LARGEST_MATRIX", 1)
    model = tensor.model(tungsten.theta)
    gradient = np.random.default_rng(0).normal(size=tensor.coordinates.size)
    assert model.step(gradient) == pytest.approx(whole.step(gradient))
    step = 1e-3 / tensor.coordinates.scale
    for each in (model, whole):
        each.learn(step, 1.2 * tensor.tensor @ weights_of(tungsten.theta) @ step)
    assert model.step(gradient) == pytest.approx(whole.step(gradient))
    again = tensor.model(tungsten.theta, tensor.lesson(model, tungsten.theta))
    assert again.step(gradient) == pytest.approx(model.step(gradient))


def test_a_large_hessian_that_is_not_positive_leads_downhill(tensor, tungsten, monkeypatch):
    monkeypatch.setattr(sys.modules["relaxdiff.minima.hessian_models"], "LARGEST_MATRIX", 1)
    gradient = np.random.default_rng(0).normal(size=tensor.coordinates.size)
    assert tensor.model(-tungsten.theta).step(gradient) @ gradient < 0
