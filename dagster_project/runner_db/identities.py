"""Fake wallets: well-formed addresses, signatures and keys that must never leave the source."""

from random import Random
from typing import NamedTuple

from dagster_project.runner_db.spec import seeded

WALLETS = 24
ADDRESS_BITS, SIGNATURE_BITS, KEY_BITS = 160, 520, 256


class Wallet(NamedTuple):
    """One invented identity; every value is a secret that the pipeline strips.

    Attributes:
        address: 0x and 40 hex digits.
        signature: 0x and 130 hex digits.
        public_key: 0x and 64 hex digits.
    """

    address: str
    signature: str
    public_key: str
    nonce: str

    @property
    def signed(self) -> str:
        """JSON members as they stand at the top of receipts."""
        return f'"signature":"{self.signature}","public_key":"{self.public_key}"'

    @property
    def auth(self) -> dict[str, object]:
        """The wallet_auth object of a job spec."""
        return {
            "address": self.address,
            "signature": self.signature,
            "message": f"Sign in to the synthetic runner as {self.address}",
            "chainId": 1,
            "nonce": self.nonce,
            "expiresAt": "2026-01-01T00:00:00Z",
        }


def build_wallets(seed: int) -> tuple[Wallet, ...]:
    """Return the identities that sign every synthetic job."""
    rng = seeded(f"{seed}:wallets")
    return tuple(
        Wallet(
            address=_hex(rng, ADDRESS_BITS),
            signature=_hex(rng, SIGNATURE_BITS),
            public_key=_hex(rng, KEY_BITS),
            nonce=f"synthetic-nonce-{number}-{rng.getrandbits(64):016x}",
        )
        for number in range(WALLETS)
    )


def _hex(rng: Random, bits: int) -> str:
    return f"0x{rng.getrandbits(bits):0{bits // 4}x}"
