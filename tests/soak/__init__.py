"""What takes too long for make test: ``make soak ARGS=NAME`` runs one of these by its name."""
