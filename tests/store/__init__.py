"""Tests of prdgen.store."""
