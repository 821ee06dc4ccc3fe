"""Plain ASGI middleware, one a file."""
