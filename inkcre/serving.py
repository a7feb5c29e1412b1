"""Serving in a process, with uvicorn."""

import gc
import logging
import logging.config
from typing import Any

import uvicorn

from inkcre.app import create_app
from inkcre.errors import OperatorError
from inkcre.lifecycle import prepare_database
from inkcre.logs import logging_config
from inkcre.settings.model import Settings

logger = logging.getLogger("inkcre")


class WrongTarget(OperatorError):
    """Say that a profile is for another place than a process."""

    code = "wrong_target"


def serve(settings: Settings) -> None:
    """Serve until interrupted.

    Raises:
        WrongTarget: the profile is for Cloudflare Workers.
        SchemaBehind: the database's schema is not the one that is needed.
    """
    if settings.target != "process":
        raise WrongTarget(
            f"profile {settings.profile}: runs on target {settings.target}, not in a process",
            hint="choose a profile such as dev or server",
        )
    logging.config.dictConfig(logging_config(settings.logging))
    app = create_app(settings)
    # Before uvicorn starts, so that a refusal is one error and no stack trace.
    prepare_database(settings, app.state.components)
    logger.info(
        "profile %s, chosen by %s", settings.profile, settings.origins.of(("profile",)).describe()
    )
    # What was made so far stays: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    uvicorn.run(app, **_options(settings))


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.http.host,
        "port": settings.http.port,
        "log_config": None,
        "access_log": settings.logging.level == "debug",
        "timeout_graceful_shutdown": 10,
        "server_header": False,
    }
