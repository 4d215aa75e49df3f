using System.Diagnostics;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

public sealed class EvidenceTableTests(AzuriteFixture azurite) : EvidenceContract
{
    private static readonly Dictionary<string, CodedResponse[]> Versions = new(StringComparer.Ordinal)
    {
        ["revisions"] = [AResponse(answer: "a").Updated(1), AResponse(answer: "b").Updated(2), AResponse(answer: "c", school: "100002").Updated(3)],
        ["back and forth"] = [AResponse(answer: "a").Updated(1), AResponse(answer: "b").Updated(2), AResponse(answer: "a").Updated(3), AResponse(answer: "a").Updated(2)],
        ["forth and back and forth"] = [AResponse(answer: "a").Updated(1), AResponse(answer: "b").Updated(2), AResponse(answer: "a").Updated(3), AResponse(answer: "b").Updated(4)],
        ["at the same time"] = [AResponse(answer: "a").Updated(1), AResponse(answer: "b").Updated(1), AResponse(answer: "c").Updated(1), AResponse(answer: "a").Updated(1)],
        ["unfinished"] = [Unfinished(AResponse(answer: "a").Updated(1)), AResponse(answer: "a").Updated(1), Unfinished(AResponse(answer: "b").Updated(1)), AResponse(answer: "b").Updated(0)],
        ["conflicts"] = [AResponse(answer: "a").Submitted(2), AResponse(answer: "b").Submitted(1), AResponse(answer: "c", school: "100002").Submitted(3)],
        ["conflicts that repeat"] = [AResponse(answer: "a").Submitted(3), AResponse(answer: "b").Submitted(2), AResponse(answer: "a").Submitted(1), AResponse(answer: "c").Submitted(2)],
        ["a tool that learnt revisions"] = [AResponse(answer: "a").Submitted(1), AResponse(answer: "b").Updated(1), AResponse(answer: "a").Updated(2), AResponse(answer: "c").Submitted(0)],
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<(IEvidence Evidence, ISchoolTotals Totals)> EmptyStoreAsync()
    {
        var store = (await TestStorage.CreateAsync(azurite)).Store.Evidence;
        return (store, store);
    }

    [Fact]
    public async Task An_arrival_is_one_request()
    {
        var storage = await TestStorage.CreateAsync(azurite);

        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation)));
    }

    [Fact]
    public async Task A_wording_costs_requests_only_when_a_process_first_meets_it()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (other, _) = storage.Connect();

        Assert.Equal(3, await storage.CountAsync(() => storage.Store.Evidence.TakeInAsync(Worded("a", "aaaaaaaaaaaa"), AReceipt(), Cancellation)));   // W, add W, transaction
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Evidence.TakeInAsync(Worded("b", "aaaaaaaaaaaa"), AReceipt(), Cancellation)));
        Assert.Equal(3, await storage.CountAsync(() => storage.Store.Evidence.TakeInAsync(Worded("c", "bbbbbbbbbbbb"), AReceipt(), Cancellation)));
        await other.Evidence.TakeInAsync(Worded("d", "aaaaaaaaaaaa", minutes: 9), AReceipt(), Cancellation);

        Assert.Equal(
            [("aaaaaaaaaaaa", "How sure?", Monday), ("bbbbbbbbbbbb", "How sure?", Monday)],
            (await storage.Store.Evidence.SeenAsync(Collection, Cancellation)).Select(seen => (seen.Wording, seen.Text!, seen.FirstSeen)));
    }

    [Fact]
    public async Task Of_processes_that_meet_a_wording_at_once_one_keeps_it_and_no_answer_is_lost()
    {
        var storage = await TestStorage.CreateAsync(azurite);

        var fates = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => storage.Connect().Store.Evidence.TakeInAsync(Worded($"{i}", "aaaaaaaaaaaa", minutes: i), AReceipt(), Cancellation)));

        Assert.All(fates, fate => Assert.Equal(Fate.Accepted, fate));
        Assert.Single(await storage.Store.Evidence.SeenAsync(Collection, Cancellation));
        Assert.Equal(8, (await CountedAsync(storage.Store.Evidence, School)).Count(coding => coding.Observations[0].Wording == "aaaaaaaaaaaa"));
    }

    [Fact]
    public async Task A_hash_gets_its_words_when_they_come_and_words_have_an_end()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        await evidence.TakeInAsync(Worded("a", "aaaaaaaaaaaa", text: null), AReceipt(), Cancellation);
        Assert.Null(Assert.Single(await evidence.SeenAsync(Collection, Cancellation)).Text);
        await evidence.TakeInAsync(Worded("b", "aaaaaaaaaaaa", minutes: 9), AReceipt(), Cancellation);
        Assert.Equal(("How sure?", Monday), (Assert.Single(await evidence.SeenAsync(Collection, Cancellation)) is var seen ? (seen.Text!, seen.FirstSeen) : default));

        for (var i = 0; i < 60; i++) await evidence.TakeInAsync(Worded($"x{i}", $"{i:D12}"), AReceipt(), Cancellation);
        Assert.Equal(50, (await evidence.SeenAsync(Collection, Cancellation)).Count);
        Assert.Equal(62, (await CountedAsync(evidence, School)).Count);
    }

    private static CodedResponse Worded(string id, string wording, string? text = "How sure?", int minutes = 0)
    {
        var response = AResponse(id);
        return response with
        {
            Coding = response.Coding with { Observations = [response.Coding.Observations[0] with { Wording = wording }] },
            Wordings = [new SeenWording("leaders", "every-teacher-responsible", wording, text, ["agree", "disagree"], Monday.AddMinutes(minutes))],
        };
    }

    [Fact]
    public async Task Requests_of_the_rarer_paths_are_counted()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        await evidence.TakeInAsync(AResponse(answer: "2").Updated(2), AReceipt(), Cancellation);

        Assert.Equal(3, await storage.CountAsync(() => evidence.TakeInAsync(AResponse(answer: "2").Updated(2), AReceipt(), Cancellation)));   // add, I, D
        Assert.Equal(5, await storage.CountAsync(() => evidence.TakeInAsync(AResponse(answer: "3").Updated(3), AReceipt(), Cancellation)));   // add, I, H, R, transaction
        Assert.Equal(4, await storage.CountAsync(() => evidence.TakeInAsync(AResponse(answer: "1").Updated(1), AReceipt(), Cancellation)));   // add, I, H, transaction
        var mended = AResponse(answer: "3").Updated(3) with { Instrument = new InstrumentVersion("leaders", 2) };
        Assert.Equal(4, await storage.CountAsync(() => evidence.TakeInAsync(mended, AReceipt(), Cancellation)));   // add, I, R, transaction: redacted anew
        Assert.Equal(3, await storage.CountAsync(() => evidence.TakeInAsync(mended, AReceipt(), Cancellation)));   // a plain duplicate again
        Assert.Equal(1, await storage.CountAsync(() => evidence.ChangedSchoolsAsync(Collection, Cancellation)));
        Assert.Equal(4, await storage.CountAsync(() => evidence.RecomputeAsync(Collection, School, Totals, Cancellation)));   // S, P, R, transaction
        Assert.Equal(3, await storage.CountAsync(() => evidence.RecomputeAsync(Collection, School, Totals, Cancellation)));   // nothing changed
        Assert.Equal(1, await storage.CountAsync(() => evidence.TotalsAsync(Collection, Cancellation)));
    }

    [Fact]
    public async Task Recomputing_all_reads_the_partition_once()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        for (var i = 0; i < 20; i++) await evidence.TakeInAsync(AResponse($"{i}", $"1000{i:D2}"), AReceipt(), Cancellation);
        var changed = await evidence.ChangedSchoolsAsync(Collection, Cancellation);

        Assert.Equal(3 + 20, await storage.CountAsync(() => evidence.RecomputeAllAsync(Collection, changed, Totals, Cancellation)));
    }

    [Fact]
    public async Task Every_delivery_has_one_fate_in_the_rows()
    {
        var storage = await TestStorage.CreateAsync(azurite, new FakeTimeProvider(Monday.AddDays(3)));
        var evidence = storage.Store.Evidence;
        List<Fate> told = [];
        foreach (var response in (CodedResponse[])[
            AResponse("a"), AResponse("a"), AResponse("a", answer: "other"), AResponse("b").Updated(1), AResponse("b", answer: "later").Updated(2)])
        {
            told.Add(await evidence.TakeInAsync(response, AReceipt(), Cancellation));
        }
        await evidence.EraseAsync(Collection, AResponse("a").Identity, Cancellation);
        told.Add(await evidence.TakeInAsync(AResponse("a"), AReceipt(), Cancellation));

        Assert.Equal([Fate.Accepted, Fate.Duplicate, Fate.Conflict, Fate.Accepted, Fate.Revised, Fate.Erased], told);
        var accepted = await storage.RowsAsync("Evidence", "I~");
        var others = await storage.RowsAsync("Evidence", "D~2026-09-28~");
        Assert.All([.. accepted, .. others], row => Assert.Equal(("leaders_typeform", "2026-09-28"), (row.GetString("Source"), row.GetString("Day"))));
        Assert.Equal(2, accepted.Count);
        Assert.Equal(["Conflict", "Duplicate", "Erased", "Revised"], others.Select(row => row.GetString("Fate")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_write_whose_answer_was_lost_is_accepted_once()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);

        Assert.Equal(Fate.Accepted, await storage.Store.Evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation));

        Assert.Single(await storage.RowsAsync("Evidence", "R~"));
        Assert.Single(await storage.RowsAsync("Evidence", "P~"));
        Assert.Empty(await storage.RowsAsync("Evidence", "D~"));
    }

    [Theory]
    [InlineData(Fate.Duplicate, "first", 1)]
    [InlineData(Fate.Revised, "second", 2)]
    [InlineData(Fate.Revised, "zeroth", 0)]
    [InlineData(Fate.Duplicate, "first", 1, 2)]
    public async Task A_later_write_whose_answer_was_lost_keeps_its_fate_and_has_one(Fate fate, string answer, int minutes, int instrument = 1)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        await evidence.TakeInAsync(AResponse(answer: "first").Updated(1), AReceipt(), Cancellation);
        // The first transaction is the add that conflicts: what changes something is the one whose answer holds no refusal.
        storage.Wire.LoseOneAnswer(request => Wire.IsTransaction(request) && Sends(request, "D~"));

        var again = AResponse(answer: answer).Updated(minutes) with { Instrument = new InstrumentVersion("leaders", instrument) };
        Assert.Equal(fate, await evidence.TakeInAsync(again, AReceipt(), Cancellation));

        Assert.Equal(fate.ToString(), Assert.Single(await storage.RowsAsync("Evidence", "D~")).GetString("Fate"));
        Assert.Single(await storage.RowsAsync("Evidence", "R~"));
    }

    public static TheoryData<string> Stories => [.. Versions.Keys];

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task Any_order_of_the_same_versions_ends_in_the_same_rows(string story)
    {
        var versions = Versions[story];
        var storage = await TestStorage.CreateAsync(azurite);
        var orders = Permutations(versions).ToList();
        // An identity for each order, and one more for all versions at once.
        await Parallel.ForAsync(0, orders.Count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (i, token) =>
        {
            foreach (var version in orders[i]) await storage.Store.Evidence.TakeInAsync(version with { Identity = $"id-{i:D3}" }, AReceipt(), token);
        });
        await Task.WhenAll(versions.Select(version => storage.Store.Evidence.TakeInAsync(version with { Identity = "id-all" }, AReceipt(), Cancellation)));

        var rows = await storage.RowsAsync("Evidence");
        var outcomes = rows.Where(row => row.RowKey.StartsWith("I~", StringComparison.Ordinal)).Select(identity =>
        {
            var id = identity.RowKey[2..];
            var response = Assert.Single(rows, row => row.RowKey.StartsWith("R~", StringComparison.Ordinal) && row.RowKey.EndsWith("~" + id, StringComparison.Ordinal));
            Assert.Equal(identity.GetString("School"), response.GetString("School"));
            Assert.Equal(identity.GetString("Version"), response.GetString("Version"));
            var history = rows.Where(row => row.RowKey.StartsWith($"H~{id}~", StringComparison.Ordinal));
            return string.Join('\n', [Shown(response, id), .. history.Select(row => Shown(row, id))]);
        }).ToList();

        Assert.Equal(orders.Count + 1, outcomes.Count);
        Assert.Single(outcomes.Distinct(StringComparer.Ordinal));
        Assert.Equal(versions.Select(version => version.Version.Hash).Distinct(StringComparer.Ordinal).Count(), outcomes[0].Split('\n').Length);
        // One fate for each delivery.
        Assert.Equal(versions.Length * (orders.Count + 1), outcomes.Count + rows.Count(row => row.RowKey.StartsWith("D~", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Sixteen_versions_at_once_are_all_kept_and_the_newest_counts()
    {
        var storage = await TestStorage.CreateAsync(azurite);

        var fates = await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            storage.Store.Evidence.TakeInAsync(AResponse(answer: $"{i}").Updated(i), AReceipt(), Cancellation)));

        Assert.Equal(1, fates.Count(fate => fate == Fate.Accepted));
        Assert.Equal(15, fates.Count(fate => fate == Fate.Revised));
        Assert.Equal(15, (await storage.RowsAsync("Evidence", "H~")).Count);
        Assert.Equal("15", Assert.Single(await CountedAsync(storage.Store.Evidence, School)).Observations[0].Code);
    }

    [Fact]
    public async Task An_erased_response_is_in_no_row_and_does_not_come_back()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        await evidence.TakeInAsync(AResponse(answer: "a").Updated(1), AReceipt(), Cancellation);
        await evidence.TakeInAsync(AResponse(answer: "b").Updated(2), AReceipt(), Cancellation);
        await evidence.RecomputeAsync(Collection, School, Totals, Cancellation);

        await evidence.EraseAsync(Collection, AResponse().Identity, Cancellation);
        await evidence.EraseAsync(Collection, AResponse().Identity, Cancellation);

        Assert.Equal(Fate.Erased, await evidence.TakeInAsync(AResponse(answer: "b").Updated(2), AReceipt(), Cancellation));
        Assert.Equal(Fate.Erased, await evidence.TakeInAsync(AResponse(answer: "c").Updated(3), AReceipt(), Cancellation));
        Assert.Equal([School], await evidence.ChangedSchoolsAsync(Collection, Cancellation));
        await RecomputeChangedAsync(evidence);
        Assert.Empty(await evidence.TotalsAsync(Collection, Cancellation));
        Assert.Empty(await storage.RowsAsync("Evidence", "R~"));
        Assert.Empty(await storage.RowsAsync("Evidence", "H~"));
        var tombstone = Assert.Single(await storage.RowsAsync("Evidence", "I~"));
        Assert.Equal(
            ["Channel", "Day", "PartitionKey", "Receipt", "RowKey", "Source", "State", "Timestamp", "odata.etag"], tombstone.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_erasure_of_what_never_came_keeps_it_out()
    {
        var storage = await TestStorage.CreateAsync(azurite);

        await storage.Store.Evidence.EraseAsync(Collection, AResponse().Identity, Cancellation);

        Assert.Equal(Fate.Erased, await storage.Store.Evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation));
        Assert.Empty(await storage.RowsAsync("Evidence", "R~"));
    }

    [Fact]
    public async Task An_erasure_removes_more_versions_than_one_transaction_holds()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        for (var i = 130; i > 0; i--) await storage.Store.Evidence.TakeInAsync(AResponse(answer: $"{i}").Updated(i), AReceipt(), Cancellation);
        Assert.Equal(129, (await storage.RowsAsync("Evidence", "H~")).Count);

        await storage.Store.Evidence.EraseAsync(Collection, AResponse().Identity, Cancellation);

        Assert.Empty(await storage.RowsAsync("Evidence", "H~"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_erasure_between_reading_and_writing_a_version_wins(int minutes)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (other, _) = storage.Connect();
        await storage.Store.Evidence.TakeInAsync(AResponse(answer: "a").Updated(1), AReceipt(), Cancellation);
        storage.Wire.Once(
            request => Wire.IsTransaction(request) && Sends(request, "D~"),
            () => other.Evidence.EraseAsync(Collection, AResponse().Identity, Cancellation));

        Assert.Equal(Fate.Erased, await storage.Store.Evidence.TakeInAsync(AResponse(answer: "b").Updated(minutes), AReceipt(), Cancellation));

        Assert.Empty(await storage.RowsAsync("Evidence", "R~"));
        Assert.Empty(await storage.RowsAsync("Evidence", "H~"));
        Assert.Single(await storage.RowsAsync("Evidence", "D~"));
    }

    [Theory]
    [InlineData("S")]
    [InlineData("P")]
    [InlineData("R")]
    [InlineData("commit")]
    public async Task An_arrival_during_a_recompute_is_not_lost(string before)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (other, _) = storage.Connect();
        await storage.Store.Evidence.TakeInAsync(AResponse("a"), AReceipt(), Cancellation);
        storage.Wire.Once(
            request => before == "commit" ? Wire.IsTransaction(request) : Wire.IsRangeOf(request, before),
            () => other.Evidence.TakeInAsync(AResponse("b"), AReceipt(), Cancellation));

        await storage.Store.Evidence.RecomputeAsync(Collection, School, Totals, Cancellation);

        var shown = (await storage.Store.Evidence.TotalsAsync(Collection, Cancellation)).Shown().Single();
        // Either it is in the totals, or its marker is still there.
        Assert.True(shown == $"{Autumn} {School} agree=2" || (await storage.RowsAsync("Evidence", "P~")).Count == 1);
        await RecomputeChangedAsync(storage.Store.Evidence);
        Assert.Equal([$"{Autumn} {School} agree=2"], (await storage.Store.Evidence.TotalsAsync(Collection, Cancellation)).Shown());
        Assert.Empty(await storage.RowsAsync("Evidence", "P~"));
    }

    [Theory]
    [InlineData("S")]
    [InlineData("R")]
    [InlineData("commit")]
    public async Task An_arrival_during_a_recompute_of_all_is_not_lost(string before)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (other, _) = storage.Connect();
        await storage.Store.Evidence.TakeInAsync(AResponse("a"), AReceipt(), Cancellation);
        storage.Wire.Once(
            request => before == "commit" ? Wire.IsTransaction(request) : Wire.IsRangeOf(request, before),
            async () =>
            {
                await other.Evidence.TakeInAsync(AResponse("b"), AReceipt(), Cancellation);
                await RecomputeChangedAsync(other.Evidence);
            });

        await storage.Store.Evidence.RecomputeAllAsync(Collection, [School], Totals, Cancellation);

        Assert.Equal([$"{Autumn} {School} agree=2"], (await storage.Store.Evidence.TotalsAsync(Collection, Cancellation)).Shown());
        Assert.Empty(await storage.RowsAsync("Evidence", "P~"));
    }

    [Fact]
    public async Task Totals_that_are_right_already_are_not_written_again()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        await evidence.TakeInAsync(AResponse("a").Updated(1), AReceipt(), Cancellation);
        await evidence.RecomputeAsync(Collection, School, Totals, Cancellation);
        var before = await TotalsRowAsync();
        await evidence.TakeInAsync(AResponse("a").Updated(2), AReceipt(), Cancellation);   // the same content later: marked, nothing to add up
        Assert.Single(await storage.RowsAsync("Evidence", "P~"));

        await evidence.RecomputeAsync(Collection, School, Totals, Cancellation);

        Assert.Equal(before.ETag, (await TotalsRowAsync()).ETag);
        Assert.Empty(await storage.RowsAsync("Evidence", "P~"));

        async Task<TableEntity> TotalsRowAsync() => Assert.Single(await storage.RowsAsync("Evidence", $"S~{School}~{Autumn}"));
    }

    // Docs/decisions/0002: without the fence the older totals would stand, with no marker left to say so.
    [Fact(Timeout = 30_000)]
    public async Task A_recompute_that_read_long_ago_cannot_leave_its_totals_behind()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (slow, slowWire) = storage.Connect();
        var (quick, quickWire) = storage.Connect();
        var (writer, _) = storage.Connect();
        TaskCompletionSource held = new(), go = new();
        // The slow one has read no marker when the response comes, then reads the response, and is held before it writes.
        slowWire.Before = async (request, _) =>
        {
            if (Wire.IsRangeOf(request, "R")) await writer.Evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation);
            if (Wire.IsTransaction(request))
            {
                held.TrySetResult();
                await go.Task;
            }
            return null;
        };
        var slowly = slow.Evidence.RecomputeAsync(Collection, School, Totals, Cancellation);
        await held.Task;
        slowWire.Before = null;
        // Now the response goes. The quick one finds nothing to add up and nothing to take back: only markers to delete.
        await writer.Evidence.EraseAsync(Collection, AResponse().Identity, Cancellation);
        quickWire.Once(Wire.IsTransaction, async () =>
        {
            go.SetResult();
            await slowly;
            Assert.Single(await storage.Store.Evidence.TotalsAsync(Collection, Cancellation));
        });

        await quick.Evidence.RecomputeAsync(Collection, School, Totals, Cancellation);

        Assert.Empty(await storage.Store.Evidence.TotalsAsync(Collection, Cancellation));
        Assert.Empty(await storage.Store.Evidence.ChangedSchoolsAsync(Collection, Cancellation));
    }

    [Fact]
    public async Task A_recompute_whose_answer_was_lost_is_done_once()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await Task.WhenAll(Enumerable.Range(0, 130).Select(i => storage.Store.Evidence.TakeInAsync(AResponse($"{i}"), AReceipt(), Cancellation)));
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);

        await storage.Store.Evidence.RecomputeAsync(Collection, School, Totals, Cancellation);

        Assert.Equal([$"{Autumn} {School} agree=130"], (await storage.Store.Evidence.TotalsAsync(Collection, Cancellation)).Shown());
        Assert.Empty(await storage.RowsAsync("Evidence", "P~"));
    }

    [Fact]
    public async Task What_moved_totals_is_counted_once_by_what_it_was()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var evidence = storage.Store.Evidence;
        foreach (var id in new[] { "a", "b", "c" }) await evidence.TakeInAsync(AResponse(id, answer: "1").Updated(2), AReceipt(), Cancellation);
        await RecomputeChangedAsync(evidence);
        Assert.Equal(new Movements(Arrived: 3), (await evidence.TotalsAsync(Collection, Cancellation)).Movements[Autumn]);

        await evidence.TakeInAsync(AResponse("a", answer: "1").Updated(2), AReceipt(), Cancellation);                      // said before
        await evidence.TakeInAsync(AResponse("a", answer: "0").Updated(1), AReceipt(), Cancellation);                      // older: does not count
        await evidence.TakeInAsync(AResponse("a", answer: "2").Updated(3), AReceipt(), Cancellation);
        await evidence.TakeInAsync(AResponse("b", school: "100002", answer: "2").Updated(3), AReceipt(), Cancellation);    // moves two schools, counts once
        await evidence.EraseAsync(Collection, AResponse("c").Identity, Cancellation);
        await evidence.EraseAsync(Collection, AResponse("c").Identity, Cancellation);
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);
        await RecomputeChangedAsync(evidence);

        Assert.Equal(new Movements(Arrived: 3, Revised: 2, Erased: 1), (await evidence.TotalsAsync(Collection, Cancellation)).Movements[Autumn]);
    }

    [Fact]
    public async Task What_moved_totals_is_counted_once_by_recomputes_that_race()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await Task.WhenAll(Enumerable.Range(0, 130).Select(i => storage.Store.Evidence.TakeInAsync(AResponse($"{i}"), AReceipt(), Cancellation)));

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => storage.Connect().Store.Evidence.RecomputeAsync(Collection, School, Totals, Cancellation)));

        Assert.Equal(new Movements(Arrived: 130), (await storage.Store.Evidence.TotalsAsync(Collection, Cancellation)).Movements[Autumn]);
    }

    [Fact]
    public async Task Racing_recomputes_all_end()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        for (var i = 0; i < 5; i++) await storage.Store.Evidence.TakeInAsync(AResponse($"{i}"), AReceipt(), Cancellation);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => storage.Connect().Store.Evidence.RecomputeAsync(Collection, School, Totals, Cancellation)));

        Assert.Equal([$"{Autumn} {School} agree=5"], (await storage.Store.Evidence.TotalsAsync(Collection, Cancellation)).Shown());
        Assert.Empty(await storage.RowsAsync("Evidence", "P~"));
    }

    [Fact]
    public async Task Rows_are_handed_over_in_key_order()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        for (var i = 0; i < 12; i++) await storage.Store.Evidence.TakeInAsync(AResponse($"{i}", answer: $"{i}"), AReceipt(), Cancellation);
        var expected = Enumerable.Range(0, 12).OrderBy(i => AResponse($"{i}").Identity, StringComparer.Ordinal).Select(i => $"{i}");

        Assert.Equal(expected, (await CountedAsync(storage.Store.Evidence, School)).Select(coding => coding.Observations[0].Code));
    }

    [Fact]
    public async Task Storage_that_refuses_for_a_while_is_waited_for()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        storage.Wire.Refuse(4);

        Assert.Equal(Fate.Accepted, await storage.Store.Evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation));
        Assert.Single(await storage.RowsAsync("Evidence", "R~"));
    }

    [Fact]
    public async Task Storage_that_refuses_for_good_ends_with_the_callers_patience()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (store, wire) = storage.Connect(options => (options.Delay, options.MaxRetryAttempts) = (TimeSpan.FromMilliseconds(50), 50));
        wire.Refuse(int.MaxValue);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        var waited = Stopwatch.StartNew();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.Evidence.TakeInAsync(AResponse(), AReceipt(), patience.Token));

        Assert.InRange(waited.Elapsed, TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(5));
        Assert.Empty(await storage.RowsAsync("Evidence"));
    }

    [Fact]
    public async Task A_table_that_is_not_there_is_a_fault_and_no_conflict()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Table("Evidence").DeleteAsync(Cancellation);

        var sent = await storage.CountAsync(async () =>
            Assert.Equal(404, (await Assert.ThrowsAnyAsync<RequestFailedException>(() => storage.Store.Evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation))).Status));

        Assert.Equal(1, sent);
    }

    private static CodedResponse Unfinished(CodedResponse response) => response with { Version = response.Version with { Finished = false } };

    private static bool Sends(HttpRequestMessage request, string rowKeyStart)
    {
        using var body = request.Content!.ReadAsStream();
        using var reader = new StreamReader(body);
        return reader.ReadToEnd().Contains($"\"RowKey\":\"{rowKeyStart}", StringComparison.Ordinal);
    }

    /// <summary>All a row says but when it was written.</summary>
    private static string Shown(TableEntity row, string identity) => string.Join(
        ' ', [row.RowKey.Replace(identity, "~", StringComparison.Ordinal), .. row
            .Where(column => column.Key is not ("odata.etag" or "Timestamp" or "RowKey"))
            .OrderBy(column => column.Key, StringComparer.Ordinal)
            .Select(column => $"{column.Key}={(column.Value is byte[] bytes ? Convert.ToHexString(bytes) : column.Value)}")]);
}
