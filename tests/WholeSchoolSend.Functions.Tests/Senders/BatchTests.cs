using System.Globalization;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>SmartSurvey sends a thousand at once, and nothing else until they are taken: a batch must get in at the latency of a real account.</summary>
[Collection(nameof(ConformanceTests))]
[Trait("Needs", "Azurite")]
public sealed class BatchTests(Receiver receiver) : IClassFixture<Receiver>
{
    /// <summary>A thousand at an account's 20 ms, with fewer requests and slower ones, since this machine is the account too.</summary>
    [Theory]
    [InlineData(200, 100)]
    public async Task A_full_batch_gets_in_at_a_real_accounts_latency(int responses, int milliseconds)
    {
        await receiver.StartAsync(asProcess: false);
        var sender = Everybody.Senders.OfType<SmartSurvey>().Single();
        var submissions = Enumerable.Range(900_000_000, responses).Select(id => Submission.A(id.ToString(CultureInfo.InvariantCulture))).ToList();
        receiver.Storage.Slow(TimeSpan.FromMilliseconds(milliseconds));

        var told = new List<string>();
        for (var attempt = 0; attempt < 12; attempt++)
        {
            var clock = TimeProvider.System.GetTimestamp();
            var post = sender.Write(submissions).Proven(sender.Tool, sender.Verification, sender.Secret, TimeProvider.System.GetUtcNow());
            using var answer = await receiver.Http.SendAsync(post.To($"/api/webhooks/{sender.Source}"), TestContext.Current.CancellationToken);
            told.Add($"{(int)answer.StatusCode} in {TimeProvider.System.GetElapsedTime(clock).TotalSeconds:0.0} {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
            if ((int)answer.StatusCode == 200) break;
        }
        receiver.Storage.Mend();

        Assert.True(told[^1].StartsWith("200", StringComparison.Ordinal), string.Join('\n', told));
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join('\n', told));
    }
}
