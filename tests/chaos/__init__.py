"""The loss test: real processes under seeded faults; every word typed must stand exactly once."""
