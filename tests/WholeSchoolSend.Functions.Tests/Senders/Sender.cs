using System.Globalization;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>What one attempt came to: an HTTP status, or why there was none.</summary>
internal readonly record struct Told(int Status)
{
    public static Told Refused { get; } = new(-1);

    public static Told CutOff { get; } = new(-2);

    public static Told TimedOut { get; } = new(-3);

    public override string ToString() => Status switch
    {
        -1 => "refused",
        -2 => "cut off",
        -3 => "no answer",
        _ => Status.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>
/// The retry machine of one sender, as its vendor documents it or its source has it. Of what is not documented the worst is assumed: a sender of
/// which no retry is known sends once. Times are the sender's own; a test plays them without waiting.
/// </summary>
internal abstract class Sender(string name, string tool)
{
    public string Name => name;

    public string Tool => tool;

    /// <summary>The source it is configured as.</summary>
    public string Source { get; } = string.Concat(name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));

    public virtual string Verification => "signature";

    public virtual string Secret => "a-secret-of-the-senders";

    /// <summary>How long it waits for an answer; 30 s where nothing is known.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <summary>How many responses one request may hold.</summary>
    public virtual int Most => 1;

    /// <summary>Nothing else is sent while a request waits to be sent again.</summary>
    public virtual bool BlocksTheRest => false;

    public virtual bool IsSuccess(Told told) => told.Status is >= 200 and <= 299;

    /// <summary>How long after this failure it sends again; null when it gives up.</summary>
    /// <param name="tries">attempts so far.</param>
    public abstract TimeSpan? Again(Told told, int tries);

    /// <summary>This answer ends the webhook: nothing is ever sent to this address again.</summary>
    public virtual bool IsEndedBy(Told told) => false;

    /// <summary>The machine in words, with what is not known.</summary>
    public abstract string Machine { get; }

    /// <summary>What brings a response here that it no longer sends by itself.</summary>
    public abstract string Heals { get; }

    /// <summary>Asks whether the address is alive, where the sender does so before it is used; true when the answer satisfies it.</summary>
    public virtual Task<bool> ProbeAsync(HttpClient http, string path) => Task.FromResult(true);

    /// <summary>The body of these submissions.</summary>
    public virtual Post Write(params IReadOnlyList<Submission> submissions) => Post.By(tool, submissions);

    public override string ToString() => name;

    protected static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    protected static TimeSpan Minutes(double minutes) => TimeSpan.FromMinutes(minutes);

    /// <summary>The wait after so many tries from a schedule of waits; null after its end.</summary>
    protected static TimeSpan? From(int tries, params ReadOnlySpan<TimeSpan> waits) => tries <= waits.Length ? waits[tries - 1] : null;
}

/// <summary>A sender that makes one attempt, because it has no retries or none is documented.</summary>
internal abstract class SendsOnce(string name, string tool) : Sender(name, tool)
{
    public override TimeSpan? Again(Told told, int tries) => null;
}
