import { roles } from 'types.bicep'

param location string
param tags object
param suffix string
param insightsName string

@description('The identity of the app: it may send telemetry, and nothing else.')
param appIdentityId string
param appPrincipalId string
param createRoleAssignments bool
param topicName string

@description('Who is told; nobody where empty, and then the alerts are seen in the portal only.')
param alertEmail string

@description('Euros, pounds or dollars a month, in the currency of the subscription.')
param budget int

@description('First day of a month, yyyy-MM-dd. Azure refuses another one later for the same budget: so it is never taken from the clock.')
param budgetStart string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }
resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = { name: topicName }

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  scope: insights
  name: guid(insights.id, appIdentityId, roles.metricsPublisher)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
  }
}

resource told 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: 'told-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'wss'
    emailReceivers: [{ name: 'on-call', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

// The last value of each series, added up: a gauge may come once for each source.
func newest(metric string) string =>
  'customMetrics | where name == "${metric}" | summarize arg_max(timestamp, valueMax) by series = tostring(customDimensions) | summarize value = sum(valueMax)'

// Each query gives a line when something is to be done, and none otherwise. docs/runbook.md says what.
var alerts = [
  {
    name: 'poison'
    severity: 1
    title: 'A dropped file failed five times'
    every: 'PT15M'
    window: 'PT1H'
    query: '${newest('wss.imports.poisoned')} | where value > 0'
  }
  {
    name: 'quarantine-growing'
    severity: 2
    title: 'More waits in quarantine than a day ago'
    every: 'PT1H'
    window: 'P1D'
    query: '''
customMetrics | where name == "wss.quarantine.waiting"
| summarize waiting = max(valueMax) by series = tostring(customDimensions), hour = bin(timestamp, 1h)
| summarize waiting = sum(waiting) by hour
| order by hour asc
| summarize hours = make_list(waiting)
| where toint(hours[-1]) > toint(hours[0])
'''
  }
  {
    name: 'snapshot-age'
    severity: 1
    title: 'Publishing has not run for an hour, or nothing is heard of it'
    every: 'PT15M'
    window: 'PT1H'
    query: '''
customMetrics | where name == "wss.snapshot.age"
| summarize arg_max(timestamp, valueMax), heard = count()
| where heard == 0 or valueMax > 3600
'''
  }
  {
    name: 'pending-stuck'
    severity: 2
    title: 'An announced response has not been fetched for a day'
    every: 'PT1H'
    window: 'PT1H'
    query: '${newest('wss.pending.oldest_age')} | where value > 86400'
  }
  {
    name: 'backlog'
    severity: 2
    title: 'A changed school has waited for its recompute for over half an hour'
    every: 'PT15M'
    window: 'PT1H'
    query: '${newest('wss.backlog.oldest_age')} | where value > 1800'
  }
  {
    name: 'audit-difference'
    severity: 1
    title: 'The nightly audit found totals that differ from the evidence'
    every: 'PT1H'
    window: 'P1D'
    query: '${newest('wss.audit.differences')} | where value > 0'
  }
  {
    name: 'deliveries'
    severity: 2
    title: 'Deliveries could not be stored, or many were refused'
    every: 'PT15M'
    window: 'PT1H'
    query: '''
customMetrics | where name == "wss.deliveries"
| summarize lost = sumif(valueSum, customDimensions.fate in ("not_stored", "busy")), refused = sumif(valueSum, customDimensions.fate == "refused")
| where lost >= 5 or refused >= 20
'''
  }
  {
    name: 'failed-requests'
    severity: 2
    title: 'Requests fail with 5xx: senders are told to come again'
    every: 'PT5M'
    window: 'PT15M'
    query: 'requests | where toint(resultCode) >= 500 | summarize failed = sum(itemCount) | where failed >= 5'
  }
  {
    name: 'failed-functions'
    severity: 2
    title: 'A timer or an import failed three times in an hour'
    every: 'PT15M'
    window: 'PT1H'
    query: 'requests | where success == false and isempty(url) | summarize failed = sum(itemCount) by operation_Name | where failed >= 3'
  }
  {
    // What runs once a night or an hour never fails three times in one. One run that failed and was followed by a good one is nothing.
    name: 'timer-failed'
    severity: 2
    title: 'A timer has failed, or has not run when it was due'
    every: 'PT15M'
    window: 'PT1H'
    query: '''
customMetrics | where name == "wss.timers.failed"
| summarize told = count(), good = countif(valueMax == 0) by timer = tostring(customDimensions.timer)
| where told >= 3 and good == 0
'''
  }
]

resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: {
    name: 'alert-${alert.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.title
      description: 'docs/runbook.md, alert ${alert.name}'
      severity: alert.severity
      enabled: true
      evaluationFrequency: alert.every
      windowSize: alert.window
      scopes: [insights.id]
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      actions: { actionGroups: empty(alertEmail) ? [] : [told.id] }
    }
  }
]

resource undelivered 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for metric in ['DeadLetteredCount', 'DroppedEventCount']: {
    name: 'alert-events-${toLower(metric)}-${suffix}'
    location: 'global'
    tags: tags
    properties: {
      description: 'A dropped file was not announced to the app; the nightly sweep imports it. docs/runbook.md, alerts of events'
      severity: 2
      enabled: true
      scopes: [topic.id]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT1H'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: 'undelivered'
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: 'Microsoft.EventGrid/systemTopics'
            metricName: metric
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: 0
          }
        ]
      }
      actions: empty(alertEmail) ? [] : [{ actionGroupId: told.id }]
    }
  }
]

resource limit 'Microsoft.Consumption/budgets@2024-08-01' = if (!empty(alertEmail)) {
  name: 'budget-${suffix}'
  properties: {
    category: 'Cost'
    amount: budget
    timeGrain: 'Monthly'
    timePeriod: { startDate: '${budgetStart}T00:00:00Z' }
    notifications: {
      spent: { enabled: true, operator: 'GreaterThan', threshold: 80, thresholdType: 'Actual', contactEmails: [alertEmail] }
      foreseen: { enabled: true, operator: 'GreaterThan', threshold: 100, thresholdType: 'Forecasted', contactEmails: [alertEmail] }
    }
  }
}
