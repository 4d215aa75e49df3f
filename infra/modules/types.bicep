@export()
@description('A role of somebody on a storage account, or on one container of it.')
type roleAssignment = {
  @description('What the assignment is named after: known before the deployment, unlike the principal of an identity that it makes.')
  who: string
  principalId: string
  principalType: 'Group' | 'ServicePrincipal' | 'User'
  roleId: string
  container: string?
}

@export()
@description('People who make links for pollsters and drop registers, or who set secrets: best a group each.')
type people = {
  @description('Object id in Entra ID; empty for nobody.')
  id: string
  type: 'Group' | 'ServicePrincipal' | 'User'
}

@export()
@description('One survey tool that sends responses. Its secrets are in the vault, never here.')
type source = {
  @description('Lower-case letters, digits and underscores.')
  name: string
  tool: string
  verification: string?
  header: string?
  query: string?
  timeZone: string?
  @description('How many secrets are live (0 to 2): in the vault source-{name}-0 and -1, with hyphens for underscores. 2 while one replaces the other.')
  secrets: 0 | 1 | 2
  @description('How the vendor is asked for responses; the token is source-{name}-api-token in the vault.')
  api: {
    baseAddress: string?
    perMinute: int?
    perDay: int?
  }?
}

@export()
@description('Rules of disclosure control where they differ from the defaults. Text, because Bicep has no fractions.')
type disclosure = {
  MinRespondents: string?
  MinSchools: string?
  MaxSchoolShare: string?
  ReliableRespondents: string?
  MaxWidth: string?
  CautionRespondents: string?
  CautionDegreesOfFreedom: string?
  RoundBaseTo: string?
}

@export()
@description('Six-field NCRONTAB, UTC: Flex Consumption knows no other zone.')
type schedules = {
  RecomputeSchedule: string
  PublishSchedule: string
  RetentionSchedule: string
  FetchSchedule: string
  HealSchedule: string
  SweepSchedule: string
  AuditSchedule: string
  WatchSchedule: string
}

@export()
@description('How long what is kept is kept, in days, where it differs from the defaults; 0 is for ever. See docs/data-protection.md.')
type retention = {
  AnswerDays: int?
  QuarantineDays: int?
  PollFileDays: int?
  RegisterFileDays: int?
  ReportDays: int?
  InternalSnapshotDays: int?
  AuditDays: int?
  OperationDays: int?
  ErasureDays: int?
}

@export()
@description('What one instance takes at once, where it differs from the defaults.')
type limits = {
  DeliveriesAtOnce: int?
  DeliveriesWaiting: int?
  BodyMegabytes: int?
}

@export()
var roles = {
  // Storage
  blobOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  blobReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  blobDelegator: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
  queueContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  tableContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  // Key Vault
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  secretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  // Azure Monitor
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}
