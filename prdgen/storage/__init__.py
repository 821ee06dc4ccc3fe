"""Storage for published files that others serve: the only package that knows obstore."""
