"""What a page says: its tree, front matter, outline, requirements, links, templates and checks."""
