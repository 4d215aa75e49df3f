using WholeSchoolSend.Core.Erasures;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

public sealed partial class PendingTable : IHeldPending
{
    /// <inheritdoc/>
    public async Task<int> EraseAsync(Func<string, bool> isErased, CancellationToken cancellation)
    {
        var erased = 0;
        await foreach (var source in table.PartitionKeysAsync(cancellation))
            await foreach (var listed in table.Range(source, TableKey.Below("N"), cancellation, KeysOnly))
            {
                if (!isErased(listed.RowKey["N~".Length..])) continue;
                await resilience.DecideAsync(
                    async token =>
                    {
                        if (await table.FindAsync(listed.PartitionKey, listed.RowKey, token, KeysOnly) is not { } row) return;
                        await table.SubmitAsync([Delete(row)], token);
                    },
                    cancellation);
                erased++;
            }
        return erased;
    }
}
