"""The API's description: FastAPI's, completed."""

from collections.abc import Iterable

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

REF_TEMPLATE = "#/components/schemas/{model}"


def install(app: FastAPI, form_models: Iterable[type[BaseModel]]) -> None:
    """Add the models of bodies that routes read by themselves."""
    describe, models = app.openapi, tuple(form_models)

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            described = describe()
            _, schema = models_json_schema(
                [(model, "validation") for model in models], ref_template=REF_TEMPLATE
            )
            if models:
                described["components"]["schemas"].update(schema["$defs"])
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]
