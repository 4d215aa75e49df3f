using System.Globalization;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>The last word on totals: finds every difference there is, none that is not, and mends it.</summary>
public sealed class AuditTests(AzuriteFixture azurite)
{
    private static readonly string[] Schools = ["100", "1000", "100001", "100002", "org~a", "org~a b"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Totals_as_they_should_be_give_no_difference()
    {
        var (storage, audit) = await GivenAsync();

        var found = await audit.RunAsync(Cancellation);

        Assert.Equal((Schools.Length, 1, 0, 0), (found.Schools, found.Imports, found.Changing, found.Differences));
        Assert.Empty(found.Unreadable);
        Assert.NotNull(found.Ended);
        Assert.Equal(found.Id, Assert.Single(await storage.Store.Audits.NewestAsync(9, Cancellation)).Id);
        Assert.Empty(await storage.Store.Evidence.ChangedSchoolsAsync(Collection, Cancellation));
    }

    [Theory]
    [InlineData("a weight off by its last bit")]
    [InlineData("an answer too many")]
    [InlineData("a row gone")]
    [InlineData("a row of nobody")]
    [InlineData("no totals at all")]
    public async Task Totals_that_were_tampered_with_are_told_and_heal(string what)
    {
        var (storage, audit) = await GivenAsync();
        var evidence = storage.Store.Evidence;
        var before = await evidence.TotalsAsync(Collection, Cancellation);
        await TamperAsync(storage, what);

        var found = await audit.RunAsync(Cancellation);

        Assert.Equal((1, 0), (found.Differences, found.Changing));
        var difference = Assert.Single((await storage.Store.Audits.FindAsync(found.Id, Cancellation))!.Differences);
        Assert.Equal((Collection, "webhooks", Autumn), (difference.Collection, difference.Source, difference.Wave == "2020" ? Autumn : difference.Wave));
        Assert.Equal(what is "a row gone" or "no totals at all", difference.Stored is null);
        Assert.Equal(what is "a row of nobody", difference.Rebuilt is null);
        if (what != "no totals at all") Assert.Equal(["every-teacher-responsible"], difference.Indicators);
        Assert.DoesNotContain("agree", JsonSerializer.Serialize(difference, AuditsJson.Default.TotalsDifference), StringComparison.Ordinal);

        // Marked, so that the next recompute mends it; then there is nothing to tell, and the record stays.
        Assert.Equal([difference.School], await evidence.ChangedSchoolsAsync(Collection, Cancellation));
        await RecomputedAsync(storage.Store);
        Assert.Equal(Bytes(before), Bytes(await evidence.TotalsAsync(Collection, Cancellation)));
        Assert.Equal(0, (await audit.RunAsync(Cancellation)).Differences);
        Assert.Equal([0, 1], (await storage.Store.Audits.NewestAsync(9, Cancellation)).Select(one => one.Differences));
        Assert.Equal(1, (await storage.Store.Audits.NewestAsync(9, Cancellation))[1].Differences);
    }

    [Fact]
    public async Task What_waits_for_a_recompute_is_no_difference()
    {
        var (storage, audit) = await GivenAsync();
        await storage.Store.Evidence.TakeInAsync(AResponse("late", "100001"), AReceipt(), Cancellation);
        await storage.Store.Evidence.TakeInAsync(AResponse("new", "300001"), AReceipt(), Cancellation);

        var found = await audit.RunAsync(Cancellation);

        Assert.Equal((Schools.Length + 1, 2, 0), (found.Schools, found.Changing, found.Differences));
    }

    [Fact]
    public async Task A_school_that_changes_between_two_reads_of_it_is_no_difference()
    {
        var (storage, audit) = await GivenAsync();
        var (other, _) = storage.Connect();
        // Before every range the audit reads, evidence arrives there and is recomputed at once: no marker is left to be seen, only the fence that moved.
        var arrived = 0;
        storage.Wire.Before = async (request, token) =>
        {
            if (arrived >= 40 || request.Method != HttpMethod.Get || !request.RequestUri!.AbsolutePath.Contains("Evidence", StringComparison.Ordinal)) return null;
            await other.Evidence.TakeInAsync(AResponse($"between-{arrived++}", "100001", $"agree{arrived % 3}"), AReceipt(), token);
            await other.Evidence.RecomputeAsync(Collection, ["100001"], Totalling.BySchool, token);
            return null;
        };

        var found = await audit.RunAsync(Cancellation);
        storage.Wire.Before = null;

        Assert.InRange(arrived, 5, 40);
        Assert.Equal(0, found.Differences);
        Assert.Equal(0, (await audit.RunAsync(Cancellation)).Differences);
        Assert.Equal(arrived, (await other.Evidence.TotalsAsync(Collection, Cancellation)).Where(total => total.School == "100001").Sum(total => total.Respondents) - 2);
    }

    [Fact]
    public async Task Beside_arrivals_revisions_erasures_and_recomputes_there_is_no_false_alarm_and_no_lost_update()
    {
        var (storage, _) = await GivenAsync();
        var evidence = storage.Store.Evidence;
        using var done = new CancellationTokenSource();
        var audited = Task.Run(async () =>
        {
            var audits = new List<TotalsAudit>();
            do audits.Add(await Audit(storage.Connect().Store).RunAsync(Cancellation));
            while (!done.IsCancellationRequested);
            return audits;
        }, Cancellation);
        var recomputed = Task.Run(async () =>
        {
            var store = storage.Connect().Store;
            while (!done.IsCancellationRequested) await RecomputedAsync(store);
        }, Cancellation);

        await Parallel.ForAsync(0, 120, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (i, token) =>
        {
            var response = AResponse($"c{i % 60}", Schools[i % Schools.Length], $"agree{i % 4}").Updated(i);
            await evidence.TakeInAsync(response, AReceipt(), token);
            if (i % 11 == 10) await evidence.EraseAsync(Collection, response.Identity, token);
        });
        await done.CancelAsync();
        await recomputed;
        Assert.All(await audited, audit => Assert.Equal(0, audit.Differences));

        await RecomputedAsync(storage.Store);
        Assert.Equal((0, 0), await Audit(storage.Store).RunAsync(Cancellation) is var last ? (last.Differences, last.Changing) : default);
    }

    [Fact]
    public async Task A_poll_whose_rows_were_tampered_with_is_told_and_gets_rows_anew()
    {
        var (storage, audit) = await GivenAsync();
        var store = storage.Store;
        var wrong = Assert.Single(await store.Imports.ActiveAsync(Cancellation));
        var before = await store.PollTotals.ReadAsync(wrong.Version, Cancellation);
        await store.PollTotals.WriteAsync(wrong.Version, [before[0] with { Respondents = 99 }, before[0] with { School = "999999" }], Cancellation);

        var found = await audit.RunAsync(Cancellation);

        var differences = (await store.Audits.FindAsync(found.Id, Cancellation))!.Differences;
        Assert.Equal([(99, 2), (2, 0)], differences.Select(one => (one.Stored!.Respondents, one.Rebuilt?.Respondents ?? 0)));
        Assert.All(differences, one => Assert.Equal(("leaders", "northern/leaders-poll"), (one.Collection, one.Source)));
        var mended = Assert.Single(await store.Imports.ActiveAsync(Cancellation));
        Assert.NotEqual(wrong.Version, mended.Version);
        Assert.Equal(Bytes(before), Bytes(await store.PollTotals.ReadAsync(mended.Version, Cancellation)));
        Assert.Empty(await store.PollTotals.ReadAsync(wrong.Version, Cancellation));
        Assert.Equal(ImportState.Active, Assert.Single((await new ListImports(store.Imports, TimeProvider.System).RunAsync(null, null, 9, null, Cancellation)).Value!.Imports).State);
        Assert.Equal((1, 0), await audit.RunAsync(Cancellation) is var next ? (next.Imports, next.Differences) : default);
        // The same file imported again changes nothing.
        Assert.Equal(ImportOutcome.Unchanged, (await Import(store).RunAsync("northern", "leaders.csv", again: true, Cancellation))!.Outcome);
        Assert.Equal(mended.Version, Assert.Single(await store.Imports.ActiveAsync(Cancellation)).Version);
    }

    [Fact]
    public async Task A_poll_whose_copy_is_gone_is_rebuilt_from_the_drop_and_told_when_that_is_gone_too()
    {
        var (storage, audit) = await GivenAsync();
        var hash = Assert.Single(await storage.Store.Imports.ActiveAsync(Cancellation)).ContentHash;
        await storage.Container("raw").GetBlobClient(hash).DeleteAsync(cancellationToken: Cancellation);
        Assert.Equal(1, (await audit.RunAsync(Cancellation)).Imports);

        await storage.Container("poll-drop").GetBlobClient("northern/leaders.csv").DeleteAsync(cancellationToken: Cancellation);
        var found = await audit.RunAsync(Cancellation);
        Assert.Equal((0, new UnreadableImport("northern", "leaders-poll", Autumn, "file-gone")), (found.Imports, Assert.Single(found.Unreadable)));
    }

    [Fact]
    public async Task What_an_audit_costs_grows_with_pages_not_with_schools()
    {
        var (storage, audit) = await GivenAsync();

        // Instruments, active imports twice, S and R of the collection, the audit twice; instrument, copy (twice opened) and rows of the poll.
        Assert.InRange(await storage.CountAsync(() => audit.RunAsync(Cancellation)), 1, 13);
    }

    /// <summary>Six schools with weights whose sums are not exact, recomputed; and a poll.</summary>
    private async Task<(TestStorage Storage, AuditTotals Audit)> GivenAsync()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = storage.Store;
        await store.Instruments.AddAsync(AnInstrument(), Cancellation);
        await store.Instruments.AddAsync(Poll, Cancellation);
        for (var i = 0; i < 2 * Schools.Length; i++)
        {
            var response = AResponse($"r{i}", Schools[i % Schools.Length], i < Schools.Length ? "agree1" : "agree2");
            await store.Evidence.TakeInAsync(response with { Coding = response.Coding with { Weight = 0.1 + (i / 7.0) } }, AReceipt(), Cancellation);
        }
        await RecomputedAsync(store);
        var csv = new StringBuilder("RecordNo,urn,Q1,weight\n");
        for (var row = 0; row < 6; row++) csv.Append(CultureInfo.InvariantCulture, $"{row},{100_001 + (row % 3)},agree,{0.1 + (row / 7.0):0.00000}\n");
        await storage.Container("poll-drop").GetBlobClient("northern/leaders.csv").UploadAsync(BinaryData.FromString(csv.ToString()), overwrite: true, Cancellation);
        Assert.Equal(ImportOutcome.Active, (await Import(store).RunAsync("northern", "leaders.csv", again: false, Cancellation))!.Outcome);
        return (storage, Audit(store));
    }

    private static readonly Instrument Poll = new(
        "Leaders", "leaders", null, new PollBinding("northern"), new Term(Autumn), null, new FieldName("urn"), null, null, new FieldName("weight"), null, null,
        [new Item("every-teacher-responsible", "Q1", new Dictionary<string, string> { ["agree"] = "fully" })])
    {
        Id = "leaders-poll",
        Version = 1,
    };

    private static async Task TamperAsync(TestStorage storage, string what)
    {
        var table = storage.Table("Evidence");
        var row = (await storage.RowsAsync("Evidence", "S~100001~")).Single(row => row.ContainsKey("Json0"));
        var totals = JsonSerializer.Deserialize(row.GetBinary("Json0"), TotalsJson.Default.SchoolTotals)!;
        var cell = totals.Cells[0];
        switch (what)
        {
            case "a weight off by its last bit":
                await PutAsync(totals with { Cells = [cell with { W = Math.BitIncrement(cell.W) }, .. totals.Cells.Skip(1)] }, row.RowKey);
                break;
            case "an answer too many":
                await PutAsync(totals with { Cells = [cell with { N = cell.N + 1 }, .. totals.Cells.Skip(1)] }, row.RowKey);
                break;
            case "a row of nobody":
                await PutAsync(totals with { Wave = "2020" }, "S~100001~2020");
                break;
            case "a row gone":
                await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, Cancellation);
                break;
            default:
                row["Json0"] = "no totals"u8.ToArray();
                await table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancellation);
                break;
        }

        async Task PutAsync(SchoolTotals wrong, string key) => await table.UpsertEntityAsync(
            new TableEntity(row.PartitionKey, key) { ["School"] = "100001", ["Json0"] = JsonSerializer.SerializeToUtf8Bytes(wrong, TotalsJson.Default.SchoolTotals) }, TableUpdateMode.Replace,
            Cancellation);
    }

    private static async Task RecomputedAsync(SurveyDataStorage store) =>
        await store.Evidence.RecomputeAsync(Collection, await store.Evidence.ChangedSchoolsAsync(Collection, Cancellation), Totalling.BySchool, Cancellation);

    private static string Bytes(IReadOnlyList<SchoolTotals> totals) =>
        string.Join('\n', totals.Select(one => JsonSerializer.Serialize(one, TotalsJson.Default.SchoolTotals)));

    private static ImportPoll Import(SurveyDataStorage store) =>
        new(store.Drops, store.Instruments, store.Waves, store.Imports, new FileImport(store.Drops, store.Imports, TimeProvider.System), store.PollTotals, store.Schools,
            new ErasureShelf(store.Erasures, APseudonymKey, TimeProvider.System), Catalogue.Current, TimeProvider.System);

    private static AuditTotals Audit(SurveyDataStorage store) => new(
        store.Instruments, store.Evidence, store.Imports, store.PollTotals, new RebuildPoll(store.Drops, store.Instruments, store.Imports, store.PollTotals, new ErasureShelf(store.Erasures, APseudonymKey, TimeProvider.System)), store.Audits,
        TimeProvider.System);
}
