using System.Net;
using System.Text;

namespace WholeSchoolSend.Testing.Simulation;

/// <summary>A request as it reaches the storage service.</summary>
/// <param name="Path">as it was sent, escaped, with the account's name first.</param>
/// <param name="Query">as it was sent, without the question mark.</param>
public sealed record ServiceRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    private Dictionary<string, string>? _parameters;

    /// <summary>What comes after the account's name, unescaped.</summary>
    public string Resource
    {
        get
        {
            var slash = Path.IndexOf('/', 1);
            return slash < 0 ? "" : Uri.UnescapeDataString(Path[(slash + 1)..]);
        }
    }

    /// <summary>The request as an SDK's client sends it.</summary>
    public static async Task<ServiceRequest> FromAsync(HttpRequestMessage request, CancellationToken cancellation) => new(
        request.Method.Method, request.RequestUri!.AbsolutePath, request.RequestUri.Query.TrimStart('?'),
        request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? [])
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase),
        request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellation));

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    public string? Parameter(string name) => (_parameters ??= Parse(Query)).GetValueOrDefault(name);

    private static Dictionary<string, string> Parse(string query)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = one.IndexOf('=');
            parameters[Uri.UnescapeDataString(equals < 0 ? one : one[..equals])] = equals < 0 ? "" : Uri.UnescapeDataString(one[(equals + 1)..]);
        }
        return parameters;
    }
}

/// <summary>What the storage service answers.</summary>
public sealed record ServiceResponse(int Status, byte[] Body)
{
    public Dictionary<string, string> Headers { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The answer as an SDK's client takes it.</summary>
    public HttpResponseMessage To(HttpRequestMessage request)
    {
        var message = new HttpResponseMessage((HttpStatusCode)Status) { RequestMessage = request, Content = new ByteArrayContent(Body) };
        foreach (var (name, value) in Headers)
            if (!message.Headers.TryAddWithoutValidation(name, value)) message.Content.Headers.TryAddWithoutValidation(name, value);
        return message;
    }

    public static ServiceResponse Empty(int status, params (string Name, string Value)[] headers) => Of(status, [], headers);

    public static ServiceResponse Text(int status, string text, params (string Name, string Value)[] headers) => Of(status, Encoding.UTF8.GetBytes(text), headers);

    public static ServiceResponse Of(int status, byte[] body, params (string Name, string Value)[] headers)
    {
        var response = new ServiceResponse(status, body);
        foreach (var (name, value) in headers) response.Headers[name] = value;
        return response;
    }
}

/// <summary>Ends a request with the service's own error.</summary>
internal sealed class ServiceErrorException(int status, string code) : Exception(code)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}
