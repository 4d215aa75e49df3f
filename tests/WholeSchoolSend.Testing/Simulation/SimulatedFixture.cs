using Xunit;

namespace WholeSchoolSend.Testing.Simulation;

/// <summary>Stands where <see cref="AzuriteFixture"/> stands: the same tests, the simulated account.</summary>
public sealed class SimulatedFixture : IAsyncLifetime
{
    private SimulatedServer? _server;

    public string ConnectionString => _server?.ConnectionString ?? "";

    public async ValueTask InitializeAsync() => _server = await SimulatedServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
