#!/usr/bin/env bash
# After code is deployed: waits until Azure lists every function, then has the app told of dropped files (events.bicep). Safe to run again,
# and to be run again after the system key blobs_extension was renewed.
set -euo pipefail
cd "$(dirname "$0")"
: "${AZURE_RESOURCE_GROUP:?azd or the workflow sets it}" "${WSS_APP:?}" "${WSS_TOPIC:?}" "${WSS_HOST_ACCOUNT:?}"
pause="${WSS_PAUSE:-15}"
expected=$(./count-functions.sh)

for try in $(seq 1 40); do
  listed=$(az functionapp function list --resource-group "$AZURE_RESOURCE_GROUP" --name "$WSS_APP" --query 'length(@)' --output tsv 2>/dev/null || echo 0)
  [ "$listed" = "$expected" ] && break
  [ "$try" = 40 ] && { echo "$listed of $expected functions are there: see 'no functions appear' in docs/troubleshooting.md." >&2; exit 1; }
  sleep "$pause"
done
echo "$listed functions are there."

# The host makes the key when it first starts with a blob trigger. Only whether it is there is asked here; its value stays in Azure.
app=$(az functionapp show --resource-group "$AZURE_RESOURCE_GROUP" --name "$WSS_APP" --query id --output tsv)
for try in $(seq 1 40); do
  there=$(az rest --method post --url "$app/host/default/listkeys?api-version=2025-03-01" \
    --query 'systemKeys.blobs_extension != `null`' --output json 2>/dev/null || echo false)
  [ "$there" = true ] && break
  [ "$try" = 40 ] && { echo "The app has no key blobs_extension: see 'Dropped files' in docs/troubleshooting.md." >&2; exit 1; }
  sleep "$pause"
done

# Event Grid asks the app whether it wants the events; a cold one may answer too late.
for try in 1 2 3 4 5; do
  az deployment group create --resource-group "$AZURE_RESOURCE_GROUP" --name events --template-file events.bicep \
    --parameters app="$WSS_APP" topic="$WSS_TOPIC" deadLetterAccount="$WSS_HOST_ACCOUNT" --output none && break
  [ "$try" = 5 ] && { echo "The subscription to events failed; until it is there the nightly sweep imports dropped files." >&2; exit 1; }
  sleep "$pause"
done
echo "Dropped files are told of."
