using System.Globalization;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>
/// Whatever ails our storage, a sender whose response was not stored hears 503, and knows when to come again, without waiting for storage: for a minute or two, here.
/// How long exactly is <see cref="TakeInDelivery.Deadline"/>'s to say, and is held on a clock of its own.
/// </summary>
[Collection(nameof(ConformanceTests))]
[Trait("Needs", "Azurite")]
public sealed class DeadlineTests(Receiver receiver) : IClassFixture<Receiver>
{
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(45);

    private static readonly Dictionary<string, Func<Receiver, Task>> Ailments = new()
    {
        ["refuses connections"] = receiver => receiver.Storage.StopListeningAsync(),
        ["breaks connections"] = receiver => receiver.DoAsync(storage => storage.Break()),
        ["answers 503"] = receiver => receiver.DoAsync(storage => storage.Refuse()),
        ["answers 500"] = receiver => receiver.DoAsync(storage => storage.Refuse(500)),
        ["says come again in a minute"] = receiver => receiver.DoAsync(storage => storage.Refuse(429, retryAfter: 60)),
        ["never answers"] = receiver => receiver.DoAsync(storage => storage.Slow(TimeSpan.FromMinutes(2))),
        ["writes and never answers"] = receiver => receiver.DoAsync(storage => storage.Delay(_ => true, TimeSpan.FromMinutes(2))),
        ["loses every answer"] = receiver => receiver.DoAsync(storage => storage.LoseAnswers(_ => true)),
        ["takes a second for everything"] = receiver => receiver.DoAsync(storage => storage.Slow(TimeSpan.FromSeconds(1))),
    };

    public static TheoryData<string> Names => [.. Ailments.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_sender_hears_503_in_time_when_storage(string ailment)
    {
        await receiver.StartAsync(asProcess: false);
        var typeform = Everybody.Senders.OfType<Typeform>().Single();
        var smartsurvey = Everybody.Senders.OfType<SmartSurvey>().Single();
        var id = 800_000_000 + (Ailments.Keys.TakeWhile(one => one != ailment).Count() * 10_000);
        foreach (var sender in (Sender[])[typeform, smartsurvey]) await Pipeline.EventuallyAsync(async () => (await PostAsync(sender.Write(A(id)), sender)).Status == 200 ? "warm" : null, "a first response");

        await Ailments[ailment](receiver);
        try
        {
            (string What, Task<(int Status, TimeSpan Took, bool SaysWhen)> Answer)[] asked =
            [
                .. Enumerable.Range(1, 4).Select(number => ($"response {number}", PostAsync(typeform.Write(A(id + number)), typeform))),
                ("a thousand responses", PostAsync(smartsurvey.Write([.. Enumerable.Range(1_000, 1_000).Select(number => A(id + number))]), smartsurvey)),
                // Too large for a row: a blob.
                ("what is not understood", PostAsync(Post.Unreadable("typeform", "8").Larger(400_000), typeform)),
            ];
            foreach (var (what, answer) in asked)
            {
                var (status, took, saysWhen) = await answer;
                // A single response needs one second-long request, and is stored; the others need more.
                if (ailment == "takes a second for everything" && status == 200) continue;
                Assert.True(status == 503 && saysWhen, $"{what}: {status}, {(saysWhen ? "" : "no ")}Retry-After");
                Assert.True(took < LongWait, string.Create(CultureInfo.InvariantCulture, $"{what}: {took.TotalSeconds:0.00} s"));
            }
        }
        finally
        {
            receiver.Storage.Mend();
            if (ailment == "refuses connections") await receiver.Storage.ListenAsync();
        }
        Assert.Equal(200, (await PostAsync(typeform.Write(A(id + 1)), typeform)).Status);
    }

    private static Submission A(int id) => Submission.A(id.ToString(CultureInfo.InvariantCulture));

    private async Task<(int Status, TimeSpan Took, bool SaysWhen)> PostAsync(Post post, Sender sender)
    {
        var request = post.Proven(sender.Tool, sender.Verification, sender.Secret, TimeProvider.System.GetUtcNow()).To($"/api/webhooks/{sender.Source}");
        var clock = TimeProvider.System.GetTimestamp();
        using var answer = await receiver.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, TimeProvider.System.GetElapsedTime(clock), answer.Headers.RetryAfter is not null);
    }
}
