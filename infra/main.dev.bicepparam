using 'main.bicep'

// A small estate with made-up names, as main.bicepparam makes it: what the tests hold.
param environmentName = 'wss-dev'
param location = 'uksouth'
param size = 'dev'
param budgetStart = '2026-12-01'
