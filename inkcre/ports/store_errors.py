"""Why a store of files refuses what it is asked.

Misconfigured
├── WrongRegion            a bucket is in another region
├── KeysRefused            a store does not take the keys
│   └── KeysExpired            they have expired
└── TimeRefused            this machine's clock is too far from the store's
Unavailable
└── SlowDown               a store asks for fewer requests
"""

from inkcre.errors import Misconfigured, Unavailable


class WrongRegion(Misconfigured):
    """Tell that a bucket is in another region than the settings say."""

    code = "wrong_region"


class KeysRefused(Misconfigured):
    """Tell that a store does not know a key, or that its secret is another."""

    code = "keys_refused"


class KeysExpired(KeysRefused):
    """Tell that a key was good until a moment that has passed."""

    code = "keys_expired"


class TimeRefused(Misconfigured):
    """Tell that this machine's clock is too far from a store's, which takes no request then."""

    code = "time_refused"


class SlowDown(Unavailable):
    """Tell that a store asks for fewer requests, although it was tried again for some seconds."""

    code = "slow_down"
