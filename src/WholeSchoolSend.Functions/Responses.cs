using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core;

namespace WholeSchoolSend.Functions;

/// <summary>Turns answers of use cases into HTTP responses.</summary>
internal static class Responses
{
    public static IResult Ok<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) => Results.Json(value, type, "application/json", status);

    /// <summary>Something was made, or is being made, at this address.</summary>
    public static IResult Created<T>(string location, T value, JsonTypeInfo<T> type, int status) => new CreatedResult(location, Ok(value, type, status));

    public static IResult From(params IReadOnlyList<Problem> problems) => new ProblemResult(problems);

    /// <summary>The value's JSON, or the problems.</summary>
    public static IResult From<T>(Checked<T> answer, JsonTypeInfo<T> type)
        where T : class => answer.Value is { } value ? Ok(value, type) : From(answer.Problems);

    /// <summary>Parameters of the address, by name.</summary>
    public static Dictionary<string, string> Parameters(this HttpRequest request) =>
        request.Query.ToDictionary(parameter => parameter.Key, parameter => parameter.Value.ToString(), StringComparer.Ordinal);

    /// <summary>JSON of any length, sent as it is written.</summary>
    public static IResult Streamed(Func<Stream, CancellationToken, Task> write) => new StreamResult(write);

    /// <summary>What the query asks by this name; null where it says nothing.</summary>
    public static string? Asked(this HttpRequest request, string name) => request.Query[name].ToString() is { Length: > 0 } asked ? asked : null;

    /// <summary>Reads a body of at most so many bytes; null when it is larger, however long it claims to be.</summary>
    public static async Task<byte[]?> BodyAsync(this HttpRequest request, int most, CancellationToken cancellation)
    {
        if (request.ContentLength > most) return null;
        using var body = new MemoryStream(capacity: (int)Math.Min(request.ContentLength ?? 16_384, most));
        var buffer = new byte[16_384];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, cancellation)) > 0)
        {
            if (body.Length + read > most) return null;
            body.Write(buffer, 0, read);
        }
        return body.ToArray();
    }

    private sealed class CreatedResult(string location, IResult result) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.Location = location;
            return result.ExecuteAsync(httpContext);
        }
    }

    private sealed class StreamResult(Func<Stream, CancellationToken, Task> write) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = "application/json";
            return write(httpContext.Response.Body, httpContext.RequestAborted);
        }
    }

    /// <summary>Problem details of RFC 9457, with every single problem and its stable code.</summary>
    private sealed class ProblemResult(IReadOnlyList<Problem> problems) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var kind = problems[0].Kind;
            var response = httpContext.Response;
            response.StatusCode = kind.Status;
            response.ContentType = "application/problem+json";
            if (kind.Status == StatusCodes.Status503ServiceUnavailable) response.Headers.RetryAfter = "30";
            var document = new ProblemDocument(
                $"urn:whole-school-send:problem:{kind.Code}", kind.Title, kind.Status, kind.Code,
                problems.Select(problem => new ProblemEntry(problem.Code, problem.Where, problem.Message)).ToList());
            return JsonSerializer.SerializeAsync(response.Body, document, ResponsesJson.Default.ProblemDocument, httpContext.RequestAborted);
        }
    }
}

/// <summary>A problem response; <paramref name="Type"/>, title and status as RFC 9457 has them.</summary>
internal sealed record ProblemDocument(string Type, string Title, int Status, string Code, IReadOnlyList<ProblemEntry> Problems);

/// <summary>One problem: its code, a JSON pointer or column, and what should be there.</summary>
internal sealed record ProblemEntry(string Code, string Where, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemDocument))]
internal sealed partial class ResponsesJson : JsonSerializerContext;
