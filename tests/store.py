"""A server that speaks S3, as a process of its own. Holds no test data."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

BUCKET = "outputs"
ASKS_WHO = {"INITIAL_NO_AUTH_ACTION_COUNT": "0"}
"""Lets the server refuse keys that it has not given out itself."""


@contextmanager
def s3_server(**variables: str) -> Iterator[Mapping[str, str]]:
    """Start it on a free port; give the variables by which clients find it."""
    program = Path(sys.executable).with_name("moto_server")
    with subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", "0"], stderr=subprocess.PIPE, text=True, env=variables
    ) as server:
        assert server.stderr is not None
        address = next(filter(None, (re.search(r"http://\S+", line) for line in server.stderr)))
        # What it says of each request is read, or it would stop when the pipe is full.
        Thread(target=server.stderr.read, daemon=True).start()
        try:
            yield {
                "AWS_ENDPOINT_URL": address[0],
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
        finally:
            server.terminate()
