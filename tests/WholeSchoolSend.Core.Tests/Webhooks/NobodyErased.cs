using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>Nobody was erased here.</summary>
internal sealed class NobodyErased : IErasures
{
    public static ErasureShelf Shelf => new(new NobodyErased(), new Pseudonyms(IntakeInMemory.Key), TimeProvider.System);

    public Task<IReadOnlyList<Erasure>> AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Erasure>>([]);

    public Task<Erasure> AddAsync(Erasure erasure, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Erasure?> FindAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Erasure> ChangeAsync(string id, Func<Erasure, Erasure> change, CancellationToken cancellation) => throw new NotSupportedException();

    public Task KeepTombstoneAsync(string identity, string erasure, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, string>> TombstonesAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>());

    public Task DeleteAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();
}
