using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>How a survey tool proves that a delivery is its own.</summary>
public abstract record SignatureScheme
{
    /// <summary>
    /// Position of the secret that made the delivery's signature, or null when none did. Every secret is tried, and compared in constant
    /// time, so that neither the answer nor its delay says which one was near.
    /// </summary>
    public int? Match(Delivery delivery, IReadOnlyList<string> secrets, DateTimeOffset now)
    {
        int? matched = null;
        for (var position = 0; position < secrets.Count; position++)
            if (Verify(delivery, secrets[position], now)) matched ??= position;
        return matched;
    }

    /// <summary>Says what keeps a secret from being one of this scheme; null when it can be.</summary>
    public virtual string? Refuses(string secret) =>
        secret.Length < 8 ? "should have at least 8 characters"
        : char.IsWhiteSpace(secret[0]) || char.IsWhiteSpace(secret[^1]) ? "should not begin or end with a blank"
        : null;

    /// <summary>What a delivery lacks of this scheme, where that can be told without a secret; null where only the secret could tell.</summary>
    public virtual string? Lacks(Delivery delivery) => null;

    protected abstract bool Verify(Delivery delivery, string secret, DateTimeOffset now);

    /// <summary>
    /// Reads hex (either case) or base64 (with or without padding, either alphabet); empty when it is neither, or when its last sign holds more than
    /// the last byte: no two texts of one alphabet are one signature.
    /// </summary>
    protected static byte[] Decode(ReadOnlySpan<char> signature, int length)
    {
        var text = signature.Trim();
        try
        {
            if (text.Length == length * 2) return Convert.FromHexString(text);
            var base64 = text.ToString().Replace('-', '+').Replace('_', '/').TrimEnd('=');
            var bytes = Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '='));
            return Convert.ToBase64String(bytes).AsSpan().TrimEnd('=').SequenceEqual(base64) ? bytes : [];
        }
        catch (FormatException)
        {
            return [];
        }
    }
}

/// <summary>HMAC over the raw body in a header, hex or base64, with or without the prefix.</summary>
public sealed record HmacHeader(string Header, HashAlgorithmName Hash, string Prefix) : SignatureScheme
{
    protected override bool Verify(Delivery delivery, string secret, DateTimeOffset now)
    {
        var mine = CryptographicOperations.HmacData(Hash, Encoding.UTF8.GetBytes(secret), delivery.Body.Span);
        var stated = delivery.Header(Header).AsSpan().Trim();
        if (stated.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) stated = stated[Prefix.Length..];
        return CryptographicOperations.FixedTimeEquals(mine, Decode(stated, mine.Length));
    }
}

/// <summary>
/// Standard Webhooks, version 1: HMAC-SHA256 over id, time and body, and the time no more than the tolerance away. The header may list
/// several signatures; other versions than v1 are passed over. v1a, which is asymmetric and has no shared secret, is refused by its name where it stands alone.
/// </summary>
/// <remarks>https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Verifying signatures".</remarks>
public sealed record StandardWebhooksV1(TimeSpan Tolerance) : SignatureScheme
{
    private const string SecretPrefix = "whsec_";

    public override string? Refuses(string secret) =>
        secret.StartsWith("whpk_", StringComparison.Ordinal) || secret.StartsWith("whsk_", StringComparison.Ordinal)
            ? "should be whsec_ and the base64 of 16 to 64 bytes: this is a key of v1a signatures, which are not taken; have the sender sign by v1"
            : Key(secret) is { Length: >= 16 and <= 64 } ? null : "should be whsec_ and the base64 of 16 to 64 bytes";

    /// <inheritdoc/>
    public override string? Lacks(Delivery delivery)
    {
        var versions = Signatures(delivery).Select(signature => signature.Split(',')[0]).ToHashSet(StringComparer.Ordinal);
        return versions.Contains("v1") ? (IsTimely(delivery, delivery.Received) ? null : string.Create(
                CultureInfo.InvariantCulture, $"should have a webhook-timestamp, in seconds, within {Tolerance.TotalMinutes:0} minutes of the time it arrives: check the sender's clock"))
            : versions.Contains("v1a") ? "should be signed by v1, with a shared secret: v1a signatures alone are not taken"
            : "should have the header webhook-signature with a v1 signature";
    }

    protected override bool Verify(Delivery delivery, string secret, DateTimeOffset now)
    {
        var key = Key(secret);
        var id = delivery.Header("webhook-id");
        var time = delivery.Header("webhook-timestamp");
        if (key.Length == 0 || string.IsNullOrEmpty(id)) return false;
        if (!IsTimely(delivery, now)) return false;

        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{time}."));
        hmac.AppendData(delivery.Body.Span);
        var mine = hmac.GetHashAndReset();

        var matched = false;
        foreach (var signature in Signatures(delivery))
            if (signature.StartsWith("v1,", StringComparison.Ordinal))
                matched |= CryptographicOperations.FixedTimeEquals(mine, Decode(signature.AsSpan(3), mine.Length));
        return matched;
    }

    private bool IsTimely(Delivery delivery, DateTimeOffset now) =>
        long.TryParse(delivery.Header("webhook-timestamp"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && Math.Abs(now.ToUnixTimeSeconds() - (double)seconds) <= Tolerance.TotalSeconds;

    private static string[] Signatures(Delivery delivery) => (delivery.Header("webhook-signature") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static byte[] Key(string secret) =>
        Decode(secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? secret.AsSpan(SecretPrefix.Length) : secret, int.MaxValue / 2);
}
