"""A base that is used by many at once while its processes and its database come and go."""
