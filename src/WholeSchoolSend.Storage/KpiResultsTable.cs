using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Kpis;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// KPI results: every write of a run has a partition of its own, <c>{inputs}~{unique}</c>, and one row, <c>current</c>, says which of them
/// counts. It also names the partition that does not, whether not yet or no longer: what a crash left is removed by the next run.
/// </summary>
/// <remarks>
/// A writer states its partition in the current row before it fills it and switches only if that row did not change since, so of two
/// writers at once one starts again.
/// </remarks>
public sealed class KpiResultsTable(TableClient table, StorageResilience resilience) : IKpiResults
{
    private const string Current = "current";

    /// <inheritdoc/>
    public async Task<string?> CurrentInputsAsync(CancellationToken cancellation) =>
        (await table.FindAsync(Current, Current, cancellation, [CurrentRow.Inputs]))?.GetString(CurrentRow.Inputs);

    /// <inheritdoc/>
    public Task<KpiRun?> CurrentAsync(CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var current = await table.FindAsync(Current, Current, token);
                if (current?.GetString(CurrentRow.Run) is not { } run) return null;
                // Written by a build before there was one: the next recompute writes it anew.
                if (!Payload.IsIn(current, CurrentRow.Provenance)) return null;
                var results = new Dictionary<string, byte[]>(StringComparer.Ordinal);
                await foreach (var row in table.Partition(run, token)) results.Add(row.GetString(ResultRow.Key), Payload.Get(row));
                // A run that was replaced while it was read loses its rows.
                if (results.Count != current.GetInt32(CurrentRow.Results)) throw new ChangedSinceReadException("The run was replaced while it was read.");
                Signals.FollowsFrom(current.GetString(CurrentRow.Trace));
                return new KpiRun(current.GetString(CurrentRow.Inputs), Payload.Get(current), results, Payload.Get(current, CurrentRow.Provenance));
            },
            cancellation);

    /// <inheritdoc/>
    public Task SwitchAsync(KpiRun run, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var partition = TableKey.From(run.Inputs, Guid.NewGuid().ToString("N"));
                var before = await table.FindAsync(Current, Current, token) ?? new TableEntity(Current, Current);
                var stated = CurrentRow.Stating(before, partition);
                var etag = (await table.SubmitAsync([before.ETag == default ? Add(stated) : Replace(stated, before.ETag)], token))[0];
                if (before.GetString(CurrentRow.Spare) is { } left) await DeleteAsync(left, token);

                foreach (var batch in TableTransaction.InBatches(run.Results.Select(result => Add(ResultRow.From(partition, result.Key, result.Value)))))
                    await AddAsync(batch, token);

                try
                {
                    await table.SubmitAsync([Replace(CurrentRow.Counting(run, partition, before.GetString(CurrentRow.Run)), etag)], token);
                }
                catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
                {
                    // Perhaps ourselves, when the answer to our own write was lost.
                    var now = await table.FindAsync(Current, Current, token, [CurrentRow.Run]);
                    if (now?.GetString(CurrentRow.Run) != partition)
                    {
                        await DeleteAsync(partition, token);
                        throw;
                    }
                }
                if (before.GetString(CurrentRow.Run) is { } old) await DeleteAsync(old, token);
            },
            cancellation);

    private async Task AddAsync(IReadOnlyList<TableTransactionAction> batch, CancellationToken cancellation)
    {
        try
        {
            await table.SubmitAsync(batch, cancellation);
        }
        catch (RequestFailedException conflict) when (conflict.Status == 409 && StorageResilience.SomebodyElseWasFirst(conflict))
        {
            // Nobody else knows this partition: an answer of our own was lost.
        }
    }

    private async Task DeleteAsync(string partition, CancellationToken cancellation) =>
        await resilience.DecideAsync(
            async token =>
            {
                var rows = await table.Partition(partition, token, KeysOnly).ListAsync(Delete);
                foreach (var batch in TableTransaction.InBatches(rows)) await table.SubmitAsync(batch, token);
            },
            cancellation);

    private static class CurrentRow
    {
        public const string Inputs = nameof(Inputs);
        public const string Run = nameof(Run);
        public const string Results = nameof(Results);
        public const string Spare = nameof(Spare);
        public const string Provenance = nameof(Provenance);

        /// <summary>The recompute that made the run, where that is traced.</summary>
        public const string Trace = nameof(Trace);

        public static TableEntity Stating(TableEntity before, string partition) => new(before) { [Spare] = partition };

        public static TableEntity Counting(KpiRun run, string partition, string? before)
        {
            var row = new TableEntity(Current, Current)
            {
                [Inputs] = run.Inputs,
                [Run] = partition,
                [Results] = run.Results.Count,
                [Spare] = before,
                [Trace] = Signals.Trace,
            };
            Payload.Put(row, run.Frame);
            Payload.Put(row, run.Provenance, Provenance);
            return row;
        }
    }

    private static class ResultRow
    {
        public const string Key = nameof(Key);

        public static TableEntity From(string partition, string key, byte[] json)
        {
            var row = new TableEntity(partition, TableKey.From(key.Split('~'))) { [Key] = key };
            Payload.Put(row, json);
            return row;
        }
    }
}
