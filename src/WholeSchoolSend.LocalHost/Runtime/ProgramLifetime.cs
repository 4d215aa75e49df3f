using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// Ctrl+C or SIGTERM stops the host in order; the second one ends the process at once. A host inside somebody else's process listens to neither.
/// </summary>
internal sealed class ProgramLifetime(HostPlan plan, IHostApplicationLifetime application) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        if (!plan.IsProgram) return Task.CompletedTask;
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registrations.ForEach(one => one.Dispose());

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = Interlocked.Increment(ref _signals) == 1;
        if (signal.Cancel) application.StopApplication();
    }
}
