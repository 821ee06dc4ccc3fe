"""Tests of prdgen.bus."""
