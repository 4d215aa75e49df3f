#!/usr/bin/env bash
# Has the app read its secrets from the vault again, now: by itself Azure does so within a day, and a restart does not. Waits until all are read, and names
# those that are not. For the first deployment, after a secret was set or changed, and after roles came late.
set -euo pipefail
: "${AZURE_RESOURCE_GROUP:?azd or the workflow sets it}" "${WSS_APP:?}"
app=$(az functionapp show --resource-group "$AZURE_RESOURCE_GROUP" --name "$WSS_APP" --query id --output tsv)
references="$app/config/configreferences/appsettings"
for try in $(seq 1 "${WSS_TRIES:-12}"); do
  az rest --method post --url "$references/refresh?api-version=2022-03-01" --output none || true   # a role that was just assigned is known after some minutes
  sleep "${WSS_PAUSE:-30}"
  # Names of settings and a status; a value is never in this answer.
  unread=$(az rest --method get --url "$references?api-version=2022-03-01" --query "join(', ', value[?properties.status!='Resolved'].name)" --output tsv) || continue
  if [ -z "$unread" ]; then echo "All secrets are read."; exit 0; fi
done
echo "Not read from the vault: ${unread:-nothing could be asked}. Set what is missing (docs/deploy.md, The survey tools), or wait for the role Key Vault Secrets User, and run infra/refresh-secrets.sh again." >&2
exit 1
