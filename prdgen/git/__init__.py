"""The owner of Git: the only package that knows pygit2 and starts `git`."""
