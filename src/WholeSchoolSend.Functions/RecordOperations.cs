using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Operations;
using WholeSchoolSend.Functions.Triggers;
using WholeSchoolSend.Storage;

namespace WholeSchoolSend.Functions;

/// <summary>
/// Writes down every call of an operator that may change something: that it began before it does, how it ended before its answer leaves. Of what was
/// sent only what it was about and the reason given are kept.
/// </summary>
/// <remarks>Timers that are run by hand (<c>/admin/functions/{name}</c>) are the host's: it tells a function nothing of who asked.</remarks>
public sealed partial class RecordOperations(IOperations operations, TimeProvider time, IConfiguration settings, ILogger<RecordOperations> logger)
    : IFunctionsWorkerMiddleware
{
    private const int Longest = 300;

    /// <summary>What senders of responses call, and what only looks at a file.</summary>
    private static readonly HashSet<string> ChangeNothing = [nameof(ReceiveResponses), nameof(CheckImport)];

    /// <summary>Members of a body that say what a call is about.</summary>
    private static readonly string[] Subjects = ["supplier", "file", "source", "id"];

    /// <summary>App Service authentication says so itself: it takes the header away from callers and sets it. Without it, anybody can send one.</summary>
    private readonly bool _isAuthenticated = bool.TryParse(settings["WEBSITE_AUTH_ENABLED"], out var isOn) && isOn;

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        var action = context.FunctionDefinition.Name;
        if (context.GetHttpContext() is not { } http || ChangeNothing.Contains(action) || HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) || HttpMethods.IsOptions(http.Request.Method))
        {
            await next(context);
            return;
        }
        var now = time.GetUtcNow();
        var id = string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.MaxValue.UtcTicks - now.UtcTicks:D19}-{Guid.NewGuid().ToString("N")[..8]}");
        var request = http.Request;
        var principal = _isAuthenticated && request.Headers["x-ms-client-principal-name"].ToString() is { Length: > 0 } name ? Cut(name) : null;
        await operations.BeginAsync(new Operation(id, now, action, request.Method, Cut(request.Path.ToUriComponent()), principal), http.RequestAborted);
        request.EnableBuffering(Documents.Largest);
        http.Response.OnStarting(() => EndAsync(id, action, http));
        await next(context);
    }

    private async Task EndAsync(string id, string action, HttpContext http)
    {
        var status = http.Response.StatusCode;
        var (subject, reason) = await AboutAsync(http.Request);
        // Whatever such a body says, it may be of the person it is about.
        if (action == nameof(RequestErasure)) subject = null;
        // Where something was made, its address says what.
        if (http.Response.Headers.Location.ToString() is { Length: > 0 } made) subject = made[(made.LastIndexOf('/') + 1)..];
        try
        {
            // What a refused call said was not looked at by anybody: it may be anything. And the caller may have left, but it was done.
            await operations.EndAsync(id, new OperationEnd(time.GetUtcNow(), status, subject, status < 400 ? reason : null), CancellationToken.None);
        }
        catch (Exception fault) when (StorageResilience.IsUnavailable(fault))
        {
            LogNotEnded(action, status, fault.GetType().Name);
        }
    }

    private static async Task<(string? Subject, string? Reason)> AboutAsync(HttpRequest request)
    {
        if (!request.Body.CanSeek || request.Body.Length > Documents.Largest) return (null, null);
        request.Body.Position = 0;
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return (null, null);
            var subject = string.Join('/', Subjects.Select(name => Text(document.RootElement, name)).OfType<string>());
            return (subject.Length > 0 ? Cut(subject) : null, Text(document.RootElement, "reason") is { } reason ? Cut(reason) : null);
        }
        catch (JsonException)
        {
            return (null, null);
        }
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>No longer than anybody reads, and no line ends.</summary>
    private static string Cut(string text)
    {
        var plain = string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character));
        return plain.Length <= Longest ? plain : plain[..Longest];
    }

    [LoggerMessage(1, LogLevel.Error, "{Action}: answered {Status}, and how it ended could not be written down ({Fault})")]
    private partial void LogNotEnded(string action, int status, string fault);
}
