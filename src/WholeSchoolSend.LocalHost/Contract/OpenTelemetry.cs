using OpenTelemetry;
using WholeSchoolSend.LocalHost;

namespace Microsoft.Azure.Functions.Worker.OpenTelemetry;

public static class ConfigureFunctionsOpenTelemetry
{
    /// <summary>
    /// The spans of runs of functions are heard. That the host itself may send telemetry, and need not send the worker's too, has no meaning here.
    /// </summary>
    public static IOpenTelemetryBuilder UseFunctionsWorkerDefaults(this IOpenTelemetryBuilder builder) =>
        builder.WithTracing(traces => traces.AddSource(Invoker.Spans.Name));
}
