"""The API's description: FastAPI's, completed."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from inkcre.http.graphs import FORM_MODELS

REF_TEMPLATE = "#/components/schemas/{model}"


def _version() -> str:
    try:
        return version("inkcre")
    except PackageNotFoundError:  # run from a copy that nobody installed
        return "0"


VERSION = _version()


def install(app: FastAPI) -> None:
    """Add the models of bodies that routes read by themselves."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = describe()
            _, schema = models_json_schema(
                [(model, "validation") for model in FORM_MODELS], ref_template=REF_TEMPLATE
            )
            described["components"]["schemas"].update(schema["$defs"])
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]
