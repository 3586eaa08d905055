"""Compares two unifications of one database, row by row and column by column."""

from tests.reference.harness import KEYS, Tables
from tests.reference.unify import Row


def differences(expected: Tables, actual: Tables) -> list[str]:
    """Return what differs between two unifications.

    Args:
        expected: The reference's rows.
        actual: The SQL's rows.

    Returns:
        One line per row or column that differs, empty when nothing does.
    """
    return [
        f"{table} {line}"
        for table, key in KEYS.items()
        for line in _row_differences(_by_key(expected[table], key), _by_key(actual[table], key))
    ]


def _by_key(rows: list[Row], key: tuple[str, ...]) -> dict[str, Row]:
    keyed = {" ".join(str(row[column]) for column in key): row for row in rows}
    assert len(keyed) == len(rows), f"{key} is no key"
    return keyed


def _row_differences(expected: dict[str, Row], actual: dict[str, Row]) -> list[str]:
    lines = [f"{key}: only in the reference" for key in sorted(expected.keys() - actual.keys())]
    lines += [f"{key}: only in SQL" for key in sorted(actual.keys() - expected.keys())]
    for key in sorted(expected.keys() & actual.keys()):
        lines += _cell_differences(key, expected[key], actual[key])
    return lines


def _cell_differences(key: str, expected: Row, actual: Row) -> list[str]:
    return [
        f"{key} {column}: reference {expected[column]!r}, SQL {actual[column]!r}"
        for column in sorted(expected.keys() & actual.keys())
        if _comparable(actual[column]) != _comparable(expected[column])
    ]


def _comparable(value: object) -> object:
    return sorted(value) if isinstance(value, set | list) else value
