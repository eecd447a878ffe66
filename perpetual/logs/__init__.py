"""What happened: the platform's own events, and the release's lines."""
