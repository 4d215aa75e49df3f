using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Testing;
using WholeSchoolSend.Vendors.Tests.StandIns;

namespace WholeSchoolSend.Vendors.Tests;

/// <summary>From an event to its answers.</summary>
public sealed class FetchingTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData("surveymonkey")]
    [InlineData("qualtrics")]
    public async Task An_event_becomes_a_response_and_its_note_goes(string tool)
    {
        await using var world = await World.CreateAsync(HealingTests.Vendor(tool), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(3, 1));
        foreach (var submission in world.Vendor.Submissions) Assert.Equal(1, (await world.DeliverAsync(submission)).Pending);
        Assert.Equal((3, 0), ((await world.ShownAsync()).Waiting, (await world.RowsAsync("I~")).Count));
        Assert.Equal(3, (await world.FetchAsync()).Fetched);
        await world.AssertAllInOnceAsync();
        Assert.Equal(3, await world.CountAsync(Channel.Fetched));
        // What became of each event stays; nothing waits.
        Assert.All(await world.RowsAsync("", "Pending"), row => Assert.StartsWith("D~", row.RowKey, StringComparison.Ordinal));
        Assert.DoesNotContain(await world.RowsAsync("R~"), row => System.Text.Encoding.UTF8.GetString(row.GetBinary("Json0")).Contains("canary", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task After_a_crash_between_response_and_note_its_own_write_is_found()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(3, 1));
        foreach (var submission in world.Vendor.Submissions) await world.DeliverAsync(submission);
        var notes = world.Notes;
        world.Notes = new CrashingNotes(notes);
        await Assert.ThrowsAsync<CrashException>(world.FetchAsync);
        Assert.Single(await world.RowsAsync("I~"));
        world.Notes = notes;
        world.Time.Advance(TimeSpan.FromMinutes(10));
        await world.FetchAsync();
        await world.AssertAllInOnceAsync();
        Assert.Empty(await world.RowsAsync("D~"));   // no second fate
    }

    [Fact]
    public async Task A_later_event_that_comes_meanwhile_keeps_the_note()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(1, 1));
        await world.DeliverAsync(world.Vendor.Submissions[0]);
        var read = Assert.Single(await world.Notes.NotesAsync(World.SourceName, TestContext.Current.CancellationToken));
        var changed = world.Vendor.Submissions[0] = world.Vendor.Submissions[0].Changed(5);
        await world.DeliverAsync(changed);
        await world.Notes.DoneAsync(read, TestContext.Current.CancellationToken);
        await world.Notes.CloseAsync(read, PendingNote.Gone, TestContext.Current.CancellationToken);
        await world.Notes.PutOffAsync(read, world.Time.GetUtcNow().AddDays(1), "vendor-failed", TestContext.Current.CancellationToken);
        Assert.Equal(1, (await world.FetchAsync()).Fetched);
        await world.AssertAllInOnceAsync();
    }

    [Theory]
    [InlineData("surveymonkey")]
    [InlineData("qualtrics")]
    public async Task What_was_deleted_there_ends_after_some_time_as_gone(string tool)
    {
        await using var world = await World.CreateAsync(HealingTests.Vendor(tool), azurite);
        var gone = SeededSubmission.Made(1, 1)[0] with { Submitted = world.Time.GetUtcNow(), Updated = world.Time.GetUtcNow() };
        await world.DeliverAsync(gone);
        Assert.Equal((0, 1), await GoneAndWaitingAsync());   // an event may run ahead of the vendor's own store
        world.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal((0, 1), await GoneAndWaitingAsync());
        world.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((1, 0), await GoneAndWaitingAsync());
        Assert.Equal(1, (await world.ShownAsync()).Closed[PendingNote.Gone]);
        // A later event opens it again.
        var back = gone with { Submitted = gone.Submitted.AddDays(1), Updated = gone.Updated.AddDays(1) };
        world.Vendor.Submissions.Add(back);
        await world.DeliverAsync(back);
        Assert.Equal(1, (await world.FetchAsync()).Fetched);

        async Task<(int Gone, int Waiting)> GoneAndWaitingAsync()
        {
            var outcome = await world.FetchAsync();
            return (outcome.Gone, (await world.ShownAsync()).Waiting);
        }
    }

    [Fact]
    public async Task A_form_that_is_not_there_is_no_deleted_response()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(1, 1));
        await world.DeliverAsync(world.Vendor.Submissions[0]);
        for (var runs = 0; runs < 8; runs++)
        {
            world.Vendor.Instead.Enqueue(StandIn.Status(404));
            Assert.Equal(0, (await world.FetchAsync()).Gone);
            world.Time.Advance(TimeSpan.FromHours(7));
        }
        var shown = await world.ShownAsync();
        Assert.Equal((1, 1, "vendor-form-missing"), (shown.Waiting, shown.Stuck, shown.LastCode));
        Assert.Equal(world.Vendor.Submissions[0].Updated, shown.Oldest);
        // Stuck is still tried.
        Assert.Equal((1, 0), (await world.FetchAsync() is var outcome ? (outcome.Fetched, outcome.Stuck) : default));
    }

    [Fact]
    public async Task A_refused_token_stops_the_source_and_counts_against_no_response()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(3, 1));
        foreach (var submission in world.Vendor.Submissions) await world.DeliverAsync(submission);
        world.Vendor.Instead.Enqueue(StandIn.Status(401));
        Assert.Equal(("vendor-refused", 3), (await world.FetchAsync() is var stopped ? (stopped.Code, stopped.Left) : default));
        Assert.Single(world.Vendor.Asked);
        Assert.Equal("vendor-refused", (await world.FetchAsync()).Code);
        Assert.Single(world.Vendor.Asked);
        Assert.All(await world.Notes.NotesAsync(World.SourceName, TestContext.Current.CancellationToken), note => Assert.Equal(0, note.Attempts));
        world.Time.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal(3, (await world.FetchAsync()).Fetched);
        Assert.Null((await world.ShownAsync()).Paused);
    }

    [Fact]
    public async Task The_vendors_day_is_waited_out_as_it_says()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(5, 1));
        foreach (var submission in world.Vendor.Submissions) await world.DeliverAsync(submission);
        world.Vendor.LeftToday = 3;   // the survey's details and two responses
        Assert.Equal((2, "vendor-busy"), (await world.FetchAsync() is var outcome ? (outcome.Fetched, outcome.Code) : default));
        Assert.Equal(world.Time.GetUtcNow().AddHours(2), (await world.ShownAsync()).Paused!.Until, TimeSpan.FromMinutes(1));
        world.Vendor.LeftToday = null;
        world.Time.Advance(TimeSpan.FromHours(2.1));
        Assert.Equal(3, (await world.FetchAsync()).Fetched);
        await world.AssertAllInOnceAsync();
    }

    [Fact]
    public async Task What_waits_comes_by_the_list_too_as_fetched_and_once()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(30, 1));
        foreach (var submission in world.Vendor.Submissions.Take(20)) await world.DeliverAsync(submission);
        var report = await world.HealAsync();
        Assert.Equal((20, 10), (await world.CountAsync(Channel.Fetched), report!.Counts.Recovered));
        Assert.Equal(0, (await world.ShownAsync()).Waiting);
        await world.AssertAllInOnceAsync();
        Assert.InRange(world.Vendor.Asked.Count, 1, 4);
    }

    [Fact]
    public async Task While_another_instance_fetches_this_one_does_not()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(1, 1));
        await world.DeliverAsync(world.Vendor.Submissions[0]);
        var state = world.Storage.Vendors;
        var now = world.Time.GetUtcNow();
        Assert.True(await state.LeaseAsync(World.SourceName, "fetch", "another", now, now.AddHours(1), TestContext.Current.CancellationToken));
        Assert.Equal((0, 1), (await world.FetchAsync() is var left ? (left.Fetched, left.Left) : default));
        Assert.Empty(world.Vendor.Asked);
        await state.ReleaseAsync(World.SourceName, "fetch", "somebody else", TestContext.Current.CancellationToken);
        Assert.False(await state.LeaseAsync(World.SourceName, "fetch", "a third", now, now.AddHours(1), TestContext.Current.CancellationToken));
        await state.ReleaseAsync(World.SourceName, "fetch", "another", TestContext.Current.CancellationToken);
        Assert.Equal(1, (await world.FetchAsync()).Fetched);
    }

    [Fact]
    public async Task Two_that_fetch_one_response_at_once_take_it_in_once()
    {
        await using var world = await World.CreateAsync(new QualtricsStandIn(), azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(8, 1));
        foreach (var submission in world.Vendor.Submissions) await world.DeliverAsync(submission);
        await Task.WhenAll(world.FetchAsync(), world.HealAsync(), world.FetchAsync());
        world.Time.Advance(TimeSpan.FromMinutes(10));
        await world.FetchAsync();
        await world.AssertAllInOnceAsync();
        Assert.Empty(await world.RowsAsync("D~"));
    }

    private sealed class CrashingNotes(IPendingNotes notes) : IPendingNotes
    {
        public Task<IReadOnlyList<PendingNote>> NotesAsync(string source, CancellationToken cancellation) => notes.NotesAsync(source, cancellation);

        public Task PutOffAsync(PendingNote note, DateTimeOffset next, string code, CancellationToken cancellation) => notes.PutOffAsync(note, next, code, cancellation);

        public Task DoneAsync(PendingNote note, CancellationToken cancellation) => throw new CrashException();

        public Task CloseAsync(PendingNote note, string end, CancellationToken cancellation) => notes.CloseAsync(note, end, cancellation);
    }

    private sealed class CrashException : Exception;
}
