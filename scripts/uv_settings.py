"""Print shell commands that give uv the package index that pip is configured with.

Belongs here: the translation. What uv is told in its own variables stays as it is.
"""

import ast
import os
import shlex
import subprocess
import sys

# A later section of pip's configuration overrides an earlier one.
SECTIONS = ("global", "install", ":env:")
VARIABLES = {
    "index-url": "UV_INDEX_URL",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}


def pip_configuration() -> dict[str, str]:
    """Return pip's options by name, e.g. ``index-url``."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    options: dict[str, str] = {}
    for section in SECTIONS:
        for line in lines:
            name, _, value = line.partition("=")
            if name.startswith(f"{section}."):
                options[name.removeprefix(f"{section}.")] = ast.literal_eval(value)
    return options


def uv_variables(options: dict[str, str]) -> dict[str, str]:
    """Return the environment variables of uv that mean the same as options of pip."""
    variables = {
        VARIABLES[name]: " ".join(value.split())
        for name, value in options.items()
        if name in VARIABLES
    }
    if "UV_FIND_LINKS" in variables:
        variables["UV_FIND_LINKS"] = variables["UV_FIND_LINKS"].replace(" ", ",")
    # Like pip, look at all indexes; the hashes decide what is accepted.
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **variables}


def main() -> None:
    """Print one export per variable that is not set."""
    for name, value in uv_variables(pip_configuration()).items():
        if name not in os.environ:
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


if __name__ == "__main__":
    main()
