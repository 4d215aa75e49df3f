using System.Text.Json;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Watch;

namespace WholeSchoolSend.Storage;

/// <summary>
/// How the pipeline runs: a few rows in one partition, written over and read together. None of it is evidence: of two who write one row the later stays.
/// </summary>
/// <remarks><c>L~{source}</c> when it last delivered · <c>S</c> what waits · <c>T~{timer}</c> its last run · <c>G~{timer}</c> its last good one.</remarks>
public sealed class WatchTable(TableClient table) : IWatch
{
    private const string Partition = "watch";
    private const string State = "S";
    private const string Began = nameof(Began);
    private const string Ended = nameof(Ended);
    private const string Fault = nameof(Fault);
    private const string Name = nameof(Name);

    /// <inheritdoc/>
    public Task KeepAsync(TimerRun run, CancellationToken cancellation)
    {
        var last = Put(new TableEntity(Partition, TableKey.From("T", run.Timer))
        {
            [Name] = run.Timer,
            [Began] = run.Began,
            [Ended] = run.Ended,
            [Fault] = run.Fault,
        });
        var good = Put(new TableEntity(Partition, TableKey.From("G", run.Timer)) { [Name] = run.Timer, [Began] = run.Began });
        return table.SubmitUnconditionallyAsync(run.Fault is null ? [last, good] : [last], cancellation);
    }

    /// <inheritdoc/>
    public Task KeepAsync(PipelineState state, CancellationToken cancellation)
    {
        var row = new TableEntity(Partition, State);
        Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(state, WatchJson.Default.PipelineState));
        return table.SubmitUnconditionallyAsync([Put(row)], cancellation);
    }

    /// <inheritdoc/>
    public async Task KeepAsync(IReadOnlyDictionary<string, DateTimeOffset> lastDeliveries, CancellationToken cancellation)
    {
        var rows = lastDeliveries.Select(last => Put(new TableEntity(Partition, TableKey.From("L", last.Key)) { [Name] = last.Key, [Began] = last.Value }));
        foreach (var batch in TableTransaction.InBatches(rows)) await table.SubmitUnconditionallyAsync(batch, cancellation);
    }

    /// <inheritdoc/>
    public async Task<WatchBook> ReadAsync(CancellationToken cancellation)
    {
        var rows = (await table.Partition(Partition, cancellation).ListAsync(row => row)).ToLookup(row => row.RowKey[0]);
        var good = rows['G'].ToDictionary(Named, Begun, StringComparer.Ordinal);
        return new WatchBook(
            [
                .. rows['T'].Select(row => new TimerRun(Named(row), Begun(row), row.GetDateTimeOffset(Ended)!.Value, row.GetString(Fault))
                {
                    LastGood = good.TryGetValue(Named(row), out var last) ? last : null,
                }),
            ],
            rows['S'].Select(row => JsonSerializer.Deserialize(Payload.Get(row), WatchJson.Default.PipelineState)).FirstOrDefault(),
            rows['L'].ToDictionary(Named, Begun, StringComparer.Ordinal));
    }

    private static string Named(TableEntity row) => row.GetString(Name);

    private static DateTimeOffset Begun(TableEntity row) => row.GetDateTimeOffset(Began)!.Value;

    private static TableTransactionAction Put(TableEntity row) => new(TableTransactionActionType.UpsertReplace, row);
}
