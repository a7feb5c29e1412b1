"""Short addresses that expire."""

from inkcre.framework import Application, Extension

LINKS = Extension(
    name="links",
    summary="Short addresses that expire",
    settings="links.settings:LinksSettings",
    routers=("links.http:router",),
    jobs=("links.jobs:SWEEP",),
    schedules=("links.jobs:HOURLY",),
    commands={"list": "links.commands:list_links"},
    migrations="links.tables:MIGRATIONS",
)

app = Application(
    name="links",
    prefix="LINKS_",
    filename="links.toml",
    extensions=(LINKS,),
    title="Links",
    summary="Short addresses that expire.",
)
