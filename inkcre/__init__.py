"""InKCre Core: an information base with an HTTP API, at home in three places."""
