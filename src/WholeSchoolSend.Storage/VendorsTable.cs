using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Webhooks.Vendors;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// What is remembered of vendors between runs, a partition for each source: <c>L~{work}</c> who works on it until when, <c>P</c> why and until when
/// its vendor is left alone, <c>G~{form}</c> how the vendor's list of a form last compared.
/// </summary>
public sealed class VendorsTable(TableClient table, StorageResilience resilience) : IVendorState
{
    private const string PauseKey = "P";

    /// <inheritdoc/>
    public async Task<bool> LeaseAsync(string source, string work, string holder, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation)
    {
        var row = LeaseRow.From(source, work, holder, until);
        var before = await table.FindAsync(row.PartitionKey, row.RowKey, cancellation);
        if (before is not null && !LeaseRow.IsFree(before, holder, now)) return false;
        return await TrySubmitAsync(before is null ? Add(row) : Replace(row, before.ETag), cancellation)
            // Somebody else was first, or ourselves when the answer to our own write was lost.
            || (await table.FindAsync(row.PartitionKey, row.RowKey, cancellation) is { } stored && LeaseRow.Holder(stored) == holder);
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(string source, string work, string holder, CancellationToken cancellation)
    {
        if (await table.FindAsync(TableKey.From(source), LeaseRow.Key(work), cancellation) is { } row && LeaseRow.Holder(row) == holder) await TrySubmitAsync(Delete(row), cancellation);
    }

    /// <inheritdoc/>
    public async Task<VendorPause?> PauseAsync(string source, CancellationToken cancellation) =>
        await table.FindAsync(TableKey.From(source), PauseKey, cancellation) is { } row ? PauseRow.Pause(row) : null;

    /// <inheritdoc/>
    public Task PutPauseAsync(string source, VendorPause pause, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            var before = await table.FindAsync(TableKey.From(source), PauseKey, token);
            var since = before is not null && PauseRow.Pause(before) is var old && old.Code == pause.Code ? old.Since : pause.Since;
            var row = PauseRow.From(source, pause with { Since = since });
            await table.SubmitAsync([before is null ? Add(row) : Replace(row, before.ETag)], token);
        },
        cancellation);

    /// <inheritdoc/>
    public async Task EndPauseAsync(string source, CancellationToken cancellation)
    {
        if (await table.FindAsync(TableKey.From(source), PauseKey, cancellation) is { } row) await TrySubmitAsync(Delete(row), cancellation);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<GapReport>> ReportsAsync(string source, CancellationToken cancellation) =>
        await table.Range(TableKey.From(source), TableKey.Below("G"), cancellation).ListAsync(ReportRow.Report);

    /// <inheritdoc/>
    public async Task<bool> PutReportAsync(string source, GapReport report, CancellationToken cancellation)
    {
        var row = ReportRow.From(source, report);
        var before = report.Revision == 1 ? null : await table.FindAsync(row.PartitionKey, row.RowKey, cancellation);
        if (report.Revision != 1 && (before is null || ReportRow.Report(before).Revision != report.Revision - 1)) return false;
        return await TrySubmitAsync(before is null ? Add(row) : Replace(row, before.ETag), cancellation);
    }

    private async Task<bool> TrySubmitAsync(TableTransactionAction action, CancellationToken cancellation)
    {
        try
        {
            await table.SubmitAsync([action], cancellation);
            return true;
        }
        catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
        {
            return false;
        }
    }

    private static class LeaseRow
    {
        private const string HeldBy = nameof(HeldBy);
        private const string Until = nameof(Until);

        public static string Key(string work) => TableKey.From("L", work);

        public static TableEntity From(string source, string work, string holder, DateTimeOffset until) => new(TableKey.From(source), Key(work)) { [HeldBy] = holder, [Until] = until };

        public static string Holder(TableEntity row) => row.GetString(HeldBy);

        public static bool IsFree(TableEntity row, string holder, DateTimeOffset now) => Holder(row) == holder || row.GetDateTimeOffset(Until) <= now;
    }

    private static class PauseRow
    {
        public static TableEntity From(string source, VendorPause pause) =>
            new(TableKey.From(source), PauseKey) { ["Code"] = pause.Code, ["Since"] = pause.Since, ["Until"] = pause.Until };

        public static VendorPause Pause(TableEntity row) => new(row.GetString("Code"), row.GetDateTimeOffset("Since")!.Value, row.GetDateTimeOffset("Until")!.Value);
    }

    private static class ReportRow
    {
        private const string Revision = nameof(Revision);

        public static TableEntity From(string source, GapReport report)
        {
            var row = new TableEntity(TableKey.From(source), TableKey.From("G", report.Form)) { [Revision] = report.Revision };
            Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(report, StorageJson.Default.GapReport));
            return row;
        }

        public static GapReport Report(TableEntity row) =>
            JsonSerializer.Deserialize(Payload.Get(row), StorageJson.Default.GapReport)! with { Revision = row.GetInt32(Revision)!.Value };
    }
}
