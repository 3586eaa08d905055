"""Print shell commands that give uv the package index that pip is configured with.

Belongs here: the translation. What uv is told in its own variables stays as it is, but for
``--published``: then nothing that lies on this machine's disk counts. A lock file must hold the
hashes of what was published for all platforms, not of the one wheel that lies here.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping

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
# Where packages come from, and what stands between two places.
SOURCES = {
    "UV_DEFAULT_INDEX": " ",
    "UV_INDEX": " ",
    "UV_INDEX_URL": " ",
    "UV_EXTRA_INDEX_URL": " ",
    "UV_FIND_LINKS": ",",
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


def published(variables: dict[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without folders of this machine; an empty one is to be unset.

    Args:
        variables: What pip's configuration means for uv.
        environment: What is set already, which wins.
    """
    chosen = {**variables, **{name: environment[name] for name in SOURCES if name in environment}}
    return {
        name: SOURCES[name].join(filter(_is_remote, re.split(r"[\s,]+", value)))
        if name in SOURCES
        else value
        for name, value in chosen.items()
    }


def _is_remote(source: str) -> bool:
    return source.startswith(("https:", "http:"))


def main() -> None:
    """Print one command per variable that is not set, or must not be."""
    variables = uv_variables(pip_configuration())
    keep = set(os.environ)
    if sys.argv[1:] == ["--published"]:
        variables = published(variables, os.environ)
        keep -= set(SOURCES)
    for name, value in variables.items():
        if name not in keep:
            command = f"export {name}={shlex.quote(value)}" if value else f"unset {name}"
            sys.stdout.write(command + "\n")


if __name__ == "__main__":
    main()
