"""Brings a finished site to where others serve it: changes only, whole, with a way back."""
