"""Files in and out: NetCDF with units, checksums, text, a digest of the code."""
