"""Secrets and personal data of every kind, and a source that holds them in every position."""

import base64
import json
import random

from tests.extract.conftest import Pipeline

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RANDOM = random.Random(193)  # noqa: S311  no cryptography


def _base58(length: int) -> str:
    return "".join(_RANDOM.choices(_BASE58, k=length))


SECRETS = (
    # wallets
    "0x" + _RANDOM.randbytes(20).hex(),
    "0X" + _RANDOM.randbytes(20).hex().upper(),
    "0x" + _RANDOM.randbytes(65).hex(),
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "cosmos1vlthgax23ca9syk7xgaz347xmf4nunefw3cnv8",
    "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU",
    _base58(44),
    _base58(88),
    # e-mail, telephone, IP
    "jane.doe@example.com",
    "j+tag@mail.example.co.uk",
    "иван@example.com",
    "+1 (555) 010-9999",
    "+49 30 1234567",
    "+8613812345678",
    "555-867-5309",
    "(212) 555-0143",
    "020 7946 0958",
    "203.0.113.77",
    "10.20.30.40",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "fe80::1ff:fe23:4567:890a",
    # keys and tokens
    "sk-proj-" + _base58(40),
    "sk_live_" + _base58(24),
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "glpat-" + _base58(20),
    "xoxb-123456789012-abcdef",
    "hf_" + _base58(34),
    "AIza" + _base58(35),
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    _RANDOM.randbytes(32).hex(),
    base64.b64encode(_RANDOM.randbytes(32)).decode(),
    base64.urlsafe_b64encode(_RANDOM.randbytes(48)).decode(),
    base64.b64encode(b"the secret of somebody").decode(),
    "MCowBQYDK2VwAyEA" + base64.b64encode(_RANDOM.randbytes(27)).decode(),
    "-----BEGIN PRIVATE KEY-----\nMIIEabc\nxyz\n-----END PRIVATE KEY-----",
)
NAMES = (
    *("wallet_auth", "walletAddr", "wallet.address", "WALLET-ADDRESS", "owner", "sig", "signature"),
    *("pubkey", "public_key", "private_key", "privateKey", "api_key", "apiKey", "authorization"),
    *("Authorization", "nonce", "email", "phone", "ip", "client_ip", "token", "password", "secret"),
    *(
        "wal\u200blet",
        "sig\u2060nature",
        "ｗａｌｌｅｔ",
        "ＡＰＩ＿ＫＥＹ",
        "created_by",
        "user",
        "x",
    ),
)
PLAIN = "planted value"


def plant(pipeline: Pipeline) -> list[str]:
    """Insert one job whose rows hold all of it; return what must not be found again."""
    numbers = iter(range(10_000))
    planted = list(SECRETS)

    def unnamed() -> str:
        # Words, which no detector can know: only their place tells.
        planted.append(f"{PLAIN} {next(numbers):04}")
        return planted[-1]

    def names() -> dict[str, object]:
        return {name: unnamed() for name in NAMES}

    text = "; ".join(f"see {secret} there" for secret in SECRETS)
    each = {"names": [names()], **names(), "*": text}
    pipeline.insert(
        "jobs",
        jobspec_data=json.dumps(
            {
                **each,
                "benchmark": {"name": text, "description": text, **names()},
                "metadata": {**names(), "origin": text, "models": [{"id": text, **names()}]},
                "questions": list(SECRETS),
                "models": [{"id": "m", "regions": [text], **names()}],
                "constraints": {"regions": ["US"], **names()},
            }
        ),
    )
    receipt = {
        **each,
        "execution_details": {"provider_id": text, "region": "US", **names()},
        "output": {
            "response": text,
            "prompt": text,
            "metadata": {"full_response": text},
            **names(),
        },
        "provenance": names(),
    }
    failure = {"message": text, "code": "X", "router_failure": {"message": text, **names()}}
    pipeline.insert(
        "executions",
        job_id=1,
        output_data=json.dumps(
            {
                **each,
                "response": f"Answer. {text}",
                "error": text,
                "failure": {**failure, **names()},
                "metadata": {"receipt": receipt, **names()},
            }
        ),
        receipt_data=json.dumps(receipt),
        retry_history=json.dumps([{"attempt": 1, "error": text, **names()}, text]),
        original_error=f'{{"error": "{text}"}}',
        system_prompt=text,
        status="failed",
    )
    pipeline.insert("cross_region_executions", jobspec_id="job-1")
    pipeline.insert(
        "region_results",
        provider_info=json.dumps(each),
        execution_output=json.dumps({"data": {"response": text, **names()}, **each}),
        scoring=json.dumps(each),
        metadata=json.dumps({"total_executions": text, **each}),
        error_message=text,
    )
    findings = json.dumps([{**each, "description": text, "variations": {text: text}}])
    pipeline.insert(
        "cross_region_analyses",
        key_differences=findings,
        risk_assessment=findings,
        summary=text,
        recommendation=text,
    )
    pipeline.insert("diffs", job_id=1, diff_data=json.dumps(each))
    return planted
