#!/usr/bin/env bash
# Whether a published folder would bring its functions with it: check-publish.sh FOLDER
set -euo pipefail
folder="${1:?the folder that dotnet publish wrote}"
wrong=0
say() { echo "$1" >&2; wrong=1; }
# Hidden, so that tools which zip or upload leave it out: then the deployment is green and no function appears.
[ -d "$folder/.azurefunctions" ] && [ -n "$(ls -A "$folder/.azurefunctions")" ] || say "The folder .azurefunctions is missing or empty."
for file in host.json worker.config.json extensions.json functions.metadata WholeSchoolSend.Functions.dll; do
  [ -s "$folder/$file" ] || say "$file is missing."
done
[ ! -e "$folder/local.settings.json" ] || say "local.settings.json must not be published."
[ ! -e "$folder/WholeSchoolSend.LocalHost.dll" ] || say "This was published for one machine (FunctionsHost=local), not for Azure."
expected=$("$(dirname "$0")/count-functions.sh")
found=$(grep --only-matching '"entryPoint"' "$folder/functions.metadata" 2>/dev/null | wc -l || true)
[ "$found" = "$expected" ] || say "functions.metadata names $found functions, the source has $expected."
[ "$wrong" = 0 ] && echo "$found functions are published."
exit "$wrong"
