targetScope = 'resourceGroup'

import { disclosure, limits, people, retention, roles, schedules, source } from 'modules/types.bicep'

metadata description = 'The survey pipeline on Azure: everything in one resource group. Events of dropped files follow in events.bicep, once code is there.'

@description('What this estate is called in azd, e.g. wss-prod.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Everything is here: evidence stays in the region you choose.')
param location string = resourceGroup().location

@description('What the other parameters usually are. dev: cheap. prod: three buildings, longer memory.')
@allowed(['dev', 'prod'])
param size string

@description('The survey tools. Their secrets are in the vault, named by source.')
param sources source[] = []

@description('Rules of disclosure control where they differ from the defaults.')
param disclosureRules disclosure = {}

@description('How long what is kept is kept, in days, where it differs from the defaults.')
param retentionDays retention = {}

@description('What one instance takes at once, where it differs from the defaults.')
param instanceLimits limits = {}

@description('The share of traces that is kept, from 0 to 1. Metrics are kept whole.')
param samplingRatio string = '1'

@description('Whoever else hears metrics, traces and logs: the address of a collector that speaks OTLP over gRPC. Nobody where empty.')
param collector string = ''

@description('When the timers run, UTC.')
param timers schedules = {
  RecomputeSchedule: '0 */5 * * * *'
  PublishSchedule: '30 */5 * * * *'
  RetentionSchedule: '0 30 3 * * *'
  FetchSchedule: '15 * * * * *'
  HealSchedule: '45 20 * * * *'
  SweepSchedule: '0 15 2 * * *'
  AuditSchedule: '0 45 2 * * *'
  WatchSchedule: '50 */5 * * * *'
}

@description('Who makes links for pollsters and drops registers.')
param operators people = { id: '', type: 'Group' }

@description('Who sets secrets: whoever can, can also read them, and with the pseudonym key test who answered. The operators, if nobody else is named.')
param vaultKeepers people = operators

@description('False where whoever deploys may not assign roles: docs/deploy.md lists what an owner then assigns by hand.')
param createRoleAssignments bool = true

@description('Deleted and overwritten files can be had back for so many days; an erased person is in them as long.')
@minValue(7)
@maxValue(90)
param softDeleteDays int = size == 'prod' ? 14 : 7

@description('Copies of storage: in one building (LRS), in three (ZRS), or in another region too (GRS, GZRS).')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param redundancy string = size == 'prod' ? 'Standard_ZRS' : 'Standard_LRS'

@description('Instances at most: what bounds both the cost of a flood and how much of one is taken.')
param maximumInstances int = size == 'prod' ? 100 : 40

@allowed([512, 2048, 4096])
param instanceMemory int = 2048

@description('Instances that always wait for deliveries. 0: the first after a pause waits some seconds, which senders bear.')
@minValue(0)
param alwaysReadyHttp int = 0

@description('Addresses that may call the app, as CIDR; empty for all. Survey tools call from theirs.')
param allowedAddresses string[] = []

@description('Who is told of alerts and of the budget.')
param alertEmail string = ''
param budget int = size == 'prod' ? 50 : 15

@description('First day of a month, yyyy-MM-dd; do not change it later.')
param budgetStart string

@minValue(30)
@maxValue(730)
param logDays int = size == 'prod' ? 90 : 30
param logDailyGigabytes int = size == 'prod' ? 2 : 1

var suffix = uniqueString(resourceGroup().id, environmentName)
var tags = { 'azd-env-name': environmentName, application: 'whole-school-send-pipeline' }
var hostName = 'wsshost${suffix}'
var dataName = 'wssdata${suffix}'
var vaultName = 'wss-${suffix}'
var topicName = 'drops-${suffix}'
var insightsName = 'insights-${suffix}'
var deploymentContainer = 'deployments'
var undeliveredContainer = 'undelivered-events'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${suffix}'
  location: location
  tags: tags
}

module watch 'modules/watch.bicep' = {
  name: 'watch'
  params: { location: location, tags: tags, suffix: suffix, insightsName: insightsName, logDays: logDays, logDailyGigabytes: logDailyGigabytes }
}

// The host's own account: its locks, its keys and the code. Nothing of the survey is in it.
module host 'modules/account.bicep' = {
  name: 'host-account'
  params: {
    name: hostName
    location: location
    tags: tags
    redundancy: redundancy
    softDeleteDays: 7
    containers: [deploymentContainer, undeliveredContainer]
    tables: []
    workspaceId: watch.outputs.workspaceId
    lifecycle: [
      {
        name: 'undelivered-events'
        type: 'Lifecycle'
        enabled: true
        definition: {
          filters: { blobTypes: ['blockBlob'], prefixMatch: ['${undeliveredContainer}/'] }
          actions: { baseBlob: { delete: { daysAfterCreationGreaterThan: 30 } } }
        }
      }
    ]
    roles: createRoleAssignments
      ? [
          // What the host documents for AzureWebJobsStorage: it owns what it makes there.
          { who: identity.id, principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleId: roles.blobOwner }
          { who: identity.id, principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleId: roles.queueContributor }
          { who: identity.id, principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleId: roles.tableContributor }
        ]
      : []
  }
}

// The survey's account. The app needs no right to manage it; it creates tables and containers that a later release brings.
module data 'modules/account.bicep' = {
  name: 'data-account'
  params: {
    name: dataName
    location: location
    tags: tags
    redundancy: redundancy
    softDeleteDays: softDeleteDays
    website: true
    logged: true
    workspaceId: watch.outputs.workspaceId
    containers: [
      'poll-drop'
      'poll-reports'
      'probe'
      'quarantine'
      'raw'
      'register'
      'snapshots-internal'
    ]
    tables: [
      'Audits'
      'Engagements'
      'Erasures'
      'Errata'
      'Evidence'
      'Imports'
      'Instruments'
      'Issued'
      'KpiResults'
      'Milestones'
      'NetworkReach'
      'Operations'
      'Pending'
      'PollTotals'
      'Probe'
      'Quarantine'
      'SchoolLinks'
      'Schools'
      'Vendors'
      'Watch'
      'Waves'
    ]
    lifecycle: [
      {
        name: 'left-by-probes'
        type: 'Lifecycle'
        enabled: true
        definition: {
          filters: { blobTypes: ['blockBlob'], prefixMatch: ['probe/'] }
          actions: { baseBlob: { delete: { daysAfterCreationGreaterThan: 1 } } }
        }
      }
      {
        name: 'old-internal-documents'
        type: 'Lifecycle'
        enabled: true
        definition: {
          filters: { blobTypes: ['blockBlob'], prefixMatch: ['snapshots-internal/'] }
          actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 90 } } }
        }
      }
    ]
    roles: createRoleAssignments
      ? concat(
          [
            { who: identity.id, principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleId: roles.blobContributor }
            { who: identity.id, principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleId: roles.tableContributor }
            // The blob triggers put what failed five times into a queue beside the file.
            { who: identity.id, principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleId: roles.queueContributor }
          ],
          empty(operators.id)
            ? []
            : [
                // A link is signed by a key for users (delegator), and gives no more than its maker has.
                { who: operators.id, principalId: operators.id, principalType: operators.type, roleId: roles.blobDelegator }
                { who: operators.id, principalId: operators.id, principalType: operators.type, roleId: roles.blobContributor, container: 'poll-drop' }
                { who: operators.id, principalId: operators.id, principalType: operators.type, roleId: roles.blobContributor, container: 'register' }
                { who: operators.id, principalId: operators.id, principalType: operators.type, roleId: roles.blobReader, container: 'poll-reports' }
              ]
        )
      : []
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: vaultName
    location: location
    tags: tags
    appIdentityId: identity.id
    appPrincipalId: identity.properties.principalId
    vaultKeepers: vaultKeepers
    createRoleAssignments: createRoleAssignments
    workspaceId: watch.outputs.workspaceId
  }
}

module drops 'modules/topic.bicep' = {
  name: 'drops'
  params: {
    name: topicName
    location: location
    tags: tags
    sourceId: data.outputs.id
    deadLetterAccount: hostName
    deadLetterContainer: undeliveredContainer
    createRoleAssignments: createRoleAssignments
    workspaceId: watch.outputs.workspaceId
  }
  dependsOn: [host]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    suffix: suffix
    insightsName: insightsName
    appIdentityId: identity.id
    appPrincipalId: identity.properties.principalId
    createRoleAssignments: createRoleAssignments
    topicName: topicName
    alertEmail: alertEmail
    budget: budget
    budgetStart: budgetStart
  }
  dependsOn: [watch, drops]
}

// Roles first: an app that starts without them fails, and it takes minutes until they are known everywhere.
module app 'modules/app.bicep' = {
  name: 'app'
  params: {
    name: 'wss-${suffix}'
    location: location
    tags: tags
    identityId: identity.id
    clientId: identity.properties.clientId
    hostAccount: hostName
    dataAccount: dataName
    deploymentContainer: deploymentContainer
    vaultName: vaultName
    insightsConnection: watch.outputs.insightsConnection
    sources: sources
    disclosureRules: disclosureRules
    retentionDays: retentionDays
    instanceLimits: instanceLimits
    samplingRatio: samplingRatio
    collector: collector
    timers: timers
    softDeleteDays: softDeleteDays
    maximumInstances: maximumInstances
    instanceMemory: instanceMemory
    alwaysReadyHttp: alwaysReadyHttp
    allowedAddresses: allowedAddresses
  }
  dependsOn: [host, data, vault, alerts]
}

// azd keeps these as variables of the environment; the scripts read them from the deployment.
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = resourceGroup().name
output SERVICE_FUNCTIONS_NAME string = app.outputs.name
output WSS_APP string = app.outputs.name
output WSS_ADDRESS string = 'https://${app.outputs.hostName}'
output WSS_PAGE string = data.outputs.webEndpoint
output WSS_DATA_ACCOUNT string = dataName
output WSS_HOST_ACCOUNT string = hostName
output WSS_VAULT string = vaultName
output WSS_TOPIC string = topicName
