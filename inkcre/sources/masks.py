"""What of a source is not shown: its secrets, and what only it itself reads in its state."""

from collections.abc import Mapping
from dataclasses import replace

from inkcre.ports.sources import SourceType
from inkcre.sources.configs import MASK, is_secret
from inkcre.sources.left_out import LEFT_OUT
from inkcre.sources.rows import Source
from inkcre.sql.rows import Json


def mask_config(config: Mapping[str, Json], kind: type[SourceType] | None) -> dict[str, Json]:
    """Return a configuration without its secrets; of an unknown type all may be secret."""
    if kind is None:
        return dict.fromkeys(config, MASK)
    secrets = [name for name, info in kind.config_model.model_fields.items() if is_secret(info)]
    return {n: MASK if n in secrets and v is not None else v for n, v in config.items()}


def masked_names(config: Mapping[str, object]) -> list[str]:
    """Return what of a configuration, as it is kept, was left out of the export that it is of."""
    return [name for name, value in config.items() if value == MASK]


def mask(source: Source, kind: type[SourceType] | None) -> Source:
    """Return a source without its secrets, for an answer; of an unknown type all may be secret."""
    config = mask_config(source.config, kind)
    if kind is None:
        return replace(source, config=config)
    # There may be thousands of these: what a folder's folders are, which only it understands.
    unshown = {name for name, info in kind.state_model.model_fields.items() if not info.repr}
    unshown.add(LEFT_OUT)  # it is shown beside
    state = {name: value for name, value in source.state.items() if name not in unshown}
    return replace(source, config=config, state=state)
