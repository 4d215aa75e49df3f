using System.Collections.Frozen;
using System.Text;
using System.Text.RegularExpressions;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>What one survey tool sends: how it can prove itself, and how its bytes become responses. One small file each in <c>Tools/</c>.</summary>
public abstract class SurveyTool
{
    private const string Encoding = "content-encoding";

    /// <summary>No more undecodable responses of one delivery are kept apart: SmartSurvey's largest batch.</summary>
    private const int MostApart = 1_000;

    /// <summary>Name in the setting <c>Sources__{source}__Tool</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Whether a survey team can make the tool send a header of its own, and so a static secret or a password.</summary>
    public virtual bool SendsOwnHeaders => true;

    /// <summary>Whether the tool sends times without a zone, so that its source may have to say which zone is meant.</summary>
    public virtual bool SendsLocalTimes => false;

    /// <summary>Name of the field of the body that holds a shared secret, where the tool has one. It is never kept.</summary>
    public virtual string? SecretField => null;

    /// <summary>The parameter of the address that carries a shared secret, where the source names none.</summary>
    public virtual string UsualParameter => "key";

    /// <summary>How the tool signs; null when it does not.</summary>
    /// <param name="header">a header the source names in place of the tool's usual one.</param>
    public virtual SignatureScheme? Signature(string? header) => null;

    /// <summary>How deliveries are checked; null when this tool cannot prove itself so.</summary>
    /// <param name="name">the header or parameter that carries signature or secret, where it is not the usual one.</param>
    public SignatureScheme? Scheme(Verification verification, string? name) => verification switch
    {
        Verification.Signature => Signature(name),
        Verification.Header when SendsOwnHeaders => new SecretHeader(name ?? "Authorization"),
        Verification.Basic when SendsOwnHeaders => new BasicPassword(),
        Verification.Query => new SecretParameter(name ?? UsualParameter),
        Verification.Body when SecretField is { } field => new SecretInBody(field),
        _ => null,
    };

    /// <summary>The responses of a verified delivery, in its order; or why the body is not what this tool sends.</summary>
    public abstract Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery);

    /// <summary>
    /// A delivery of several responses as deliveries of one each, which this tool decodes by themselves; empty where it cannot be parted. What is
    /// wrong with one of them does not keep the others together.
    /// </summary>
    public virtual IEnumerable<Delivery> Split(Delivery delivery) => [];

    /// <summary>
    /// The responses that can be read, and what cannot: of several responses each by itself. A compressed body is never expanded: no survey tool
    /// documents that it compresses, and a few bytes may become very many.
    /// </summary>
    public Decoded DecodeEach(Delivery delivery)
    {
        if (delivery.Header(Encoding) is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            return new Decoded([], [new Undecodable(delivery, [Problems.BodyUndecodable.At(Encoding, "should not be compressed")])]);
        var whole = Decode(delivery);
        if (whole.Value is { } all) return new Decoded(all, []);

        var responses = new List<SurveyResponse>();
        var undecodable = new List<Undecodable>();
        var parts = 0;
        foreach (var part in Split(delivery))
        {
            parts++;
            var decoded = Decode(part);
            if (decoded.Value is { } some) responses.AddRange(some);
            // That many are not one bad response among good ones: they stay together, as they came.
            else if (undecodable.Count < MostApart) undecodable.Add(new Undecodable(part, decoded.Problems));
            else return new Decoded(responses, [new Undecodable(delivery, whole.Problems)]);
        }
        return parts > 1 ? new Decoded(responses, undecodable) : new Decoded([], [new Undecodable(delivery, whole.Problems)]);
    }

    /// <summary>The largest body that is usual, in bytes: one response fits a thousand times.</summary>
    public const int UsualBody = 8 * 1024 * 1024;

    /// <summary>The largest body taken, in bytes.</summary>
    public virtual int LargestBody => UsualBody;

    /// <summary>Names of the headers, in lower case, without which a body cannot be decoded.</summary>
    public virtual IReadOnlyList<string> DecodingHeaders => ["content-type"];

    /// <summary>Names of the parameters of the address without which a body cannot be decoded as it was meant.</summary>
    public virtual IReadOnlyList<string> DecodingParameters => [];

    /// <summary>
    /// A delivery as it may be kept when it cannot be decoded: its body without the secret inside it, and no header or parameter but those decoding needs.
    /// </summary>
    public RawDelivery Raw(Delivery delivery) => new(
        WithoutSecret(delivery.Body),
        DecodingHeaders.Append(Encoding).Where(name => delivery.Header(name) is not null).ToDictionary(name => name, name => delivery.Header(name)!, StringComparer.Ordinal))
    {
        Query = DecodingParameters.Where(delivery.Query.ContainsKey).ToDictionary(name => name, name => delivery.Query[name], StringComparer.Ordinal),
    };

    /// <summary>Headers of the answer to <c>OPTIONS</c>, by which some senders ask whether they are welcome.</summary>
    public virtual IEnumerable<KeyValuePair<string, string>> Handshake(Delivery options) => [];

    /// <summary>The raw body, as it may be kept: byte for byte, but for the shared secret inside it.</summary>
    public ReadOnlyMemory<byte> WithoutSecret(ReadOnlyMemory<byte> body) => SecretField is not { } field
        ? body
        : Latin1.GetBytes(Regex.Replace(
            Latin1.GetString(body.Span),
            $$"""("{{field}}"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^",\[\]{}]+)|((?:^|[&\n]){{field}}=)[^&]*""",
            "$1$3\"***\"", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking));

    private static Encoding Latin1 => System.Text.Encoding.Latin1;

    /// <summary>Every tool this build knows, by name.</summary>
    public static FrozenDictionary<string, SurveyTool> All { get; } = new SurveyTool[]
    {
        new Typeform(), new SurveyMonkey(), new Jotform(), new Qualtrics(), new Tally(), new Formbricks(), new SmartSurvey(), new Formstack(), new KoboToolbox(),
        new Paperform(), new LimeSurvey(), new MicrosoftForms(), new GoogleForms(), new StandardWebhooks(), new CloudEvents(), new Json(),
    }.ToFrozenDictionary(tool => tool.Name, StringComparer.Ordinal);
}

/// <summary>What a delivery holds: the responses that can be read, in its order, and each part of it that cannot.</summary>
public sealed record Decoded(IReadOnlyList<SurveyResponse> Responses, IReadOnlyList<Undecodable> Undecodable);

/// <summary>A delivery, or one response of it as a delivery of its own, that is not what its tool sends, and why.</summary>
public sealed record Undecodable(Delivery Part, IReadOnlyList<Problem> Problems);

/// <summary>How deliveries of a source prove themselves.</summary>
public enum Verification
{
    /// <summary>By the tool's own signature.</summary>
    Signature,

    /// <summary>By a static secret in a header.</summary>
    Header,

    /// <summary>By HTTP Basic: the secret is <c>user:password</c>.</summary>
    Basic,

    /// <summary>By a static secret in a parameter of the address.</summary>
    Query,

    /// <summary>By a static secret in a field of the body.</summary>
    Body,

    /// <summary>Not at all: only when written out.</summary>
    None,
}

/// <summary>One configured sender: a survey tool with its secrets.</summary>
/// <param name="Name">lower-case letters, digits and underscores.</param>
/// <param name="Tool">null: retired; deliveries are answered and counted, nothing is kept.</param>
/// <param name="Secrets">one, or two while one replaces the other.</param>
/// <param name="Carrier">the header or parameter that carries signature or secret, where it is not the usual one.</param>
public sealed record Source(string Name, SurveyTool? Tool, Verification Verification, IReadOnlyList<string> Secrets, string? Carrier)
{
    /// <summary>The zone of times that the tool sends without one.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    private SignatureScheme? Scheme => Tool!.Scheme(Verification, Carrier);

    /// <summary>Position of the secret that proves the delivery (0 where none is asked for); null when nothing proves it.</summary>
    public int? Verify(Delivery delivery, DateTimeOffset now) => Verification == Verification.None ? 0 : Scheme?.Match(delivery, Secrets, now);

    /// <summary>What a delivery lacks of this source's proof, where that can be told without the secret.</summary>
    public string? Lacks(Delivery delivery) => Scheme?.Lacks(delivery);

    /// <summary>What should have proved the delivery.</summary>
    public string ShouldProve(Delivery delivery) =>
        Lacks(delivery) ?? "should prove by the scheme and with a secret configured here that this survey tool sent it";

    /// <summary>What a delivery of this source holds; also of one that was kept raw.</summary>
    public Decoded Decode(Delivery delivery) => Tool!.DecodeEach(delivery with { Zone = Zone });

    /// <summary>A delivery of this source as it may be kept when it cannot be decoded: none of the source's secrets is in it.</summary>
    public RawDelivery Raw(Delivery delivery)
    {
        var raw = Tool!.Raw(delivery);
        foreach (var secret in Secrets.SelectMany(secret => new[] { secret, Uri.EscapeDataString(secret) }))
            raw = raw with { Body = Masked(raw.Body, Encoding.UTF8.GetBytes(secret)) };
        return raw;
    }

    /// <summary>Wherever in the body it stands, in whatever field: as many asterisks as it has bytes.</summary>
    private static ReadOnlyMemory<byte> Masked(ReadOnlyMemory<byte> body, byte[] secret)
    {
        if (secret.Length == 0 || body.Span.IndexOf(secret) < 0) return body;
        var masked = body.ToArray();
        for (var rest = masked.AsSpan(); rest.IndexOf(secret) is >= 0 and var at; rest = rest[(at + secret.Length)..]) rest.Slice(at, secret.Length).Fill((byte)'*');
        return masked;
    }
}
