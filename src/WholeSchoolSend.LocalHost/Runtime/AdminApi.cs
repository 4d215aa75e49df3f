using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.LocalHost;

/// <summary>The part of the host's own API that operators use: list the functions, see which are in error, run one now.</summary>
internal sealed partial class AdminApi(
    IReadOnlyList<Function> functions, Triggers triggers, HttpFunctions http, AccessKeys keys, string hostId, ILogger log, CancellationToken stopping)
{
    public async Task HandleAsync(HttpContext context, PathString rest)
    {
        if (!keys.Allow(context.Request, AuthorizationLevel.Admin))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }
        var words = (rest.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        var function = words is ["functions", var name, ..] ? functions.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) : null;
        var answer = (context.Request.Method, words) switch
        {
            ("GET", ["host", "status"]) => Results.Json(new { id = hostId, state = "Running", version = Version, errors = Errors(functions) }),
            ("GET", ["functions"]) => Results.Json(functions.Select(Describe)),
            ("GET", ["functions", _]) when function is not null => Results.Json(Describe(function)),
            ("GET", ["functions", _, "status"]) when function is not null => Results.Json(new { errors = Errors([function]) }),
            ("POST", ["functions", _]) when function is not null => await RunAsync(context.Request, function),
            _ => Results.NotFound(),
        };
        await answer.ExecuteAsync(context);
    }

    private static string Version => typeof(AdminApi).Assembly.GetName().Version?.ToString() ?? "";

    private static string[] Errors(IEnumerable<Function> among) =>
        [.. among.Where(one => one.Error is not null).Select(one => $"The '{one.Name}' function is in error: {one.Error}.")];

    private object Describe(Function function) => new
    {
        name = function.Name,
        entryPoint = function.EntryPoint,
        trigger = function.Trigger switch
        {
            HttpTriggerAttribute one => (object)new { type = "httpTrigger", route = http.RouteOf(function, one), methods = one.Methods, authLevel = one.AuthLevel.ToString() },
            TimerTriggerAttribute one => new { type = "timerTrigger", schedule = one.Schedule },
            BlobTriggerAttribute one => new { type = "blobTrigger", path = one.BlobPath, connection = one.Connection },
            _ => new { type = function.Trigger.GetType().Name },
        },
    };

    private async Task<IResult> RunAsync(HttpRequest request, Function function)
    {
        if (stopping.IsCancellationRequested) return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        if (function.Error is not null) return Results.StatusCode(StatusCodes.Status500InternalServerError);
        string? input = null;
        try
        {
            using var reader = new StreamReader(request.Body);
            if (await reader.ReadToEndAsync(request.HttpContext.RequestAborted) is { Length: > 0 } body)
            {
                using var json = JsonDocument.Parse(body);
                if (json.RootElement.TryGetProperty("input", out var given)) input = given.ToString();
            }
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return Results.BadRequest();
        }
        if (!triggers.TryRunNow(function, input, stopping, out var run)) return Results.BadRequest();
        _ = WatchAsync(function, run);
        return Results.Accepted();
    }

    private async Task WatchAsync(Function function, Task run)
    {
        try
        {
            await run;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It waited for its turn until the host stopped.
        }
        catch (Exception problem)
        {
            Log.NotRun(log, problem, function.Name);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Name} could not be run")]
        public static partial void NotRun(ILogger logger, Exception problem, string name);
    }
}
