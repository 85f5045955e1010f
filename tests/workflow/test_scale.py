"""Large studies stay few jobs: ten structures of 1,000 samples each, planned but not run."""

import re

from entries import point_defect, vacancy

FAULT = {"layers": 12, "displacement": [0.25, 0.25], "cell": "in_plane_fixed"}
STRUCTURES = [
    vacancy(4),
    vacancy(4, name="vacancy_fixed", cell="fixed"),
    point_defect("divacancy_1nn", 4),
    point_defect("divacancy_2nn", 4, cell="full"),
    point_defect("dumbbell_110", 4),
    point_defect("dumbbell_111", 4),
    {
        "name": "surface_100",
        "kind": "surface",
        "plane": [1, 0, 0],
        "layers": 12,
        "vacuum": 12.0,
        "cell": "fixed",
    },
    {
        "name": "surface_110",
        "kind": "surface",
        "plane": [1, 1, 0],
        "layers": 12,
        "vacuum": 12.0,
        "cell": "in_plane_fixed",
    },
    {"name": "fault_110", "kind": "gamma_surface", "plane": [1, 1, 0]} | FAULT,
    {"name": "fault_112", "kind": "gamma_surface", "plane": [1, 1, 2]} | FAULT,
]


def test_ten_structures_with_a_thousand_samples_are_less_than_two_thousand_jobs(clone):
    clone.write_config(
        {
            "study": "large",
            "posterior": {"samples": 1000},
            "structures": STRUCTURES,
            "truth": {"samples_per_job": 20},
        }
    )
    planned = clone.run("--dry-run", "--quiet", "rules")
    assert int(re.search(r"^relax_variants +(\d+)$", planned, re.MULTILINE)[1]) == 500
    assert int(re.search(r"^relax_crystal +(\d+)$", planned, re.MULTILINE)[1]) == 10
    assert int(re.search(r"^total +(\d+)$", planned, re.MULTILINE)[1]) < 2000
