using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Testing;
using WholeSchoolSend.Vendors.Tests.StandIns;

namespace WholeSchoolSend.Vendors.Tests;

/// <summary>From what a vendor has and what its webhook lost, to what is in: once each.</summary>
public sealed class HealingTests(AzuriteFixture azurite)
{
    private const int Count = 24;

    public static TheoryData<string, int> ToolsAndSeeds => new(
        from tool in new[] { "typeform", "surveymonkey", "qualtrics", "formbricks", "kobotoolbox", "smartsurvey" } from seed in new[] { 1, 2, 3 } select (tool, seed));

    internal static StandIn Vendor(string tool) => tool switch
    {
        "typeform" => new TypeformStandIn(),
        "surveymonkey" => new SurveyMonkeyStandIn(),
        "qualtrics" => new QualtricsStandIn { Polls = 1, Zips = true },
        "formbricks" => new FormbricksStandIn(),
        "kobotoolbox" => new KoboToolboxStandIn(),
        _ => new SmartSurveyStandIn(),
    };

    [Theory]
    [MemberData(nameof(ToolsAndSeeds))]
    public async Task Whatever_the_webhook_lost_or_said_twice_every_submission_is_in_once(string tool, int seed)
    {
        await using var world = await World.CreateAsync(Vendor(tool), azurite);
        var random = new Random(seed);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(Count, seed));
        var (lost, deliveries) = (0, new List<SeededSubmission>());
        for (var i = 0; i < Count; i++)
        {
            var first = world.Vendor.Submissions[i];
            // Some are changed afterwards, where the tool has that: the webhook of either version may be lost.
            var versions = world.Vendor.HasRevisions && random.Next(4) == 0 ? new[] { first, first.Changed(30 + random.Next(90)) } : [first];
            world.Vendor.Submissions[i] = versions[^1];
            var came = versions.Where(_ => random.Next(3) > 0).ToList();
            if (came.Count == 0) lost++;
            foreach (var version in came) deliveries.AddRange(Enumerable.Repeat(version, 1 + (random.Next(4) == 0 ? 1 : 0)));
        }
        foreach (var delivery in deliveries.OrderBy(_ => random.Next())) await world.DeliverAsync(delivery);
        Assert.True(lost > 0 && deliveries.Count > Count / 2);   // or this shows nothing
        Misbehave(world.Vendor, random);

        GapReport? report = null;
        for (var runs = 0; runs < 20 && !(report is { IsWhole: true } && (await world.ShownAsync()).Waiting == 0); runs++)
        {
            world.Time.Advance(TimeSpan.FromMinutes(30));
            await world.FetchAsyncIfEventOnly();
            report = await world.HealAsync() ?? report;
        }

        Assert.True(report!.IsWhole, report.ToString());
        await world.AssertAllInOnceAsync();
        Assert.Equal(lost, await world.CountAsync(Channel.Recovered));
        var asked = world.Vendor.Asked.Count;
        var ways = await world.RowsAsync("");
        world.Time.Advance(TimeSpan.FromMinutes(30));
        var again = await world.HealAsync();
        Assert.Equal((Count, 0), (again!.Counts.Ours + (Count - again.Counts.Listed), again.Counts.Recovered));
        Assert.Equal(ways.Count, (await world.RowsAsync("")).Count);   // nothing was taken in again to see that it is there
        Assert.InRange(world.Vendor.Asked.Count - asked, 1, 6);
    }

    [Theory]
    [InlineData("formbricks")]
    [InlineData("smartsurvey")]
    [InlineData("surveymonkey")]
    public async Task A_later_version_there_is_missing_here(string tool)
    {
        await using var world = await World.CreateAsync(Vendor(tool), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(3, 1));
        await world.HealAsync();
        world.Vendor.Submissions[1] = world.Vendor.Submissions[1].Changed(60 * 24 * 18);
        world.Time.Advance(TimeSpan.FromHours(1));
        var report = await world.HealAsync();
        Assert.Equal(1, report!.Counts.Recovered);
        await world.AssertAllInOnceAsync();
        Assert.Single(await world.RowsAsync("D~"), row => row.GetString("Fate") == nameof(Fate.Revised));
        Assert.Equal(4, report.RecoveredEver);
    }

    [Fact]
    public async Task What_is_young_is_left_to_the_webhook()
    {
        await using var world = await World.CreateAsync(new TypeformStandIn(), azurite);
        var now = world.Time.GetUtcNow();
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(2, 1).Select(one => one with { Submitted = now.AddMinutes(-5), Updated = now.AddMinutes(-5) }));
        Assert.Equal((2, 0), ((await world.HealAsync())!.Counts.Young, await world.CountAsync(Channel.Recovered)));
        await world.DeliverAsync(world.Vendor.Submissions[0]);
        world.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(1, (await world.HealAsync())!.Counts.Recovered);
        await world.AssertAllInOnceAsync();
    }

    [Fact]
    public async Task A_webhook_that_comes_after_all_is_a_duplicate()
    {
        await using var world = await World.CreateAsync(new TypeformStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(4, 1));
        await world.HealAsync();
        foreach (var submission in world.Vendor.Submissions) Assert.Equal(1, (await world.DeliverAsync(submission)).Duplicate);
        await world.AssertAllInOnceAsync();
    }

    [Fact]
    public async Task Who_was_erased_stays_erased()
    {
        await using var world = await World.CreateAsync(new SmartSurveyStandIn(), azurite);
        world.Vendor.Submissions.AddRange(Recent(world, 3));
        await world.HealAsync();
        await world.EraseAsync(world.Vendor.Submissions[1]);
        world.Vendor.Submissions[1] = world.Vendor.Submissions[1].Changed(30);
        world.Time.Advance(TimeSpan.FromHours(1));
        var report = await world.HealAsync();
        Assert.Equal((1, 2, 0), (report!.Counts.Erased, report.Counts.Ours, report.Counts.Recovered));
        Assert.Equal(2, (await world.RowsAsync("R~")).Count);
    }

    [Fact]
    public async Task What_waits_in_quarantine_is_not_put_there_again()
    {
        await using var world = await World.CreateAsync(new FormbricksStandIn(), azurite, instrument: false);
        world.Vendor.Submissions.AddRange(Recent(world, 3));
        Assert.Equal(1, (await world.DeliverAsync(world.Vendor.Submissions[0])).Quarantined);
        await world.Storage.Instruments.AddAsync(Unfit(world), TestContext.Current.CancellationToken);
        for (var runs = 0; runs < 3; runs++)
        {
            world.Time.Advance(TimeSpan.FromMinutes(30));
            Assert.Equal((3, 0), ((await world.HealAsync())!.Counts.Quarantined, await world.CountAsync(Channel.Recovered)));
        }
        // One by the webhook, the other two by the list, each once and no more; and a key for each.
        var rows = await world.RowsAsync("", "Quarantine");
        Assert.Equal(3, rows.Count(row => row.PartitionKey != "K"));
        Assert.Equal(2, rows.Count(row => row.GetString("Channel") == nameof(Channel.Recovered)));

        static Core.Instruments.Instrument Unfit(World world) => world.Vendor.Instrument(World.SourceName, World.Collection) with { School = new Core.Instruments.FieldName("nowhere") };
    }

    [Fact]
    public async Task Responses_that_came_in_xml_are_found_under_their_other_id()
    {
        await using var world = await World.CreateAsync(new KoboToolboxStandIn { PostsXml = true }, azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(6, 1));
        foreach (var submission in world.Vendor.Submissions.Take(4)) Assert.Equal(1, (await world.DeliverAsync(submission)).Accepted);
        Assert.Equal((4, 2), ((await world.HealAsync())!.Counts.Ours, await world.CountAsync(Channel.Recovered)));
        // A late webhook meets what was recovered, by the id it goes by. Its text is not quite the list's: a conflict of one response, never a second one.
        await world.DeliverAsync(world.Vendor.Submissions[5]);
        Assert.Equal(6, (await world.RowsAsync("I~")).Count);
        Assert.Equal(6, (await world.RowsAsync("R~")).Count);
    }

    [Fact]
    public async Task The_confirmed_moment_moves_only_by_a_whole_list_and_lists_begin_before_it()
    {
        await using var world = await World.CreateAsync(new TypeformStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(5, 1));
        world.Vendor.SaysTotal = 7;
        var report = await world.HealAsync();
        Assert.Equal((false, 5, null), (report!.IsWhole, report.Counts.Recovered, report.Confirmed));
        world.Vendor.SaysTotal = null;
        var confirmed = (await world.HealAsync())!.Confirmed;
        Assert.Equal(world.Time.GetUtcNow(), confirmed!.Value, TimeSpan.FromMinutes(1));
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.HealAsync();
        Assert.Contains($"since={Uri.EscapeDataString((confirmed.Value - HealGaps.Overlap).ToString("yyyy-MM-ddTHH:mm:ssZ", null))}", world.Vendor.Asked.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_is_refused_is_seen_and_the_vendor_is_left_alone()
    {
        await using var world = await World.CreateAsync(new FormbricksStandIn(), azurite);
        world.Vendor.Instead.Enqueue(StandIn.Status(403));
        Assert.Equal("vendor-refused", (await world.HealAsync())!.Code);
        var asked = world.Vendor.Asked.Count;
        Assert.Null(await world.HealAsync());
        Assert.Equal(asked, world.Vendor.Asked.Count);
        var shown = await world.ShownAsync();
        Assert.Equal(("vendor-refused", false), (shown.Paused!.Code, Assert.Single(shown.Forms).IsWhole));
        world.Time.Advance(TimeSpan.FromMinutes(16));
        Assert.True((await world.HealAsync())!.IsWhole);
    }

    /// <summary>Submissions of the last hours, which every list still holds.</summary>
    private static IEnumerable<SeededSubmission> Recent(World world, int count) =>
        SeededSubmission.Made(count, 1).Select(one => one with { Submitted = world.Time.GetUtcNow().AddHours(-one.Number), Updated = world.Time.GetUtcNow().AddHours(-one.Number) });

    /// <summary>What vendors do on bad days, in no order.</summary>
    private static void Misbehave(StandIn vendor, Random random)
    {
        for (var i = 0; i < 12; i++)
        {
            vendor.Instead.Enqueue(random.Next(7) switch
            {
                0 => StandIn.Status(500),
                1 => StandIn.Status(503, ("Retry-After", "0")),
                2 => StandIn.Status(429, ("Retry-After", "60")),
                3 => StandIn.Truncated,
                _ => null,
            });
        }
    }
}

internal static class Fetching
{
    public static Task FetchAsyncIfEventOnly(this World world) => VendorApi.All[world.Vendor.Tool].IsEventOnly ? world.FetchAsync() : Task.CompletedTask;
}
