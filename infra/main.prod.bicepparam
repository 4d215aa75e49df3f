using 'main.bicep'

// A large estate with made-up names, and with everything that can be set: what the tests hold.
param environmentName = 'wss-prod'
param location = 'uksouth'
param size = 'prod'
param alwaysReadyHttp = 1
param allowedAddresses = ['192.0.2.0/24']
param alertEmail = 'on-call@example.org'
param budgetStart = '2026-12-01'
param operators = { id: '00000000-0000-0000-0000-00000000000a', type: 'Group' }
param vaultKeepers = { id: '00000000-0000-0000-0000-00000000000b', type: 'Group' }
param sources = [
  { name: 'teachers_typeform', tool: 'typeform', secrets: 2 }
  {
    name: 'leaders_monkey'
    tool: 'surveymonkey'
    verification: 'signature'
    header: 'X-Signature'
    secrets: 1
    api: { baseAddress: 'https://api.surveymonkey.example/', perMinute: 60, perDay: 400 }
  }
  { name: 'visits_tracking', tool: 'microsoftforms', verification: 'query', query: 'key', timeZone: 'Europe/London', secrets: 1 }
  { name: 'old_form', tool: 'retired', secrets: 0 }
]
param disclosureRules = {
  MinRespondents: '10'
  MinSchools: '3'
  MaxSchoolShare: '0.5'
  ReliableRespondents: '30'
  MaxWidth: '30'
  CautionRespondents: '100'
  CautionDegreesOfFreedom: '8'
  RoundBaseTo: '5'
}
param retentionDays = {
  AnswerDays: 730
  QuarantineDays: 730
  PollFileDays: 1095
  RegisterFileDays: 1095
  ReportDays: 1095
  InternalSnapshotDays: 1095
  AuditDays: 400
  OperationDays: 2190
  ErasureDays: 2190
}
param instanceLimits = { DeliveriesAtOnce: 64, DeliveriesWaiting: 256, BodyMegabytes: 256 }
param samplingRatio = '0.25'
param collector = 'https://collector.example.org:4317'
