using Microsoft.Extensions.Hosting;
using WholeSchoolSend.Storage;

namespace WholeSchoolSend.Functions;

/// <summary>Creates missing tables and containers before anything starts: every StartingAsync ends before the first function can run.</summary>
internal sealed class PrepareStorage(SurveyDataStorage storage) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => storage.CreateMissingAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
