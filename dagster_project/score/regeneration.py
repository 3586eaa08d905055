"""Find answers that an endpoint generated twice, and recover the first one (incident I-24).

The EU and ASIA endpoints ask once more when the model refuses and put only the second answer in
`response`; the receipt's `full_response` is still the first generation, the prompt echo in front.
"""

import polars as pl

# Where a prompt echo ends and the model begins, in the chat formats of the models in use.
ASSISTANT_TURN = (
    r"(?s)^.*(?:<\|im_start\|>\s*assistant|<\|start_header_id\|>\s*assistant\s*<\|end_header_id\|>"
    r"|<\|assistant\|>|\[/INST\]|(?:^|\n)\s*(?:assistant|### Response)\s*:?\s*\n)"
)
SPECIAL_TOKENS = r"<\|(?:im_end|eot_id|end_of_text|endoftext|end)\|>|</s>"
WHITE_SPACE = r"\s+"


def squeezed(text: pl.Expr) -> pl.Expr:
    """Make white space the same everywhere."""
    return text.str.replace_all(WHITE_SPACE, " ").str.strip_chars()


def regeneration(answers: pl.DataFrame) -> pl.DataFrame:
    """Tell which answers are second attempts.

    Args:
        answers: answer_text, receipt_response and receipt_full_response; any may be null. The
            answer stands in for a receipt without a response.

    Returns:
        One row per answer in the same order: regenerated (the response is not part of the full
        response; null when the receipt lacks either) and first_answer_text (null unless
        regenerated and recoverable).
    """
    rows = answers.with_row_index("row")
    has_receipt = pl.col("receipt_full_response").is_not_null()
    found = rows.filter(has_receipt).select("row", **_compared())
    return rows.select("row").join(found, on="row", how="left", maintain_order="left").drop("row")


def _compared() -> dict[str, pl.Expr]:
    full = pl.col("receipt_full_response").cast(pl.String)
    response = squeezed(
        pl.coalesce(pl.col("receipt_response").cast(pl.String), pl.col("answer_text"))
    )
    known = (response != "") & (squeezed(full) != "")
    regenerated = pl.when(known).then(~squeezed(full).str.contains(response, literal=True))
    first = (
        full.str.replace(ASSISTANT_TURN, "").str.replace_all(SPECIAL_TOKENS, "").str.strip_chars()
    )
    return {
        "regenerated": regenerated,
        "first_answer_text": pl.when(regenerated & (first != "")).then(first),
    }
