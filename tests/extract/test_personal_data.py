import json

import psycopg
from psycopg import sql

from tests.extract.conftest import Pipeline

ADDRESS = "0x" + "aB12" * 10
SIGNATURE = "0x" + "5e" * 65
PUBLIC_KEY = "MCowBQYDK2VwAyEAplantedkey="
PLANTED = (ADDRESS, SIGNATURE, PUBLIC_KEY)


def test_no_table_of_the_warehouse_holds_a_planted_wallet(pipeline: Pipeline) -> None:
    wallet = {
        "wallet_auth": {"address": ADDRESS, "signature": SIGNATURE, "message": f"I, {ADDRESS}"},
        "metadata": {"walletAddress": ADDRESS.lower(), "nonce": "planted-nonce"},
        "signature": SIGNATURE,
        "public_key": PUBLIC_KEY,
        "note": f"{ADDRESS} {PUBLIC_KEY}",
    }
    planted = json.dumps(wallet)
    job = pipeline.insert("jobs", jobspec_data=planted)
    pipeline.insert(
        "executions",
        job_id=job,
        output_data=json.dumps({"response": f"Dear {ADDRESS}", "error": SIGNATURE} | wallet),
        receipt_data=planted,
        retry_history=json.dumps([wallet]),
        original_error=f"signed by {ADDRESS} with {SIGNATURE}, key {PUBLIC_KEY}",
        system_prompt=ADDRESS.upper(),
    )
    pipeline.insert("cross_region_executions")
    pipeline.insert(
        "region_results",
        provider_info=planted,
        execution_output=planted,
        scoring=planted,
        metadata=planted,
        error_message=f"wallet {ADDRESS}",
    )
    pipeline.insert(
        "cross_region_analyses",
        key_differences=json.dumps([wallet]),
        risk_assessment=json.dumps([wallet]),
        summary=ADDRESS,
        recommendation=SIGNATURE,
    )
    pipeline.insert("diffs", job_id=job, diff_data=planted)
    result = pipeline.extract()
    assert set(result.rows.values()) == {1}
    warehouse = everything(pipeline.warehouse).lower()
    for secret in (*PLANTED, "planted-nonce"):
        assert secret.lower() not in warehouse
    assert "dear [redacted]" in warehouse


def test_a_quarantined_row_gives_nothing_away(pipeline: Pipeline) -> None:
    pipeline.runner.execute("alter table executions alter output_data type text")
    pipeline.insert("executions", output_data=f'{{"wallet_address": "{ADDRESS}"')
    pipeline.insert("executions", original_error=ADDRESS, started_at="infinity")
    assert pipeline.extract().quarantined["executions"] == 2
    assert ADDRESS.lower() not in everything(pipeline.warehouse).lower()


def everything(warehouse: psycopg.Connection[tuple[object, ...]]) -> str:
    """Return the text of every row of every table outside Postgres's own schemas."""
    tables = warehouse.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    texts: list[str] = []
    for schema, table in tables:
        query = sql.SQL("select rows::text from {} as rows").format(
            sql.Identifier(str(schema), str(table))
        )
        texts.extend(str(text) for (text,) in warehouse.execute(query).fetchall())
    return "\n".join(texts)
