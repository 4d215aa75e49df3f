using WholeSchoolSend.LocalHost;
using Xunit;

namespace WholeSchoolSend.Testing;

/// <summary>An Azurite of its own for a test assembly or class: in memory, on free ports, gone with the process that started it.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private Azurite? _azurite;

    /// <summary>Reaches blobs, queues and tables of this Azurite.</summary>
    public string ConnectionString => _azurite?.ConnectionString ?? "";

    public async ValueTask InitializeAsync() => _azurite = await Azurite.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_azurite is not null) await _azurite.DisposeAsync();
    }
}
