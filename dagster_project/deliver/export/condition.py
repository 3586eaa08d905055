"""A condition of somebody's own, before it reaches the server: only what can do no harm.

A role that the session gave up can be taken back from within a query (`set_config`), and text can
be run as another query (`query_to_xml`). So what is not on the lists below is refused, and the
statement is written anew from what was read: no other reading of the text reaches the server.
"""

from sqlglot import exp
from sqlglot.errors import SqlglotError

DIALECT = "postgres"

_PARTS = (
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Tuple, exp.Case, exp.If),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ),
    *(exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Any, exp.Array),
    *(exp.ArrayContainsAll, exp.ArrayOverlaps),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg),
    *(exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean),
    *(exp.Cast, exp.DataType, exp.Interval, exp.Var),
    *(exp.JSONExtract, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathKey, exp.JSONPathRoot),
    *(exp.Lower, exp.Upper, exp.Length, exp.Coalesce, exp.Abs, exp.StartsWith),
    *(exp.TimestampTrunc, exp.Extract, exp.CurrentDate, exp.CurrentTimestamp),
)
_FUNCTIONS = frozenset({"cardinality", "all"})
"""Functions that sqlglot does not know by a class of their own."""
_TYPES = frozenset(
    {
        *(exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.UUID, exp.DType.BOOLEAN),
        *(exp.DType.INT, exp.DType.BIGINT, exp.DType.DOUBLE, exp.DType.DECIMAL),
        *(exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ),
    }
)


class ConditionError(ValueError):
    """The text is no condition, or says more than a condition may."""


def safe_condition(text: str) -> str:
    """Return a condition on the columns of one relation as SQL of ours.

    Raises:
        ConditionError: It is no condition, or has a part that is not on the lists; names it.
    """
    try:
        condition = exp.condition(text, dialect=DIALECT)
    except (SqlglotError, RecursionError):
        message = f"{text!r} is no condition on columns, such as: region = 'US' and answered > 2"
        raise ConditionError(message) from None
    for part in condition.walk():
        if not _is_harmless(part):
            shown = part.sql(dialect=DIALECT, comments=False)
            message = (
                f"{shown!r} may not stand in a condition. What may: columns, values, comparisons, "
                "and, or, not, in (…), between, like, is null, arrays, dates and simple functions."
            )
            raise ConditionError(message)
    return condition.sql(dialect=DIALECT, comments=False)


def _is_harmless(part: exp.Expr) -> bool:
    if isinstance(part, exp.Anonymous):
        return str(part.this).lower() in _FUNCTIONS
    if isinstance(part, exp.Column):
        # `relation.name` may call a function that takes a row.
        return not part.table
    if isinstance(part, exp.DataType):
        return part.this in _TYPES
    # Not of a class below: those may do more.
    return type(part) in _PARTS
