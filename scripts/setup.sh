#!/bin/sh
# Makes .venv from the hash-pinned lock files, with nothing but Python and the package index.
set -eu

suitable='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
python=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if command -v "$candidate" >/dev/null && "$candidate" -c "$suitable"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "setup: Python 3.11, 3.12 or 3.13 is needed; python3 is $(python3 --version 2>&1)." >&2
    echo "setup: install one, or name it: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "setup: $python has no venv module (Debian, Ubuntu: apt-get install python3-venv)." >&2
    exit 1
fi

echo "setup: .venv with $("$python" --version)"
"$python" -m venv --clear .venv
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_PYTHON_DOWNLOADS=never
.venv/bin/python -m pip install --quiet --require-hashes --requirement requirements-uv.lock
eval "$(.venv/bin/python scripts/uv_settings.py)"
# Compiled once, here: where PYTHONDONTWRITEBYTECODE is set, as in many images, every command would
# compile 4,000 modules again.
if ! .venv/bin/uv pip install --python .venv/bin/python --require-hashes --compile-bytecode \
    --requirement requirements.lock; then
    echo "setup: uv could not install (see above); installing with pip, which takes longer." >&2
    # The lock is complete; pip would refuse the extras that it lists without.
    .venv/bin/python -m pip install --no-deps --require-hashes --requirement requirements.lock
fi
