using System.Collections.Concurrent;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Core.Tests.Snapshots;

/// <summary>Public documents in memory, with every write that was made.</summary>
internal sealed class MemoryDocuments : IDocuments
{
    private int _revision;

    public ConcurrentDictionary<string, StoredDocument> Files { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<string> Written { get; } = new();

    /// <summary>What is written when this path is asked for: somebody else's work in between.</summary>
    public (string Path, Action Do)? Meanwhile { get; set; }

    public Task<StoredDocument?> ReadAsync(Audience audience, string path, CancellationToken cancellation)
    {
        if (Meanwhile is { } meanwhile && meanwhile.Path == path)
        {
            Meanwhile = null;
            meanwhile.Do();
        }
        return Task.FromResult(Files.GetValueOrDefault(path));
    }

    public Task AddAsync(Audience audience, string path, byte[] bytes, CancellationToken cancellation)
    {
        if (Files.TryAdd(path, Stored(bytes))) Written.Enqueue(path);
        return Task.CompletedTask;
    }

    public Task<bool> ReplaceAsync(Audience audience, string path, byte[] bytes, StoredDocument? before, CancellationToken cancellation)
    {
        if (Files.GetValueOrDefault(path)?.Revision != before?.Revision) return Task.FromResult(false);
        Put(path, bytes);
        Written.Enqueue(path);
        return Task.FromResult(true);
    }

    public Task<int> ExpireInternalAsync(DateTimeOffset before, Func<string, bool> listed, CancellationToken cancellation) => throw new NotSupportedException();

    public void Put(string path, byte[] bytes) => Files[path] = Stored(bytes);

    private StoredDocument Stored(byte[] bytes) => new(bytes, $"r{Interlocked.Increment(ref _revision)}");
}
