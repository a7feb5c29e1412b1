"""An S3-compatible store."""

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from obstore.store import S3Store

from inkcre.adapters.storage.shared import MAX_CONDITIONAL_BYTES, ObstoreStorage, translated
from inkcre.ports.storage import StorageCapabilities
from inkcre.sections.storage import S3Settings

if TYPE_CHECKING:
    from obstore.store import S3Config

MAX_RETRIES = 5
"""Three seconds of tries. With two, over within 0.4 s, a large upload failed when a store that was
busy reset a few connections."""

CONNECT_TIMEOUT = RETRY_TIMEOUT = timedelta(seconds=10)
"""obstore goes on for three minutes by default; whoever waits for an answer has left by then."""

READ_TIMEOUT = timedelta(seconds=60)
"""How long the store may be silent, also while it copies a large file."""

TIMEOUT = timedelta(days=1)
"""How long one file may take, in or out: as long as something comes."""


class S3Storage(ObstoreStorage):
    """Files in a bucket."""

    capabilities: ClassVar[StorageCapabilities] = StorageCapabilities(
        is_shared=True, keeps_content_type=True, max_conditional_bytes=MAX_CONDITIONAL_BYTES
    )

    def __init__(self, settings: S3Settings) -> None:
        # https://developmentseed.org/obstore/latest/api/store/aws/
        options: S3Config = {"bucket": settings.bucket, "region": settings.region}
        if settings.endpoint:
            options["endpoint"] = settings.endpoint
        if settings.access_key_id:
            options["access_key_id"] = settings.access_key_id.get_secret_value()
        if settings.secret_access_key:
            options["secret_access_key"] = settings.secret_access_key.get_secret_value()
        with translated("storage.bucket"):
            store = S3Store(
                client_options={
                    # For an endpoint of one's own; Amazon's is https in any case.
                    "allow_http": True,
                    "connect_timeout": CONNECT_TIMEOUT,
                    "read_timeout": READ_TIMEOUT,
                    "timeout": TIMEOUT,
                },
                retry_config={"max_retries": MAX_RETRIES, "retry_timeout": RETRY_TIMEOUT},
                **options,
            )
        super().__init__(lambda: store, "storage.bucket")
