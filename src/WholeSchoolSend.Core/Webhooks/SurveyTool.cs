using System.Collections.Frozen;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>What one survey tool sends: how it signs, and how its bytes become responses. One small file each in <c>Tools/</c>.</summary>
public abstract class SurveyTool
{
    /// <summary>Name in the setting <c>Sources__{source}__Tool</c>.</summary>
    public abstract string Name { get; }

    /// <summary>How the tool signs.</summary>
    /// <param name="header">a header the source names in place of the tool's usual one.</param>
    public abstract SignatureScheme Signature(string? header);

    /// <summary>The responses of a verified delivery, in its order; or why the body is not what this tool sends.</summary>
    public abstract Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery);

    /// <summary>Every tool this build knows, by name.</summary>
    public static FrozenDictionary<string, SurveyTool> All { get; } =
        new SurveyTool[] { new Typeform(), new StandardWebhooks(), new Json() }.ToFrozenDictionary(tool => tool.Name, StringComparer.Ordinal);
}

/// <summary>How deliveries of a source prove themselves.</summary>
public enum Verification
{
    /// <summary>By the tool's own signature.</summary>
    Signature,

    /// <summary>Not at all: only when written out.</summary>
    None,
}

/// <summary>One configured sender: a survey tool with its secrets.</summary>
/// <param name="Name">lower-case letters, digits and underscores.</param>
/// <param name="Tool">null: retired; deliveries are answered and counted, nothing is kept.</param>
/// <param name="Secrets">one, or two while one replaces the other.</param>
/// <param name="Header">the header that carries the signature, where it is not the tool's usual one.</param>
public sealed record Source(string Name, SurveyTool? Tool, Verification Verification, IReadOnlyList<string> Secrets, string? Header)
{
    /// <summary>Position of the secret that proves the delivery (0 where none is asked for); null when nothing proves it.</summary>
    public int? Verify(Delivery delivery, DateTimeOffset now) =>
        Verification == Verification.None ? 0 : Tool!.Signature(Header).Match(delivery, Secrets, now);
}
