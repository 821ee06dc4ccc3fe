"""Tests of prdgen.embedded."""
