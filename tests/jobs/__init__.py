"""Tests of prdgen.jobs."""
