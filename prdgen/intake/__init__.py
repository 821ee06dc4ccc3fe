"""Taking an outside text into a document: merge meets crdt."""
