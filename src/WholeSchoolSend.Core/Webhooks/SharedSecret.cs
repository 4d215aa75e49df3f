using System.Security.Cryptography;
using System.Text;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>
/// A secret that travels as it is: weaker than a signature, because whoever sees one delivery can make others. For tools that do not sign.
/// </summary>
public abstract record SharedSecret : SignatureScheme
{
    /// <summary>What the delivery states; null when it states nothing.</summary>
    protected abstract string? Stated(Delivery delivery);

    protected override bool Verify(Delivery delivery, string secret, DateTimeOffset now) =>
        // Hashes are compared, so that not even the secret's length shows in the time it takes.
        Stated(delivery) is { } stated && CryptographicOperations.FixedTimeEquals(Hash(stated), Hash(secret));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

/// <summary>The secret in a header, as it is or after <c>Bearer</c>.</summary>
public sealed record SecretHeader(string Header) : SharedSecret
{
    private const string Bearer = "Bearer ";

    protected override string? Stated(Delivery delivery) =>
        delivery.Header(Header)?.Trim() is { } stated && stated.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? stated[Bearer.Length..].Trim() : delivery.Header(Header)?.Trim();
}

/// <summary>HTTP Basic; the secret is <c>user:password</c>.</summary>
/// <remarks>RFC 7617, with UTF-8.</remarks>
public sealed record BasicPassword : SharedSecret
{
    private const string Basic = "Basic ";

    public override string? Refuses(string secret) => secret.IndexOf(':', StringComparison.Ordinal) < 1 ? "should be user:password" : base.Refuses(secret);

    protected override string? Stated(Delivery delivery)
    {
        if (delivery.Header("authorization")?.Trim() is not { } stated || !stated.StartsWith(Basic, StringComparison.OrdinalIgnoreCase)) return null;
        var bytes = Decode(stated.AsSpan(Basic.Length), int.MaxValue / 2);
        return bytes.Length == 0 ? null : Encoding.UTF8.GetString(bytes);
    }
}

/// <summary>The secret in a parameter of the address: it stands in the logs of everything between sender and here, so it is the last choice.</summary>
public sealed record SecretParameter(string Parameter) : SharedSecret
{
    protected override string? Stated(Delivery delivery) => delivery.Query.TryGetValue(Parameter, out var stated) ? stated : null;
}

/// <summary>The secret in a field of the body, be it JSON or a form.</summary>
public sealed record SecretInBody(string Field) : SharedSecret
{
    protected override string? Stated(Delivery delivery)
    {
        if (FormReading.IsForm(delivery)) return FormReading.Parse(delivery).Value?.Find(Field);
        var json = new JsonReading();
        return json.Parse(delivery.Body) is { } root && JsonReading.Optional(root, Field) is { } stated ? JsonReading.Scalar(stated) : null;
    }
}
