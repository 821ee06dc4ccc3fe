"""Drafts and their reviews: what was said and decided, as a log that merges by union."""
