import { roles } from 'types.bicep'

param name string
param location string
param tags object

@description('The account whose new files are told of.')
param sourceId string
param deadLetterAccount string
param deadLetterContainer string
param createRoleAssignments bool
param workspaceId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  // Only this identity can leave what was not delivered in an account without keys.
  identity: { type: 'SystemAssigned' }
  properties: { source: sourceId, topicType: 'Microsoft.Storage.StorageAccounts' }
}

resource undelivered 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' existing = {
  name: '${deadLetterAccount}/default/${deadLetterContainer}'
}

resource leaves 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  scope: undelivered
  name: guid(undelivered.id, topic.id, roles.blobContributor)
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobContributor)
  }
}

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: topic
  name: 'failures'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'DeliveryFailures', enabled: true }]
  }
}
