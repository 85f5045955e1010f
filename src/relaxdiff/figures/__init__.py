"""Figures and pages of the results; the only package that draws."""
