"""The owner of files on disk: reading and writing pages safely, and watching for changes."""
