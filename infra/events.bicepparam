using 'events.bicep'

// Made-up names; after-deploy.sh gives those of the deployment.
param app = 'wss-app'
param topic = 'drops'
param deadLetterAccount = 'wsshost'
