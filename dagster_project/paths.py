"""Where the project's own files lie. Holds folders only; nothing that depends on settings."""

from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
SQL_DIR = PROJECT_DIR / "sql"
DBT_DIR = PROJECT_DIR / "dbt"
