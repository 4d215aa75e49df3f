using System.Text.Json;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Kpis;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Audits of totals in one partition, the newest first: one a night, and rarely a difference. An audit is written by the run that made its id and by
/// nobody else, so its rows are written over.
/// </summary>
/// <remarks><c>A~{id}</c> the audit as it stands · <c>D~{id}~{number}</c> its differences.</remarks>
public sealed class AuditsTable(TableClient table) : IAudits
{
    private const string Totals = "totals";

    /// <inheritdoc/>
    public Task KeepAsync(TotalsAudit audit, CancellationToken cancellation) =>
        PutAsync(TableKey.From("A", audit.Id), JsonSerializer.SerializeToUtf8Bytes(audit, AuditsJson.Default.TotalsAudit), cancellation);

    /// <inheritdoc/>
    public Task AddAsync(string audit, int index, TotalsDifference difference, CancellationToken cancellation) =>
        PutAsync(TableKey.From("D", audit, TableKey.Number(index)), JsonSerializer.SerializeToUtf8Bytes(difference, AuditsJson.Default.TotalsDifference), cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TotalsAudit>> NewestAsync(int most, CancellationToken cancellation)
    {
        var audits = new List<TotalsAudit>();
        var (from, to) = TableKey.Below("A");
        await foreach (var row in table.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {Totals} and RowKey ge {from} and RowKey lt {to}"), maxPerPage: most, cancellationToken: cancellation))
        {
            audits.Add(Audit(row));
            if (audits.Count == most) break;
        }
        return audits;
    }

    /// <inheritdoc/>
    public async Task<AuditFindings?> FindAsync(string id, CancellationToken cancellation) =>
        await table.FindAsync(Totals, TableKey.From("A", id), cancellation) is { } audit
            ? new AuditFindings(Audit(audit), await table.Range(Totals, TableKey.Below("D", id), cancellation).ListAsync(Difference))
            : null;

    /// <inheritdoc/>
    public async Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var gone = 0;
        foreach (var kind in (string[])["D", "A"])
        {
            // An id begins with the time backwards.
            var rows = await table.Range(Totals, ($"{kind}~{TableKey.NewestFirst(before)}~", TableKey.Below(kind).To), cancellation, KeysOnly).ListAsync(row => row);
            foreach (var batch in TableTransaction.InBatches(rows.Select(Delete))) await table.SubmitAsync(batch, cancellation);
            if (kind == "A") gone = rows.Count;
        }
        return gone;
    }

    private async Task PutAsync(string key, byte[] json, CancellationToken cancellation)
    {
        var row = new TableEntity(Totals, key);
        Payload.Put(row, json);
        await table.SubmitUnconditionallyAsync([new TableTransactionAction(TableTransactionActionType.UpsertReplace, row)], cancellation);
    }

    private static TotalsAudit Audit(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), AuditsJson.Default.TotalsAudit)!;

    private static TotalsDifference Difference(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), AuditsJson.Default.TotalsDifference)!;
}
