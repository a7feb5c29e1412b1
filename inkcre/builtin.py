"""The framework's own parts, which every application has."""

from inkcre.extension import Extension


class _Own(Extension):
    """A part of the framework's."""

    def __str__(self) -> str:
        """Name the framework, as errors do."""
        return "the framework"


FRAMEWORK = _Own(
    name="framework",
    summary="The commands of every application",
    commands={
        "run": "inkcre.cli.serve:run",
        "migrate": "inkcre.cli.serve:migrate",
        "plan": "inkcre.cli.profiles:plan",
        "profiles": "inkcre.cli.profiles:app",
        "config": "inkcre.cli.config:app",
        "init": "inkcre.cli.config_edit:init",
        "explain": "inkcre.cli.explanations:explain",
        "doctor": "inkcre.cli.checks:doctor",
        "extensions": "inkcre.cli.extensions:app",
        "build": "inkcre.cli.edge:build",
        "deploy": "inkcre.cli.edge:deploy",
        "dev": "inkcre.cli.edge:dev",
    },
    migrations="inkcre.sql.lines:FRAMEWORK",
)

JOBS = _Own(
    name="jobs",
    summary="Jobs and schedules, to look at and to run",
    routers=("inkcre.http.jobs:router",),
    jobs=("inkcre.jobs.cleanup:SWEEP",),
    schedules=("inkcre.jobs.cleanup:HOURLY",),
    commands={"jobs": "inkcre.cli.jobs:app", "schedule": "inkcre.cli.schedules:app"},
)
