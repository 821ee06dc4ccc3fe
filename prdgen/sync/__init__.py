"""Floor 2: open documents and their peers. Bytes in, replies out; I/O through small ports."""
