"""HTTP as prdgen asks others by it."""
