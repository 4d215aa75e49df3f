using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace WholeSchoolSend.LocalHost;

internal sealed class LocalFunctionsHost(HostPlan plan, WebApplication web) : IHost, IAsyncDisposable
{
    public IServiceProvider Services => web.Services;

    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        web.Urls.Add(plan.Settings["urls"] ?? "http://localhost:7071");
        return web.StartAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken = default) => web.StopAsync(cancellationToken);

    public void Dispose() => ((IDisposable)web).Dispose();

    public ValueTask DisposeAsync() => web.DisposeAsync();
}
