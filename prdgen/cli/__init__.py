"""Floor 4: the command line, one thin file per command."""
