#!/bin/sh
# Makes sure that the tests have what no Python package brings: a Chromium, a Postgres that speaks
# TLS beside the embedded one, a PgBouncer, a Redis and `ip` for hosts of namespaces. Installs Debian's where that is possible.
set -eu
PATH="$PATH:/usr/sbin"

find_chromium() {
    for name in "${BEACON_CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if [ -n "$name" ] && command -v "$name"; then
            return 0
        fi
    done
    return 1
}

find_postgres() {
    for folder in $(pg_config --bindir 2>/dev/null) /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
        if [ -x "$folder/initdb" ]; then
            echo "$folder/postgres"
            return 0
        fi
    done
    return 1
}

find_pgbouncer() {
    command -v pgbouncer
}

find_redis() {
    command -v redis-server
}

find_ip() {
    command -v ip
}

# ensure WORD FINDER PACKAGE REMEDY: says which program it is, and its version.
ensure() {
    if ! $2 >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "$1: not found; installing it with apt-get"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$3"
    fi
    if ! program=$($2); then
        echo "$1: the tests need it. Install it (Debian, Ubuntu: sudo apt-get install $3)$4." >&2
        exit 1
    fi
    echo "$1: $program ($("$program" --version 2>/dev/null))"
}

ensure chromium find_chromium chromium ", or set BEACON_CHROMIUM to its program"
ensure postgres find_postgres postgresql ""
ensure pgbouncer find_pgbouncer pgbouncer ""
ensure redis find_redis redis-server ""
ensure ip find_ip iproute2 ""
