using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.Storage;

namespace WholeSchoolSend.Functions;

/// <summary>Writes by the minute, and when the app stops, when each source last delivered.</summary>
internal sealed partial class KeepLastDeliveries(LastDeliveries deliveries, TimeProvider time, ILogger<KeepLastDeliveries> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var minutes = new PeriodicTimer(Pause, time);
        try
        {
            while (await minutes.WaitForNextTickAsync(stoppingToken)) await WriteAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // The app stops.
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        try
        {
            StorageResilience.BeImpatient(TimeSpan.FromSeconds(2));
            await deliveries.WriteAsync(cancellation);
        }
        // It is tried again in a minute; what is said is only when somebody last delivered.
        catch (Exception fault) when (StorageResilience.IsUnavailable(fault))
        {
            LogNotWritten(fault.GetType().Name);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "When sources last delivered could not be noted: {Fault}")]
    private partial void LogNotWritten(string fault);
}
