"""Cannot be imported."""

router = 1 / 0
