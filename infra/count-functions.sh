#!/usr/bin/env bash
# How many functions the source has: what must be published, and what Azure must list.
set -euo pipefail
triggers="$(dirname "$0")/../src/WholeSchoolSend.Functions/Triggers"
grep --recursive --no-filename --include='*.cs' --count '\[Function(nameof(' "$triggers" | awk '{ all += $1 } END { print all }'
