"""Large studies stay few jobs: ten defects' worth of samples, planned without being run."""

import re


def test_ten_thousand_samples_are_planned_as_less_than_two_thousand_jobs(clone):
    clone.write_config(
        {"study": "large", "posterior": {"samples": 10000}, "truth": {"samples_per_job": 20}}
    )
    planned = clone.run("--dry-run", "--quiet", "rules")
    assert int(re.search(r"^relax_variants +(\d+)$", planned, re.MULTILINE)[1]) == 500
    assert int(re.search(r"^total +(\d+)$", planned, re.MULTILINE)[1]) < 2000
