using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Webhooks;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>What every store of evidence promises, whatever it is made of: only the ports are used.</summary>
public abstract class EvidenceContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<(IEvidence Evidence, ISchoolTotals Totals)> EmptyStoreAsync();

    [Fact]
    public async Task A_new_response_is_accepted_and_its_school_marked()
    {
        var (evidence, totals) = await EmptyStoreAsync();

        Assert.Equal(Fate.Accepted, await evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation));

        Assert.Equal([School], await totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal([AResponse().Coding], await CountedAsync(totals, School), Same);
    }

    [Fact]
    public async Task The_same_content_again_is_a_duplicate()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        await evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation);

        Assert.Equal(Fate.Duplicate, await evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation));

        Assert.Single(await CountedAsync(totals, School));
    }

    [Fact]
    public async Task Our_own_receipt_is_no_duplicate()
    {
        var (evidence, _) = await EmptyStoreAsync();
        await evidence.TakeInAsync(AResponse(), AReceipt("mine"), Cancellation);
        await evidence.TakeInAsync(AResponse().Saying("disagree"), AReceipt("theirs"), Cancellation);

        Assert.Equal(Fate.Accepted, await evidence.TakeInAsync(AResponse(), AReceipt("mine"), Cancellation));
        Assert.Equal(Fate.Conflict, await evidence.TakeInAsync(AResponse().Saying("disagree"), AReceipt("theirs"), Cancellation));
    }

    [Fact]
    public async Task Of_sixteen_deliveries_at_once_one_is_accepted()
    {
        var (evidence, totals) = await EmptyStoreAsync();

        var fates = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation)));

        Assert.Equal(1, fates.Count(fate => fate == Fate.Accepted));
        Assert.Equal(15, fates.Count(fate => fate == Fate.Duplicate));
        Assert.Single(await CountedAsync(totals, School));
    }

    [Fact]
    public async Task A_newer_version_counts_and_an_older_one_does_not()
    {
        var (evidence, totals) = await EmptyStoreAsync();

        Assert.Equal(Fate.Accepted, await evidence.TakeInAsync(AResponse(answer: "second").Updated(2), AReceipt(), Cancellation));
        Assert.Equal(Fate.Revised, await evidence.TakeInAsync(AResponse(answer: "third").Updated(3), AReceipt(), Cancellation));
        Assert.Equal(Fate.Revised, await evidence.TakeInAsync(AResponse(answer: "first").Updated(1), AReceipt(), Cancellation));
        Assert.Equal(Fate.Duplicate, await evidence.TakeInAsync(AResponse(answer: "second").Updated(2), AReceipt(), Cancellation));

        Assert.Equal("third", Assert.Single(await CountedAsync(totals, School)).Observations[0].Code);
    }

    [Fact]
    public async Task An_answer_taken_back_counts_again()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        await evidence.TakeInAsync(AResponse(answer: "yes").Updated(1), AReceipt(), Cancellation);
        await evidence.TakeInAsync(AResponse(answer: "no").Updated(2), AReceipt(), Cancellation);

        Assert.Equal(Fate.Revised, await evidence.TakeInAsync(AResponse(answer: "yes").Updated(3), AReceipt(), Cancellation));

        Assert.Equal("yes", Assert.Single(await CountedAsync(totals, School)).Observations[0].Code);
    }

    [Fact]
    public async Task Without_revisions_the_first_submitted_counts()
    {
        var (evidence, totals) = await EmptyStoreAsync();

        Assert.Equal(Fate.Accepted, await evidence.TakeInAsync(AResponse(answer: "second").Submitted(2), AReceipt(), Cancellation));
        Assert.Equal(Fate.Conflict, await evidence.TakeInAsync(AResponse(answer: "first").Submitted(1), AReceipt(), Cancellation));
        Assert.Equal(Fate.Conflict, await evidence.TakeInAsync(AResponse(answer: "third").Submitted(3), AReceipt(), Cancellation));

        Assert.Equal("first", Assert.Single(await CountedAsync(totals, School)).Observations[0].Code);
    }

    [Fact]
    public async Task A_revision_that_names_another_school_marks_both()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        await evidence.TakeInAsync(AResponse(school: "100001").Updated(1), AReceipt(), Cancellation);
        await totals.RecomputeAsync(Collection, ["100001"], Totals, Cancellation);
        Assert.Empty(await totals.ChangedSchoolsAsync(Collection, Cancellation));

        await evidence.TakeInAsync(AResponse(school: "100002", answer: "other").Updated(2), AReceipt(), Cancellation);

        Assert.Equal(["100001", "100002"], await totals.ChangedSchoolsAsync(Collection, Cancellation));
        await RecomputeChangedAsync(totals);
        Assert.Equal([$"{Autumn} 100002 other=1"], (await totals.TotalsAsync(Collection, Cancellation)).Shown());
    }

    [Fact]
    public async Task A_response_too_large_is_refused_for_good()
    {
        var (evidence, totals) = await EmptyStoreAsync();

        await Assert.ThrowsAsync<ResponseTooLargeException>(() => evidence.TakeInAsync(AResponse(answer: new string('x', 1_000_000)), AReceipt(), Cancellation));

        Assert.Empty(await totals.ChangedSchoolsAsync(Collection, Cancellation));
    }

    [Fact]
    public async Task A_large_response_is_kept_whole()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        var large = AResponse(answer: new string('é', 40_000));

        Assert.Equal(Fate.Accepted, await evidence.TakeInAsync(large.Updated(1), AReceipt(), Cancellation));
        Assert.Equal(Fate.Revised, await evidence.TakeInAsync(large.Saying("short").Updated(2), AReceipt(), Cancellation));
        Assert.Equal(Fate.Revised, await evidence.TakeInAsync(large.Updated(3), AReceipt(), Cancellation));

        Assert.Equal([large.Coding], await CountedAsync(totals, School), Same);
    }

    [Fact]
    public async Task Totals_follow_from_the_rows_of_every_school_and_wave()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        await evidence.TakeInAsync(AResponse("a", "100002").In("w2"), AReceipt(), Cancellation);
        await evidence.TakeInAsync(AResponse("b", "100001", "no").In("w1"), AReceipt(), Cancellation);
        await evidence.TakeInAsync(AResponse("c", "100001").In("w2"), AReceipt(), Cancellation);
        await evidence.TakeInAsync(AResponse("d", "100001").In("w2"), AReceipt(), Cancellation);
        await evidence.TakeInAsync(AResponse("e", "org~acme").In("w1"), AReceipt(), Cancellation);

        Assert.Equal(["100001", "100002", "org~acme"], await totals.ChangedSchoolsAsync(Collection, Cancellation));
        await RecomputeChangedAsync(totals);

        Assert.Empty(await totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal(
            ["w1 100001 no=1", "w1 org~acme agree=1", "w2 100001 agree=2", "w2 100002 agree=1"],
            (await totals.TotalsAsync(Collection, Cancellation)).Shown());
    }

    [Fact]
    public async Task Collections_do_not_see_each_other()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        await evidence.TakeInAsync(AResponse() with { Collection = "teachers" }, AReceipt(), Cancellation);

        Assert.Empty(await totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal([School], await totals.ChangedSchoolsAsync("teachers", Cancellation));
    }

    [Fact]
    public async Task Recomputing_all_at_once_is_recomputing_each()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        var (evidence2, totals2) = await EmptyStoreAsync();
        for (var i = 0; i < 40; i++)
        {
            var response = AResponse($"{i}", $"10000{i % 7}", $"answer{i % 3}").In($"w{i % 2}").Updated(1);
            foreach (var store in (IEvidence[])[evidence, evidence2])
            {
                await store.TakeInAsync(response, AReceipt(), Cancellation);
                if (i % 5 == 0) await store.TakeInAsync(response.At("100009").Saying("moved").Updated(2), AReceipt(), Cancellation);
            }
        }

        await RecomputeChangedAsync(totals);
        await totals2.RecomputeAsync(Collection, [.. await totals2.ChangedSchoolsAsync(Collection, Cancellation), .. Strangers], Totals, Cancellation);

        Assert.Empty(await totals2.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal((await totals.TotalsAsync(Collection, Cancellation)).Shown(), (await totals2.TotalsAsync(Collection, Cancellation)).Shown());
    }

    [Fact]
    public async Task Recomputing_some_leaves_the_others_marked()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        foreach (var school in (string[])["100001", "100002", "100003"]) await evidence.TakeInAsync(AResponse(school, school), AReceipt(), Cancellation);

        await totals.RecomputeAsync(Collection, ["100002", .. Strangers], Totals, Cancellation);

        Assert.Equal(["100001", "100003"], await totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal([$"{Autumn} 100002 agree=1"], (await totals.TotalsAsync(Collection, Cancellation)).Shown());
    }

    [Fact]
    public async Task Markers_beyond_one_transaction_go_as_well()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        await Task.WhenAll(Enumerable.Range(0, 230).Select(i => evidence.TakeInAsync(AResponse($"{i}"), AReceipt(), Cancellation)));

        await totals.RecomputeAsync(Collection, [School], Totals, Cancellation);

        Assert.Empty(await totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal([$"{Autumn} {School} agree=230"], (await totals.TotalsAsync(Collection, Cancellation)).Shown());
    }

    [Fact]
    public async Task Arrivals_and_recomputes_at_once_lose_nothing()
    {
        var (evidence, totals) = await EmptyStoreAsync();
        var arriving = Task.WhenAll(Enumerable.Range(0, 120).Select(i => evidence.TakeInAsync(AResponse($"{i}", $"10000{i % 3}"), AReceipt(), Cancellation)));
        var recomputing = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!arriving.IsCompleted) await RecomputeChangedAsync(totals);
        });
        await Task.WhenAll([arriving, .. recomputing]);

        await RecomputeChangedAsync(totals);

        Assert.Empty(await totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal(
            [$"{Autumn} 100000 agree=40", $"{Autumn} 100001 agree=40", $"{Autumn} 100002 agree=40"],
            (await totals.TotalsAsync(Collection, Cancellation)).Shown());
    }

    /// <summary>So many schools that reading everything once is worth it; none of them has a response.</summary>
    private static IEnumerable<string> Strangers => Enumerable.Range(0, 25).Select(i => $"9999{i:D2}");

    protected static async Task RecomputeChangedAsync(ISchoolTotals totals)
    {
        foreach (var school in await totals.ChangedSchoolsAsync(Collection, Cancellation)) await totals.RecomputeAsync(Collection, [school], Totals, Cancellation);
    }

    /// <summary>What counts at a school, as a recompute is handed it.</summary>
    internal static async Task<IReadOnlyList<Coding>> CountedAsync(ISchoolTotals totals, string school)
    {
        IReadOnlyList<Coding> counted = [];
        await totals.RecomputeAsync(
            Collection, [school],
            responses =>
            {
                counted = [.. responses.Select(response => response.Coding)];
                return [];
            },
            Cancellation);
        return counted;
    }

    private static bool Same(Coding a, Coding b) => a with { Observations = [] } == b with { Observations = [] } && a.Observations.SequenceEqual(b.Observations);
}
