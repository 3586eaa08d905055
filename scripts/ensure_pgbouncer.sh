#!/bin/sh
# Makes sure that the tests of poolers have a PgBouncer; installs Debian's where that is possible.
set -eu
PATH="$PATH:/usr/sbin"

if ! command -v pgbouncer >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "pgbouncer: not found; installing it with apt-get"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends pgbouncer
fi
if ! command -v pgbouncer >/dev/null; then
    echo "pgbouncer: the tests of poolers need it. Install pgbouncer (Debian, Ubuntu:" >&2
    echo "  sudo apt-get install pgbouncer)." >&2
    exit 1
fi
