#!/usr/bin/env bash
# Rewrites the golden snapshots after a change of the templates: read the difference before you commit it.
set -euo pipefail
cd "$(dirname "$0")"
bicep="${BICEP:-$HOME/.nuget/packages/azure.bicep.commandline.linux-x64/0.49.2/tools/bicep}"
for parameters in main.dev main.prod events; do
  "$bicep" snapshot "$parameters.bicepparam" --mode "${1:-overwrite}" \
    --subscription-id 00000000-0000-0000-0000-000000000001 --resource-group wss --location uksouth --deployment-name golden
done
