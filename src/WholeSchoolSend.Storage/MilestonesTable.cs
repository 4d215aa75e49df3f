using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Kpis;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Milestones in one partition: there are a few dozen, they are read together, and a revision that becomes the newest goes into the history in the same
/// transaction, so that what was reported when can be looked up.
/// </summary>
/// <remarks><c>N~{id}</c> the newest revision · <c>H~{id}~{revision}</c> every one of them.</remarks>
public sealed class MilestonesTable(TableClient table) : IMilestones
{
    private const string Milestones = "milestones";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<MilestoneState>> AllAsync(CancellationToken cancellation) =>
        [.. (await table.Range(Milestones, TableKey.Below("N"), cancellation).ListAsync(Milestone)).OrderBy(state => state.Id, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public async Task<MilestoneState?> FindAsync(string id, CancellationToken cancellation) =>
        await table.FindAsync(Milestones, TableKey.From("N", id), cancellation) is { } row ? Milestone(row) : null;

    /// <inheritdoc/>
    public async Task<bool> PutAsync(MilestoneState milestone, CancellationToken cancellation)
    {
        var row = Row(TableKey.From("N", milestone.Id), milestone);
        var before = await table.FindAsync(Milestones, row.RowKey, cancellation);
        if ((before is null ? 0 : Milestone(before).Revision) == milestone.Revision - 1)
        {
            try
            {
                await table.SubmitAsync(
                    [before is null ? Add(row) : Replace(row, before.ETag), Add(Row(TableKey.From("H", milestone.Id, TableKey.Number(milestone.Revision)), milestone))], cancellation);
                return true;
            }
            catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
            {
            }
        }
        // First was somebody else, or ourselves when the answer to our own write was lost: then what is stored is ours word for word.
        var stored = await table.FindAsync(Milestones, row.RowKey, cancellation);
        return stored is not null && Payload.Get(stored).AsSpan().SequenceEqual(Payload.Get(row));
    }

    private static TableEntity Row(string key, MilestoneState milestone)
    {
        var row = new TableEntity(Milestones, key) { ["Revision"] = milestone.Revision };
        Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(milestone, MilestonesJson.Default.MilestoneState));
        return row;
    }

    private static MilestoneState Milestone(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), MilestonesJson.Default.MilestoneState)!;
}
