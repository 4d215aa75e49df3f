using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>
/// Promise 2: what senders were told was taken is what the rows say. Many senders post at once, new responses, repeated ones, contradicting ones and
/// ones that are not understood, while storage fails in every way; each sends again until it hears 200.
/// </summary>
[Collection(nameof(ConformanceTests))]
[Trait("Needs", "Azurite")]
public sealed class LedgerTests(Receiver receiver) : IClassFixture<Receiver>
{
    private const int Deliveries = 36;
    private const int AtOnce = 12;
    private static readonly string[] Fates = ["accepted", "duplicate", "revised", "conflict", "quarantined", "pending", "erased"];

    private readonly ConcurrentDictionary<string, Account> _accounts = new();

    [Fact]
    public async Task What_senders_were_told_is_what_the_ledger_says()
    {
        await receiver.StartAsync(asProcess: false);
        await DeliverAsync(1);
        AssertExactly(await LedgerAsync());

        Disturb();
        await DeliverAsync(2);
        receiver.Storage.Mend();
        var ledger = await LedgerAsync();
        foreach (var (source, account) in _accounts)
        {
            var rows = ledger[source];
            var what = $"{source}: told {Show(account.Told)}, {account.Unsure} responses not told; ledger {Show(rows)}";
            // Whoever heard no 200 may have been stored all the same, and was then told of it when it came again: never the other way round.
            Assert.True(Fates.All(fate => rows[fate] >= account.Told[fate]), what);
            Assert.True(rows.Values.Sum() <= account.Told.Values.Sum() + account.Unsure, what);
            // However often it came and whatever got lost: one response is accepted once.
            if (!account.Accepted.IsEmpty) Assert.True(rows["accepted"] == account.Accepted.Count, $"{what}; {account.Accepted.Count} different responses");
        }
        Assert.Contains(_accounts.Values, account => account.Unsure > 0);

        // From here on everybody hears 200 again, and the two grow alike.
        foreach (var account in _accounts.Values)
            account.Begin();
        var before = ledger;
        await DeliverAsync(3);
        AssertExactly(await LedgerAsync(), before);
    }

    private void AssertExactly(IReadOnlyDictionary<string, Dictionary<string, int>> ledger, IReadOnlyDictionary<string, Dictionary<string, int>>? before = null)
    {
        // Nothing fails on purpose here; a source that heard 503 all the same, on a busy machine, is not compared to the last one.
        var heard = _accounts.Where(account => account.Value.Unsure == account.Value.UnsureBefore).ToList();
        Assert.NotEmpty(heard);
        foreach (var (source, account) in heard)
            Assert.Equal(
                $"{source}: {Show(account.Told)}",
                $"{source}: {Show(Fates.ToDictionary(fate => fate, fate => ledger[source][fate] - (before?[source][fate] ?? 0)))}");
    }

    /// <summary>Every sender's responses in one phase: of seven, one is repeated, one contradicted, one not understood.</summary>
    private async Task DeliverAsync(int phase)
    {
        var deliveries = Everybody.Senders.Where(sender => sender is not CentralWebhook).SelectMany((sender, index) => Enumerable.Range(0, Deliveries).Select(number =>
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"6{phase}{index:00}00{(number % 7 is 1 or 2 ? number - (number % 7) : number):000}");
            var submission = Submission.A(id, number % 7 == 2 ? "partly" : "fully");
            IReadOnlyList<Submission> several = sender.Most > 1 && number % 7 > 3 ? [submission, .. Enumerable.Range(1, 9).Select(more => Submission.A($"{id}{more}"))] : [submission];
            return (Sender: sender, Submissions: several, Post: number % 7 == 3 ? Post.Unreadable(sender.Tool, id) : sender.Write(several), IsUnderstood: number % 7 != 3);
        }));
        await Parallel.ForEachAsync(
            deliveries.OrderBy(delivery => delivery.Submissions[0].Id[^2..], StringComparer.Ordinal),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (delivery, cancellation) =>
            {
                var account = _accounts.GetOrAdd(delivery.Sender.Source, _ => new Account());
                if (delivery.IsUnderstood && !Post.IsEventOnly(delivery.Sender.Tool)) delivery.Submissions.ToList().ForEach(submission => account.Accepted.TryAdd(submission.Id, true));
                while (!await SendAsync(delivery.Sender, delivery.Post, account, delivery.Submissions.Count, cancellation)) await Task.Delay(50, cancellation);
            });
    }

    private async Task<bool> SendAsync(Sender sender, Post post, Account account, int responses, CancellationToken cancellation)
    {
        var request = post.Proven(sender.Tool, sender.Verification, sender.Secret, TimeProvider.System.GetUtcNow()).To($"/api/webhooks/{sender.Source}");
        using var answer = await receiver.Http.SendAsync(request, cancellation);
        if ((int)answer.StatusCode != 200)
        {
            Assert.Equal(503, (int)answer.StatusCode);
            account.AddUnsure(responses);
            return false;
        }
        using var reply = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation));
        foreach (var fate in Fates) account.Add(fate, reply.RootElement.GetProperty(fate).GetInt32());
        return true;
    }

    /// <summary>By the count of requests, so that every kind comes: refused, cut off, lost after it took effect, confirmed too late.</summary>
    private void Disturb()
    {
        var count = 0;
        receiver.Storage.Before = async context =>
        {
            await Task.Yield();
            switch (Interlocked.Increment(ref count))
            {
                case var refused when refused % 11 == 0:
                    context.Response.StatusCode = 503;
                    return true;
                case var cut when cut % 17 == 0:
                    context.Abort();
                    return true;
                default:
                    return false;
            }
        };
        receiver.Storage.After = async context =>
        {
            var number = Volatile.Read(ref count);
            if (!FaultProxy.IsTransaction(context.Request)) return false;
            if (number % 61 == 0) await Task.Delay(TimeSpan.FromSeconds(10), context.RequestAborted);
            if (number % 7 != 0) return false;
            context.Abort();
            return true;
        };
    }

    private async Task<IReadOnlyDictionary<string, Dictionary<string, int>>> LedgerAsync()
    {
        var ledger = await Pipeline.JsonAsync(await receiver.Http.GetAsync("/api/ledger", TestContext.Current.CancellationToken));
        return ledger.GetProperty("sources").EnumerateArray().ToDictionary(
            entry => entry.GetProperty("source").GetString()!, entry => Fates.ToDictionary(fate => fate, fate => entry.GetProperty(fate).GetInt32()));
    }

    private static string Show(IReadOnlyDictionary<string, int> fates) => string.Join(' ', Fates.Where(fate => fates.GetValueOrDefault(fate) > 0).Select(fate => $"{fate} {fates[fate]}"));

    /// <summary>What one sender was told.</summary>
    private sealed class Account
    {
        private int _unsure;

        public ConcurrentDictionary<string, int> Told { get; } = new(Fates.Select(fate => KeyValuePair.Create(fate, 0)));

        /// <summary>Responses in requests that were not answered with 200.</summary>
        public int Unsure => _unsure;

        /// <summary>Different responses that can be understood.</summary>
        public ConcurrentDictionary<string, bool> Accepted { get; } = new();

        /// <summary>The same, before this phase.</summary>
        public int UnsureBefore { get; private set; }

        public void Begin()
        {
            UnsureBefore = _unsure;
            foreach (var fate in Fates) Told[fate] = 0;
        }

        public void AddUnsure(int responses) => Interlocked.Add(ref _unsure, responses);

        public void Add(string fate, int responses) => Told.AddOrUpdate(fate, responses, (_, before) => before + responses);
    }
}
