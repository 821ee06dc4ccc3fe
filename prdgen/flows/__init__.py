"""Floor 3: one arrow of the architecture per file, read from top to bottom."""
