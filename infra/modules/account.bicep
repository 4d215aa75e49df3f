import { roleAssignment } from 'types.bicep'

@description('3 to 24 lower-case letters and digits, unique in the world.')
@minLength(3)
@maxLength(24)
param name string
param location string
param tags object

@description('Standard_LRS keeps three copies in one building, Standard_ZRS in three.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param redundancy string

@description('Deleted and overwritten blobs can be had back for so many days. Erased persons are in them as long: the erasure report says until when.')
@minValue(1)
@maxValue(365)
param softDeleteDays int
param containers string[]
param tables string[]

@description('Serves the container $web to everybody: the only thing that is public.')
param website bool = false

@description('Rules of the management policy; none, no policy.')
param lifecycle object[] = []

@description('Rights on this account, or on one container of it.')
param roles roleAssignment[]

@description('Whether writes and deletes of blobs are logged, and where.')
param logged bool = false
param workspaceId string

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    isSftpEnabled: false
    minimumTlsVersion: 'TLS1_2'
    networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow' }
    publicNetworkAccess: 'Enabled'
    supportsHttpsTrafficOnly: true
    sasPolicy: { expirationAction: 'Block', sasExpirationPeriod: '7.00:00:00' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays, allowPermanentDelete: false }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    // Versions would outlive an erasure: soft delete keeps what was overwritten too, and says until when.
    isVersioningEnabled: false
    staticWebsite: website ? { enabled: true, indexDocument: 'index.html' } : { enabled: false }
  }

  resource container 'containers' = [
    for container in containers: {
      name: container
      properties: { publicAccess: 'None' }
    }
  ]
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-08-01' = {
  parent: account
  name: 'default'

  resource table 'tables' = [
    for table in tables: {
      name: table
    }
  ]
}

resource policy 'Microsoft.Storage/storageAccounts/managementPolicies@2025-08-01' = if (!empty(lifecycle)) {
  parent: account
  name: 'default'
  properties: { policy: { rules: lifecycle } }
  dependsOn: [blobs]
}

var onAccount = filter(roles, role => empty(role.?container))
var onContainer = filter(roles, role => !empty(role.?container))

resource accountRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in onAccount: {
    scope: account
    name: guid(account.id, role.who, role.roleId)
    properties: {
      principalId: role.principalId
      principalType: role.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.roleId)
    }
  }
]

resource granted 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' existing = [
  for role in onContainer: {
    parent: blobs
    name: role.?container ?? ''
  }
]

resource containerRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (role, index) in onContainer: {
    scope: granted[index]
    name: guid(granted[index].id, role.who, role.roleId)
    properties: {
      principalId: role.principalId
      principalType: role.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.roleId)
    }
    dependsOn: [blobs::container]
  }
]

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (logged) {
  scope: blobs
  name: 'writes-and-deletes'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

output id string = account.id
output webEndpoint string = website ? account.properties.primaryEndpoints.web : ''
