"""The owner of Automerge: documents, the sync protocol, and what may come in from outside."""
