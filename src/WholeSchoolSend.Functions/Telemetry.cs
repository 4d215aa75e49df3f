using System.Globalization;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Trace;
using WholeSchoolSend.Core;

namespace WholeSchoolSend.Functions;

/// <summary>
/// Who listens to <see cref="Signals"/>: a collector where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, Azure Monitor where
/// <c>APPLICATIONINSIGHTS_CONNECTION_STRING</c> is; otherwise nobody, and nothing is set up. The console logs in any case.
/// </summary>
internal static class Telemetry
{
    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        var settings = builder.Configuration;
        var toCollector = settings["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 };
        var toAzure = settings["APPLICATIONINSIGHTS_CONNECTION_STRING"] is { Length: > 0 };
        if (!toCollector && !toAzure) return;

        var ratio = SamplingRatio(settings);
        var telemetry = builder.Services.AddOpenTelemetry()
            .UseFunctionsWorkerDefaults()
            .WithTracing(traces => traces.AddSource(Signals.Name))
            .WithMetrics(metrics => metrics.AddMeter(Signals.Name));
        // Scopes carry the invocation; they are off by default.
        builder.Logging.AddOpenTelemetry(logs => logs.IncludeScopes = true);
        if (toCollector)
        {
            telemetry.UseOtlpExporter();
            // By trace, not by parent: the web server's own span is above ours and heard by nobody, because its address may hold a key.
            if (!toAzure) telemetry.WithTracing(traces => traces.SetSampler(new TraceIdRatioBasedSampler(ratio)));
        }
        if (toAzure)
        {
            telemetry.UseAzureMonitorExporter(monitor =>
            {
                // Without a credential it would send by the key in the connection string, which the estate refuses.
                // It does not read APPLICATIONINSIGHTS_AUTHENTICATION_STRING.
                monitor.Credential = Identity(settings);
                // The default keeps five traces a second, whatever happens: a share says what was left out.
                monitor.TracesPerSecond = null;
                monitor.SamplingRatio = (float)ratio;
                // Logs are the evidence of what became of a delivery: all of them, also of traces that are left out.
                monitor.EnableTraceBasedLogsSampler = false;
            });
        }
    }

    /// <summary>The identity the host's own telemetry is sent by: <c>ClientId=…;Authorization=AAD</c>, without the first that of the app itself.</summary>
    private static ManagedIdentityCredential Identity(IConfiguration settings)
    {
        var client = (settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] ?? "").Split(';', StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2))
            .FirstOrDefault(part => part.Length == 2 && part[0].Equals("ClientId", StringComparison.OrdinalIgnoreCase))?[1] ?? settings["SurveyData:clientId"];
        return new ManagedIdentityCredential(client is { Length: > 0 } ? ManagedIdentityId.FromUserAssignedClientId(client) : ManagedIdentityId.SystemAssigned);
    }

    private static double SamplingRatio(IConfiguration settings)
    {
        if (settings["Telemetry:SamplingRatio"] is not { } given) return 1;
        return double.TryParse(given, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1
            ? ratio
            : throw new InvalidOperationException("The setting Telemetry__SamplingRatio should be a number from 0 to 1, such as 0.25.");
    }
}
