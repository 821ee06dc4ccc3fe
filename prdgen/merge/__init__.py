"""Texts only: differences, the one three-way merge, who wrote which line, which sections changed."""
