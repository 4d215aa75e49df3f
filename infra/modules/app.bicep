import { disclosure, limits, retention, schedules, source } from 'types.bicep'

param name string
param location string
param tags object

@description('The user-assigned identity, and its client id.')
param identityId string
param clientId string

@description('Names of the two accounts.')
param hostAccount string
param dataAccount string
param deploymentContainer string
param vaultName string
param insightsConnection string

param sources source[]
param disclosureRules disclosure
param retentionDays retention
param instanceLimits limits
param samplingRatio string
param collector string
param timers schedules
param softDeleteDays int

@minValue(1)
@maxValue(1000)
param maximumInstances int
@allowed([512, 2048, 4096])
param instanceMemory int
@minValue(0)
param alwaysReadyHttp int
param allowedAddresses string[]

// What the vault keeps is named, never brought here. Without a version the newest counts, within a day, or when refresh-secrets.sh asks.
func vaultSecret(vaultName string, secret string) string => '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${secret})'

func ofSource(setting source, vaultName string) object =>
  toObject(
    filter(
      concat(
        [
          { name: 'Tool', value: setting.tool }
          { name: 'Verification', value: setting.?verification ?? '' }
          { name: 'Header', value: setting.?header ?? '' }
          { name: 'Query', value: setting.?query ?? '' }
          { name: 'TimeZone', value: setting.?timeZone ?? '' }
          { name: 'Api__BaseAddress', value: setting.?api.?baseAddress ?? '' }
          { name: 'Api__PerMinute', value: string(setting.?api.?perMinute ?? '') }
          { name: 'Api__PerDay', value: string(setting.?api.?perDay ?? '') }
          {
            name: 'Api__Token'
            value: setting.?api == null ? '' : vaultSecret(vaultName, 'source-${replace(setting.name, '_', '-')}-api-token')
          }
        ],
        map(range(0, setting.secrets), number => {
          name: 'Secrets__${number}'
          value: vaultSecret(vaultName, 'source-${replace(setting.name, '_', '-')}-${number}')
        })
      ),
      given => !empty(given.value)
    ),
    given => 'Sources__${setting.name}__${given.name}',
    given => given.value
  )

// What stands in angle brackets is known only while this is deployed. It is put in one by one at the end, so that what-if and the
// snapshot can say all that is known before.
func late(text string, clientId string, insights string) string =>
  replace(replace(replace(text, '<clientId>', clientId), '<insights>', insights), '<storage>', environment().suffixes.storage)

var settings = union(
  {
    // The host reaches its own account as this identity.
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: '<clientId>'
    AzureWebJobsStorage__blobServiceUri: 'https://${hostAccount}.blob.<storage>/'
    AzureWebJobsStorage__queueServiceUri: 'https://${hostAccount}.queue.<storage>/'
    AzureWebJobsStorage__tableServiceUri: 'https://${hostAccount}.table.<storage>/'
    SurveyData__credential: 'managedidentity'
    SurveyData__clientId: '<clientId>'
    SurveyData__blobServiceUri: 'https://${dataAccount}.blob.<storage>/'
    SurveyData__queueServiceUri: 'https://${dataAccount}.queue.<storage>/'
    SurveyData__tableServiceUri: 'https://${dataAccount}.table.<storage>/'
    APPLICATIONINSIGHTS_CONNECTION_STRING: '<insights>'
    // For the host; the worker takes the client id from SurveyData.
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=<clientId>;Authorization=AAD'
    PseudonymKey: vaultSecret(vaultName, 'pseudonym-key')
    PublicContainer: '$web'
    SoftDeleteDays: string(softDeleteDays)
    Telemetry__SamplingRatio: samplingRatio
  },
  timers,
  empty(collector) ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collector },
  toObject(items(disclosureRules), rule => 'Disclosure__${rule.key}', rule => rule.value),
  toObject(items(retentionDays), rule => 'Retention__${rule.key}', rule => string(rule.value)),
  toObject(items(instanceLimits), rule => 'Limits__${rule.key}', rule => string(rule.value)),
  reduce(sources, {}, (all, setting) => union(all, ofSource(setting, vaultName)))
)

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [
        for setting in items(settings): {
          name: setting.key
          value: contains(setting.value, '<') ? late(setting.value, clientId, insightsConnection) : setting.value
        }
      ]
      ipSecurityRestrictionsDefaultAction: empty(allowedAddresses) ? 'Allow' : 'Deny'
      // Whoever lets in survey tools and operators only must let in the events of dropped files too.
      ipSecurityRestrictions: empty(allowedAddresses)
        ? []
        : concat(
            [{ name: 'event-grid', action: 'Allow', priority: 100, tag: 'ServiceTag', ipAddress: 'AzureEventGrid' }],
            map(allowedAddresses, (address, index) => {
              name: 'allowed-${index}'
              action: 'Allow'
              priority: 200 + index
              ipAddress: address
            })
          )
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${hostAccount}.blob.${environment().suffixes.storage}/${deploymentContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'dotnet-isolated', version: '10.0' }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstances
        instanceMemoryMB: instanceMemory
        alwaysReady: alwaysReadyHttp > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttp }] : []
      }
    }
  }

  // Nobody deploys by a password: only who may by Entra ID.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

output id string = app.id
output name string = app.name
output hostName string = app.properties.defaultHostName
