"""Floor 4: the HTTP and WebSocket doors."""
