using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>
/// What senders meet. Each has three responses to send: at the beginning, a minute later, and after it is over. The first is the one a situation
/// is about, where it is about a response.
/// </summary>
/// <param name="Lasts">by the senders' clock.</param>
internal sealed record Situation(string Title, string Words, TimeSpan Lasts)
{
    /// <summary>The response is a different one.</summary>
    public Func<Submission, Submission> First { get; init; } = submission => submission;

    /// <summary>The first response's request is a different one, however often it is sent.</summary>
    public Func<Sender, Submission, Post>? FirstPost { get; init; }

    public Func<Receiver, Task> Begin { get; init; } = _ => Task.CompletedTask;

    /// <summary>Happens while the requests of the first moment are under way.</summary>
    public Func<Receiver, int, Task> During { get; init; } = (_, _) => Task.CompletedTask;

    public Func<Receiver, Task> End { get; init; } = _ => Task.CompletedTask;

    /// <summary>While it lasts, requests go to this source.</summary>
    public Func<Sender, string> Source { get; init; } = sender => sender.Source;

    /// <summary>While it lasts, requests are proven with this secret.</summary>
    public Func<Sender, string> Secret { get; init; } = sender => sender.Secret;

    /// <summary>While it lasts, what we answer does not reach the sender.</summary>
    public bool AnswersGetLost { get; init; }

    /// <summary>Needs a program that can be killed.</summary>
    public bool Kills { get; init; }

    /// <summary>What is taken while it lasts is counted and dropped.</summary>
    public bool Drops { get; init; }

    /// <summary>The first response can never be taken, and why that is the sender's to mend.</summary>
    public bool RefusesTheFirst { get; init; }

    public override string ToString() => Title;

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private static TimeSpan Minutes(double minutes) => TimeSpan.FromMinutes(minutes);

    public static IReadOnlyList<Situation> All { get; } =
    [
        new("Success", "Nothing is wrong.", TimeSpan.Zero),
        new("Storage refuses for 10 seconds", "Our storage answers 503 for ten seconds.", Seconds(10))
        {
            Begin = receiver => receiver.DoAsync(storage => storage.Refuse()),
            End = receiver => receiver.DoAsync(storage => storage.Mend()),
        },
        new("Storage is gone for 10 minutes", "Connections to our storage are refused for ten minutes.", Minutes(10))
        {
            Begin = receiver => receiver.Storage.StopListeningAsync(),
            End = receiver => receiver.Storage.ListenAsync(),
        },
        new("Storage is too slow for a minute", "Every request to our storage takes ten seconds, for a minute.", Minutes(1))
        {
            Begin = receiver => receiver.DoAsync(storage => storage.Slow(Seconds(10))),
            End = receiver => receiver.DoAsync(storage => storage.Mend()),
        },
        new("Storage is slow", "Every request to our storage takes a fifth of a second longer, for ten minutes.", Minutes(10))
        {
            Begin = receiver => receiver.DoAsync(storage => storage.Slow(Seconds(0.2))),
            End = receiver => receiver.DoAsync(storage => storage.Mend()),
        },
        new("Storage writes and answers too late", "Writes to our storage take effect and are confirmed after ten seconds, for a minute: longer than we wait.", Minutes(1))
        {
            Begin = receiver => receiver.DoAsync(storage => storage.Delay(FaultProxy.IsTransaction, Seconds(10))),
            End = receiver => receiver.DoAsync(storage => storage.Mend()),
        },
        new("Storage throttles", "Our storage answers the next thirty requests with 503 and Retry-After: 1.", Seconds(10))
        {
            Begin = receiver => receiver.DoAsync(storage => storage.Refuse(retryAfter: 1, times: 30)),
            End = receiver => receiver.DoAsync(storage => storage.Mend()),
        },
        new("Storage's answers get lost", "Writes to our storage take effect, and the connection breaks before it says so; thirty times.", Seconds(10))
        {
            Begin = receiver => receiver.DoAsync(storage => storage.LoseAnswers(FaultProxy.IsTransaction, 30)),
            End = receiver => receiver.DoAsync(storage => storage.Mend()),
        },
        new("Our answers get lost", "For ten seconds the sender's connection breaks before our answer reaches it.", Seconds(10)) { AnswersGetLost = true },
        new("Wrong secret for 10 minutes", "The sender's secret is none of ours for ten minutes.", Minutes(10))
        {
            // Of the right shape, or it would not be a secret of that scheme.
            Secret = sender => sender.Secret.StartsWith("whsec_", StringComparison.Ordinal) ? "whsec_YW5vdGhlci1zZWNyZXQtYWx0b2dldGhlcg==" : sender.Secret + "-not",
        },
        new("Authentic but not understood", "The tool has changed its format: the first response's body is none we know.", TimeSpan.Zero)
        {
            FirstPost = (sender, submission) => Post.Unreadable(sender.Tool, submission.Id),
        },
        new("No instrument", "No instrument maps the form of the first response.", TimeSpan.Zero) { First = submission => submission with { Form = "7999" } },
        new("Too large", "The first response's request is larger than we take.", TimeSpan.Zero)
        {
            FirstPost = (sender, submission) => sender.Write(submission).Larger(SurveyTool.All[sender.Tool].LargestBody),
            RefusesTheFirst = true,
        },
        new("Unknown source for 10 minutes", "The address names a source that is not configured yet, for ten minutes.", Minutes(10)) { Source = sender => "not_yet_" + sender.Source },
        new("Retired source", "For ten minutes the source is a retired one.", Minutes(10)) { Source = _ => "old_typeform", Drops = true },
        new("Killed before it stored", "Our process is killed (-9) when no request has been stored, and started again.", Seconds(1))
        {
            Kills = true,
            Begin = receiver => receiver.DoAsync(_ => receiver.HoldTransactions(afterTheyTookEffect: false)),
            During = (receiver, requests) => receiver.KillWhenHoldingAsync(requests),
            End = receiver => receiver.StartAgainAsync(),
        },
        new("Killed after it stored", "Our process is killed (-9) when every request has been stored and none answered, and started again.", Seconds(1))
        {
            Kills = true,
            Begin = receiver => receiver.DoAsync(_ => receiver.HoldTransactions(afterTheyTookEffect: true)),
            During = (receiver, requests) => receiver.KillWhenHoldingAsync(requests),
            End = receiver => receiver.StartAgainAsync(),
        },
    ];
}
