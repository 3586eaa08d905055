"""Where the project's own files lie. Holds folders only; nothing that depends on settings."""

from pathlib import Path

PACKAGE_DIR = Path(__file__).resolve().parent
PROJECT_DIR = PACKAGE_DIR.parent
SQL_DIR = PROJECT_DIR / "sql"
DBT_DIR = PROJECT_DIR / "dbt"
