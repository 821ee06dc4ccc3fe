"""Valkey or Redis: change notices, presence, events, rates, a cache. Nothing that cannot be lost."""
