using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Webhooks;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <content>Quarantine looked through for somebody who is to be erased.</content>
public sealed partial class QuarantineTable : IHeldInQuarantine
{
    /// <inheritdoc/>
    /// <remarks>Blobs are looked at by themselves, whatever a row says or whether there is one: a crash may have left them.</remarks>
    public async Task EraseAsync(Func<HeldInQuarantine, Task<bool>> isErased, CancellationToken cancellation)
    {
        var waits = TableClient.CreateQueryFilter($"State eq {nameof(QuarantineState.Waiting)}");
        await foreach (var row in table.PartitionsThatFit((EntryId.FirstPartition, EntryId.LastPartition), waits, cancellation))
            if (Payload.IsIn(row) && await isErased(Held(row, Payload.Get(row)))) await EraseAsync(row.RowKey, cancellation);
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, null, cancellation))
        {
            if (await DownloadAsync(blob.Name, cancellation) is not { } bytes) continue;
            var id = NameOf(blob);
            if (!await isErased(Held(await ShownAsync(id, cancellation), bytes))) continue;
            await EraseAsync(id, cancellation);
            await container.GetBlobClient(blob.Name).DeleteIfExistsAsync(cancellationToken: cancellation);
        }
    }

    private Task EraseAsync(string id, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            if (await ShownAsync(id, token) is { } row && EntryRow.Waits(row)) await table.SubmitAsync([Replace(EntryRow.Erased(row), row.ETag)], token);
        },
        cancellation);

    private static HeldInQuarantine Held(TableEntity? row, byte[] bytes)
    {
        var content = JsonSerializer.Deserialize(bytes, StorageJson.Default.Content)!;
        return new HeldInQuarantine(
            row?.GetString(EntryRow.Source), row?.GetString(EntryRow.Identity), row is null ? null : EntryRow.Entry(row).Instrument?.Id, content.Version, AnswersOf(content), RawOf(content));
    }
}
