"""prdgen: product requirement documents, live in the browser and plain in Git."""

__version__ = "0.1.0"
