namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>A source whose vendor can be asked for responses.</summary>
/// <param name="Name">of the source.</param>
/// <param name="Address">of the vendor's API; every request goes to this scheme, host and port.</param>
/// <param name="Token">the credential. It never leaves the headers.</param>
/// <param name="PerMinute">requests at most in a minute.</param>
/// <param name="PerDay">requests at most in a day (UTC).</param>
public sealed record VendorSource(string Name, VendorApi Api, Uri Address, string Token, int PerMinute, int PerDay)
{
    /// <summary>The name only: a record's own text would hold the token.</summary>
    public override string ToString() => Name;
}

/// <summary>A request to a vendor: a path below its address, escaped already, with parameters.</summary>
/// <param name="Json">a body to post; null: get.</param>
public sealed record VendorRequest(string Path, IReadOnlyList<KeyValuePair<string, string>> Query, ReadOnlyMemory<byte>? Json = null)
{
    public static VendorRequest Get(string path, params (string Name, string Value)[] query) =>
        new(path, [.. query.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))]);

    /// <summary>The path: parameters may hold anything, and are never logged.</summary>
    public override string ToString() => Path;
}

/// <summary>What a vendor answered.</summary>
/// <param name="Wait">how long it asks to be left alone, where it says so.</param>
public sealed record VendorResponse(int Status, ReadOnlyMemory<byte> Body, TimeSpan? Wait = null);

/// <summary>Asks vendors over HTTP: within the source's limits, again after a passing fault, never following a redirect.</summary>
public interface IVendorHttp
{
    /// <summary>The answer, whatever its status.</summary>
    /// <exception cref="VendorTroubleException">there was none.</exception>
    Task<VendorResponse> SendAsync(VendorSource source, VendorRequest request, CancellationToken cancellation);
}

/// <summary>A vendor did not give what was asked for. The message names statuses and places, never what was in them.</summary>
/// <param name="wait">how long the vendor asks to be left alone, where it says so.</param>
public sealed class VendorTroubleException(ProblemKind kind, string message, TimeSpan? wait = null, Exception? inner = null) : Exception(message, inner)
{
    public ProblemKind Kind { get; } = kind;

    public TimeSpan? Wait { get; } = wait;
}
