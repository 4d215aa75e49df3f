using System.Diagnostics;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>What is noted of how the pipeline runs, and what noting it costs.</summary>
public sealed class WatchTableTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_is_noted_over_the_one_before_and_a_failure_leaves_the_last_good_one()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var watch = storage.Store.Watch;
        var empty = await watch.ReadAsync(Cancellation);
        Assert.Equal((0, null, 0, null), (empty.Runs.Count, empty.State, empty.LastDeliveries.Count, empty.ConfirmedAt));

        Assert.Equal(1, await storage.CountAsync(() => watch.KeepAsync(ARun("RecomputeKpis", 0), Cancellation)));
        await watch.KeepAsync(ARun("RecomputeKpis", 5), Cancellation);
        await watch.KeepAsync(ARun("PublishSnapshot", 1), Cancellation);
        await watch.KeepAsync(ARun("PublishSnapshot", 6, "TimeoutException"), Cancellation);
        await watch.KeepAsync(new Dictionary<string, DateTimeOffset> { ["a_source"] = Monday, ["another"] = Monday.AddHours(1) }, Cancellation);
        await watch.KeepAsync(new Dictionary<string, DateTimeOffset> { ["a_source"] = Monday.AddHours(2) }, Cancellation);
        var state = new PipelineState(Monday, 3, Monday, new Dictionary<string, int> { ["a_source"] = 2 }, new Dictionary<string, int>(), 1, null, 4, 5);
        await watch.KeepAsync(state with { Markers = 7 }, Cancellation);
        await watch.KeepAsync(state, Cancellation);

        WatchBook book = null!;
        Assert.Equal(1, await storage.CountAsync(async () => book = await watch.ReadAsync(Cancellation)));
        Assert.Equal([ARun("PublishSnapshot", 6, "TimeoutException") with { LastGood = Monday.AddMinutes(1) }, ARun("RecomputeKpis", 5) with { LastGood = Monday.AddMinutes(5) }], book.Runs);
        // The snapshot is as old as the last good publication, though a recompute ended well since.
        Assert.Equal(Monday.AddMinutes(1), book.ConfirmedAt);
        Assert.Equal((3, 1, 4, 5, 2), (book.State!.Markers, book.State.Stuck, book.State.Poisoned, book.State.Differences, book.State.Quarantined["a_source"]));
        Assert.Equal([("a_source", Monday.AddHours(2)), ("another", Monday.AddHours(1))], book.LastDeliveries.OrderBy(last => last.Key, StringComparer.Ordinal).Select(last => (last.Key, last.Value)));
    }

    [Fact]
    public async Task Changes_that_wait_are_counted_with_the_age_of_the_oldest()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        Assert.Equal(new MarkerBacklog(0, null), await evidence.BacklogAsync("leaders", Cancellation));
        var before = TimeProvider.System.GetUtcNow().AddSeconds(-2);
        for (var i = 0; i < 3; i++) await evidence.TakeInAsync(AResponse() with { Identity = $"id-{i}" }, AReceipt(), Cancellation);
        var backlog = await evidence.BacklogAsync(AResponse().Collection, Cancellation);
        Assert.Equal(3, backlog.Markers);
        Assert.InRange(backlog.Oldest!.Value, before, TimeProvider.System.GetUtcNow().AddSeconds(2));
    }

    [Fact]
    public async Task A_recompute_links_to_what_it_follows_from_and_to_no_more_than_the_limit()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Signals.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        var traces = new List<ActivityTraceId>();
        for (var i = 0; i < Signals.MostLinks + 5; i++)
        {
            using var delivery = Signals.Span("delivery");
            traces.Add(delivery!.TraceId);
            // Two changes of one trace are one link.
            await evidence.TakeInAsync(AResponse() with { Identity = $"id-{i}" }, AReceipt(), Cancellation);
            await evidence.TakeInAsync(AResponse() with { Identity = $"id-{i}-too" }, AReceipt(), Cancellation);
        }
        using var recompute = Signals.Span("recompute");
        var collection = AResponse().Collection;
        await evidence.RecomputeAsync(collection, await evidence.ChangedSchoolsAsync(collection, Cancellation), Totalling.BySchool, Cancellation);
        Assert.Equal(Signals.MostLinks, recompute!.Links.Count());
        Assert.Empty(recompute.Links.Select(link => link.Context.TraceId).Except(traces));
        Assert.Equal(Signals.MostLinks, recompute.Links.Select(link => link.Context.TraceId).Distinct().Count());
    }

    private static TimerRun ARun(string timer, int minute, string? fault = null) => new(timer, Monday.AddMinutes(minute), Monday.AddMinutes(minute).AddSeconds(2), fault);
}
