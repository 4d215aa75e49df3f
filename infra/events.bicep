targetScope = 'resourceGroup'

metadata description = 'Tells the app of dropped files. Apart from main.bicep, because the key below is made by the app when its code first starts.'

@description('The function app, with its code running.')
param app string

@description('The system topic of the data account.')
param topic string

@description('The host\'s account, where events are left that nobody took.')
param deadLetterAccount string

resource site 'Microsoft.Web/sites@2025-03-01' existing = { name: app }
resource drops 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = { name: topic }
resource host 'Microsoft.Storage/storageAccounts@2025-08-01' existing = { name: deadLetterAccount }

// The functions, and the containers their triggers name.
var triggers = [
  { function: 'ImportPoll', container: 'poll-drop' }
  { function: 'ImportRegister', container: 'register' }
]

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [
  for trigger in triggers: {
    parent: drops
    name: toLower(trigger.function)
    properties: {
      destination: {
        endpointType: 'WebHook'
        properties: {
          // Resource Manager reads the key when it deploys: it is in no file, no shell and no output.
          endpointUrl: 'https://${site.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.${trigger.function}&code=${listKeys('${site.id}/host/default', '2025-03-01').systemKeys.blobs_extension}'
          maxEventsPerBatch: 1
        }
      }
      eventDeliverySchema: 'EventGridSchema'
      filter: {
        includedEventTypes: ['Microsoft.Storage.BlobCreated']
        subjectBeginsWith: '/blobServices/default/containers/${trigger.container}/'
        // A file is whole when its last block is in.
        advancedFilters: [
          { key: 'data.api', operatorType: 'StringIn', values: ['CopyBlob', 'PutBlob', 'PutBlockList'] }
        ]
      }
      // A day of trying; then the event is kept for a look, and the nightly sweep finds the file anyway.
      retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
      deadLetterWithResourceIdentity: {
        identity: { type: 'SystemAssigned' }
        deadLetterDestination: {
          endpointType: 'StorageBlob'
          properties: { resourceId: host.id, blobContainerName: 'undelivered-events' }
        }
      }
    }
  }
]
