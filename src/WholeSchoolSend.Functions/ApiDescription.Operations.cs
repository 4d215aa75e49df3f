using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Operations;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Functions;

internal static partial class ApiDescription
{
    private static readonly (string, string) From = ("from", "First UTC day, such as 2026-11-02.");
    private static readonly (string, string) To = ("to", "Last UTC day.");
    private static readonly (string, string) SourceName = ("source", "Name of a source in the settings.");
    private static readonly (string, string) Version = ("Instrument-Version", "Number of the version.");

    /// <summary>What is said of every function with a route, by its name.</summary>
    internal static IReadOnlyDictionary<string, RouteDescription> Operations { get; } = new Dictionary<string, RouteDescription>(StringComparer.Ordinal)
    {
        ["CheckHealth"] = new("Says how the pipeline is, to everybody; up to five seconds old.") { Answer = WatchJson.Default.PipelineHealth },
        ["CheckImport"] = new("Says what an import would say of a file, and imports nothing: of the file in the body, or of one that was dropped.")
        {
            Parameters =
            [
                ("supplier", "Whose file it is."), ("name", "The file's name, in the drop or as it would be there."),
                ("instrument", "The instrument to read it by; left out, the one that claims it."),
            ],
            TakesBytes = true,
            Media = ["application/json"],
            Problems = [404, 413, 422],
        },
        ["CloseWave"] = new("Closes a round of fieldwork with the operator's reason, and publishes its figures.")
        {
            Body = ("Reason", PutWave.ReasonSchema),
            Answer = WavesJson.Default.WaveState,
            Problems = [404, 409, 413, 422],
        },
        ["DescribeApi"] = new("This document.") { Media = ["application/json"] },
        ["ExplainKpi"] = new("Gives everything a KPI rests on, with a script in R that works it again.")
        {
            Parameters = [("format", "r: only the script.")],
            Answer = KpiEvidenceJson.Default.KpiEvidence,
            Media = ["text/plain"],
            Problems = [404, 422],
        },
        ["GetAudit"] = new("Gives an audit of totals with every difference it found.") { Answer = AuditsJson.Default.AuditFindings, Problems = [404] },
        ["GetErasure"] = new("Reports on one erasure: what was done and what is still to come; never whom it is about.")
        {
            Answer = ErasuresJson.Default.ErasureReport,
            Problems = [404],
        },
        ["GetErratum"] = new("Gives an erratum back as it stands.") { Answer = ErrataJson.Default.ErratumState, Problems = [404] },
        ["GetInstrument"] = new("Gives an instrument back: the newest version, or the one that is named.")
        {
            Parameters = [("version", "Number of a version.")],
            Answer = InstrumentsJson.Default.Instrument,
            Headers = [Version],
            Problems = [404],
        },
        ["GetLedger"] = new("Says what became of every response, by day, source and way; as CSV where the header Accept says so.")
        {
            Parameters = [From, To, SourceName],
            Answer = LedgerJson.Default.LedgerDocument,
            Media = ["text/csv"],
            Problems = [422],
        },
        ["GetMilestone"] = new("Gives a milestone back as it stands.") { Answer = MilestonesJson.Default.MilestoneState, Problems = [404] },
        ["GetPending"] = new("Shows what waits to be fetched from vendors, what is stuck, and how their lists compared.")
        {
            Answer = PendingJson.Default.PendingOverview,
        },
        ["GetQuarantined"] = new("Shows one entry of the quarantine; never what anybody answered.")
        {
            Answer = QuarantineJson.Default.QuarantineEntry,
            Problems = [404],
        },
        ["GetWave"] = new("Gives a round of fieldwork back as it stands.") { Answer = WavesJson.Default.WaveState, Problems = [404] },
        ["GetWordings"] = new("Tells in which words the questions of an instrument were asked.")
        {
            Answer = WordingsJson.Default.InstrumentWordings,
            Problems = [404],
        },
        ["ListAudits"] = new("Lists the newest audits of totals.") { Answer = AuditsJson.Default.AuditList },
        ["ListErasures"] = new("Lists erasures with their reports, the newest first; never whom they are about.") { Answer = ErasuresJson.Default.ErasureList },
        ["ListErrata"] = new("Lists everything that was wrong in published documents.") { Answer = ErrataJson.Default.ErrataList },
        ["ListImports"] = new("Lists dropped files and what became of them, the newest first.")
        {
            Parameters =
            [
                ("supplier", "Only of this supplier."), ("state", "Only in this state."), ("limit", "How many, 1 to 200; usually 50."),
                ("after", "Go on behind the page whose next this is."),
            ],
            Answer = ImportsJson.Default.ImportPage,
            Problems = [422],
        },
        ["ListInstruments"] = new("Lists the newest version of every instrument.") { Answer = InstrumentsJson.Default.InstrumentList },
        ["ListMilestones"] = new("Lists every milestone something was reported of.") { Answer = MilestonesJson.Default.MilestoneList },
        ["ListOperations"] = new("Lists what operators did, the newest first; never what they sent.")
        {
            Parameters = [("limit", "How many, 1 to 200; usually 50."), ("continue", "Go on behind the page that said this.")],
            Answer = OperationsJson.Default.OperationPage,
            Problems = [422],
        },
        ["ListQuarantine"] = new("Shows what is in quarantine, the newest first, and why; never what anybody answered.")
        {
            Parameters =
            [
                SourceName, ("reason", "A problem code."), ("state", "waiting, replayed, expired or erased."), From, To,
                ("limit", "How many, 1 to 200; usually 50."),
                ("continue", "Go on behind the page that said this."),
            ],
            Answer = QuarantineJson.Default.QuarantinePage,
            Problems = [422],
        },
        ["ListWaves"] = new("Lists every round of fieldwork.") { Answer = WavesJson.Default.WaveList },
        ["PutErratum"] = new("Takes in what was wrong in documents that were published.")
        {
            Body = ("ErratumDocument", PutErratum.Schema),
            Answer = ErrataJson.Default.ErratumState,
            Problems = [409, 413, 422],
        },
        ["PutInstrument"] = new("Takes an instrument in as its next version.")
        {
            Body = ("InstrumentDocument", PutInstrument.Schema),
            Answer = InstrumentsJson.Default.Instrument,
            Headers = [Version],
            Problems = [409, 413, 422],
        },
        ["PutMilestone"] = new("Takes in how far an operational end outcome is.")
        {
            Body = ("MilestoneDocument", PutMilestone.Schema),
            Answer = MilestonesJson.Default.MilestoneState,
            Problems = [404, 409, 413, 422],
        },
        ["PutWave"] = new("Registers a round of fieldwork, or corrects it while it is open.")
        {
            Body = ("WaveDocument", PutWave.Schema),
            Answer = WavesJson.Default.WaveState,
            Problems = [409, 413, 422],
        },
        ["ReceiveResponses"] = new("Takes one delivery from a survey tool, in that tool's own form and proved by its own scheme. Safe to send twice.")
        {
            TakesBytes = true,
            Answer = DeliveryJson.Default.DeliveryReply,
            Problems = [401, 413],
        },
        ["ReissueWave"] = new("Issues the figures of a closed round of fieldwork again, where nobody can be told apart by it.")
        {
            Body = ("Reason", PutWave.ReasonSchema),
            Answer = WavesJson.Default.WaveState,
            Problems = [404, 409, 413, 422],
        },
        ["ReplayImport"] = new("Runs the import of a dropped file again.")
        {
            Body = ("ReplayImportDocument", ReplayImport.Schema),
            Answer = ImportsJson.Default.ImportLine,
            Problems = [404, 409, 413, 422],
        },
        ["ReplayQuarantine"] = new("Takes in again what waits in quarantine.")
        {
            Body = ("ReplayQuarantineDocument", ReplayQuarantine.Schema),
            Answer = QuarantineJson.Default.ReplayOutcome,
            Problems = [404, 413, 422],
        },
        ["RequestErasure"] = new("Erases a person, a school's people or one response from every store, with the operator's reason. Safe to call twice.")
        {
            Body = ("ErasureRequest", RequestErasure.Schema),
            Done = [201, 202],
            Answer = ErasuresJson.Default.ErasureReport,
            Headers = [("Location", "Address of the report.")],
            Problems = [413, 422],
        },
        ["ShowHealth"] = new("Says how the pipeline is, source by source, as of now.") { Answer = WatchJson.Default.PipelineHealth },
        ["WithdrawImport"] = new("Takes out what a dropped file brought, with the operator's reason.")
        {
            Body = ("WithdrawImportDocument", WithdrawImport.Schema),
            Answer = ImportsJson.Default.ImportLine,
            Problems = [404, 409, 413, 422],
        },
    };
}
