"""Two routes: make a short address, and follow it."""

import secrets

from fastapi.responses import RedirectResponse
from pydantic import AnyHttpUrl, BaseModel, Field

from inkcre.framework import Clock, Database, NotFound, Router, Settings
from links.settings import LinksSettings
from links.tables import ADD, VISIT, Link

router = Router(tags=["links"])


class LinkForm(BaseModel):
    """What is to be shortened."""

    url: AnyHttpUrl
    days: int | None = Field(None, ge=1, le=3650)


@router.post("/links", status_code=201, scope="write")
def add_link(
    form: LinkForm, database: Database, clock: Clock, settings: Settings[LinksSettings]
) -> Link:
    """Shorten an address."""
    days = form.days or settings.default_days
    expires_at = int(clock().timestamp()) + 86400 * days
    code = secrets.token_urlsafe(6)
    [rows] = database.atomic([ADD(code=code, url=str(form.url), expires_at=expires_at)])
    [link] = ADD.records(rows)
    return link


@router.get("/l/{code}", status_code=307, response_class=RedirectResponse)
def follow_link(code: str, database: Database, clock: Clock) -> RedirectResponse:
    """Lead to the address, and count the visit."""
    [rows] = database.atomic([VISIT(code=code, now=int(clock().timestamp()))])
    link = VISIT.first(rows)
    if link is None:
        raise NotFound(f"link {code}: not found, or expired")
    return RedirectResponse(link.url)
