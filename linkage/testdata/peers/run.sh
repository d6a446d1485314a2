#!/usr/bin/env bash
# The comparison with other programs: see compare.py. Everything made or
# installed lies under build/peers.
#
#     run.sh link|growth TRE BUILD PUBLISHED [options of compare.py]
set -euo pipefail
what=$1 tre=$2 build=$3 published=$4
shift 4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$build/venv
mkdir -p "$build"
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
  command -v python3 >/dev/null || { echo "bench-peers: python3 is not installed" >&2; exit 1; }
  echo "installing $(grep -v '^#' "$here/requirements.txt" | tr '\n' ' ')" >&2
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/requirements.txt" # only now is it whole
fi
exec "$venv/bin/python" "$here/compare.py" "$what" --tre "$tre" --build "$build" --published "$published" "$@"
