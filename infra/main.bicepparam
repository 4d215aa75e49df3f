using 'main.bicep'

// What azd and the workflow deploy. Values come from the environment: `azd env set WSS_SIZE prod`, or variables of the workflow's environment.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param size = readEnvironmentVariable('WSS_SIZE', 'dev')
param budgetStart = readEnvironmentVariable('WSS_BUDGET_START')
param alertEmail = readEnvironmentVariable('WSS_ALERT_EMAIL', '')
param createRoleAssignments = bool(readEnvironmentVariable('WSS_ASSIGN_ROLES', 'true'))

// Who deploys by azd, if nobody else is named.
param operators = {
  id: readEnvironmentVariable('WSS_OPERATORS', readEnvironmentVariable('AZURE_PRINCIPAL_ID', ''))
  type: readEnvironmentVariable('WSS_OPERATORS_TYPE', 'User')
}

// Who sets secrets: the operators, if nobody else is named. In the workflow nobody: its identity may not give that role.
param vaultKeepers = {
  id: readEnvironmentVariable('WSS_VAULT_KEEPERS', readEnvironmentVariable('WSS_OPERATORS', readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')))
  type: readEnvironmentVariable('WSS_VAULT_KEEPERS_TYPE', readEnvironmentVariable('WSS_OPERATORS_TYPE', 'User'))
}

// The survey tools and the rules of disclosure control, kept in the repository: no secret is in them.
param sources = loadJsonContent('sources.json')
param disclosureRules = loadJsonContent('disclosure.json')
