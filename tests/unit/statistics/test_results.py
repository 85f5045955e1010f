"""What a study found of one structure: its distribution, per area too."""

import pytest
from report_numbers import results_of

from relaxdiff.statistics.captions import sentences
from relaxdiff.statistics.summary import summarise


def test_energies_of_faces_are_in_joule_per_square_metre(results):
    assert sentences(results)["energy_per_area_posterior"].startswith("none, ")
    flat = results_of(relaxes=False, area=20.0)
    table = summarise(flat).set_index("item")["value"]
    assert table["energy_per_area"] == pytest.approx(3 * 16.02176634 / 20)
    for source in ("newton", "truth"):
        for item in ("mean", "standard_deviation"):
            energy = table[f"formation_energy, {source}, {item}"]
            per_area = table[f"energy_per_area, {source}, {item}"]
            # 1 eV/Angstrom^2 = 1.602176634e-19 J / 1e-20 m^2
            assert per_area == pytest.approx(energy * 1.602176634e-19 / 20e-20, rel=1e-12)
    rows = flat.distribution.groupby("quantity").size()
    assert rows.to_dict() == {"formation_energy": 10, "energy_per_area": 10}
    mean = table["energy_per_area, newton, mean"]
    text = sentences(flat)["energy_per_area_posterior"]
    assert text.startswith(f"{mean:.3f} ± ")  # 0.08 J/m^2 over the root of 2000
    assert " J/m² (Monte Carlo error 0.002 J/m²; 95 % interval " in text
    assert "; the 5 relaxed samples " in text
