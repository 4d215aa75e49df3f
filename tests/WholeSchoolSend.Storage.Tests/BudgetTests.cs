using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>What whole use cases cost in storage requests: counted on the wire, so that a request more fails the build.</summary>
public sealed class BudgetTests(AzuriteFixture azurite)
{
    private static readonly Instrument Form = AnInstrument() with { Form = new FormBinding("leaders_json", "form") };

    private static readonly Instrument Poll = new(
        "Leaders", "leaders", null, new PollBinding("northern"), new Term(Autumn), null, new FieldName("urn"), null, null, new FieldName("weight"), null, null,
        [new Item("every-teacher-responsible", "Q1", Enumerable.Range(0, 10).ToDictionary(code => $"agree{code}", code => $"c{code}"))])
    {
        Id = "leaders-poll",
        Version = 1,
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The fewest cells a school can have are the tightest budget.</summary>
    [Theory]
    [InlineData(520, 1)]
    [InlineData(520, 4)]
    public async Task An_import_costs_a_request_for_a_hundred_cells_and_few_more(int schools, int answers)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var import = Import(storage.Store);
        await storage.Store.Instruments.AddAsync(Poll, Cancellation);

        await DropAsync(storage, APoll(schools, answers));
        var first = await storage.CountAsync(() => ImportAsync());
        var cells = (await RowsAsync()).Sum(school => school.Cells.Count);
        var again = await storage.CountAsync(() => ImportAsync());
        // A drop is later than another only in another second.
        await Task.Delay(TimeSpan.FromSeconds(1.1), Cancellation);
        await DropAsync(storage, APoll(schools, answers).Replace("agree1", "agree2", StringComparison.Ordinal));
        var corrected = await storage.CountAsync(() => ImportAsync());

        Say($"Import of {schools} schools, {cells} cells: {first} requests; the same drop again {again}; a corrected file {corrected} (it also deletes the rows it replaces)");
        Assert.Equal(schools * answers, cells);
        Assert.InRange(first, 1, (cells / 100) + 20);
        Assert.InRange(first, 1, (schools / 100) + 20);
        Assert.InRange(again, 1, 5);
        Assert.InRange(corrected, 1, (2 * schools / 100) + 22);

        async Task ImportAsync() => Assert.Equal(ImportOutcome.Active, (await import.RunAsync("northern", "leaders.csv", again: false, Cancellation))!.Outcome);

        async Task<IReadOnlyList<SchoolTotals>> RowsAsync() =>
            await storage.Store.PollTotals.ReadAsync(Assert.Single(await storage.Store.Imports.ActiveAsync(Cancellation)).Version, Cancellation);
    }

    [Fact]
    public async Task A_response_costs_one_request_and_a_recompute_with_nothing_to_do_few()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = storage.Store;
        await store.Instruments.AddAsync(Form, Cancellation);
        await store.Instruments.AddAsync(Form with { Version = 2 }, Cancellation);
        var deliveries = TakeIn(store);
        var kpis = Recompute(store);
        await SendAsync("warm", "accepted");   // fetches the instruments, which are at hand for ten seconds

        var arrival = await storage.CountAsync(() => SendAsync("a", "accepted"));
        var duplicate = await storage.CountAsync(() => SendAsync("a", "duplicate"));
        var quarantined = await storage.CountAsync(async () => Assert.Equal(1, (await deliveries.RunAsync("leaders_json", Delivery.From("{}"u8.ToArray(), [], Monday), Cancellation)).Reply!.Quarantined));
        await kpis.RunAsync(Cancellation);
        var nothing = await storage.CountAsync(async () => Assert.False((await kpis.RunAsync(Cancellation)).Evaluated));
        await SendAsync("b", "accepted");
        var one = await storage.CountAsync(async () => Assert.Equal(1, (await kpis.RunAsync(Cancellation)).SchoolsRecomputed));

        Say($"Webhook arrival: {arrival} request; duplicate: {duplicate}; not understood: {quarantined}; recompute with nothing to do, one collection: {nothing}; with one changed school, evaluated: {one}");
        Assert.Equal(1, arrival);
        Assert.Equal(3, duplicate);
        Assert.Equal(1, quarantined);
        Assert.Equal(10, nothing);   // instruments twice, active imports twice, waves, milestones, M, P and S of the collection, inputs

        async Task SendAsync(string id, string fate)
        {
            var body = $$$"""{"form":"form","response":"{{{id}}}","submitted":"2026-11-03T09:00:00Z","hidden":{"urn":"100001"},"answers":{"q1":"agree"}}""";
            var outcome = await deliveries.RunAsync("leaders_json", Delivery.From(Encoding.UTF8.GetBytes(body), [], Monday), Cancellation);
            Assert.Equal(1, fate == "accepted" ? outcome.Reply!.Accepted : outcome.Reply!.Duplicate);
        }
    }

    /// <summary>A fence and a row of totals for each school are a page for five hundred schools; of responses only those of schools that changed are read.</summary>
    [Fact]
    public async Task A_recompute_reads_what_changed_and_no_more()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Instruments.AddAsync(Form, Cancellation);
        var kpis = Recompute(storage.Store);
        // The first runs have no older results to take away.
        foreach (var id in (string[])["first", "before", "and-before"])
        {
            await SendAsync(id, 60);
            await RunAsync(60);
        }
        var nothing = await storage.CountAsync(() => RunAsync(0));
        await SendAsync("second", 1);
        var one = await storage.CountAsync(() => RunAsync(1));
        await SendAsync("third", 4);
        var four = await storage.CountAsync(() => RunAsync(4));
        await SendAsync("fourth", 60);
        var all = await storage.CountAsync(() => RunAsync(60));

        Say($"Recompute of 60 schools: {nothing} requests with nothing to do, {one} with one changed, {four} with four, {all} with all");
        // Totals, markers, responses, and the transaction that commits: four for each school that changed, or one where all are read together.
        Assert.Equal(12, four - one);
        Assert.InRange(one - nothing, 4, 12);
        Assert.InRange(all - nothing, 60, 60 + 12);

        async Task RunAsync(int changed) => Assert.Equal(changed, (await kpis.RunAsync(Cancellation)).SchoolsRecomputed);

        async Task SendAsync(string id, int schools)
        {
            for (var school = 0; school < schools; school++)
                Assert.Equal(Fate.Accepted, await storage.Store.Evidence.TakeInAsync(AResponse($"{id}-{school}", $"{100_000 + school}"), AReceipt(), Cancellation));
        }
    }

    private static string APoll(int schools, int answers)
    {
        var csv = new StringBuilder("RecordNo,urn,Q1,weight\n");
        for (var row = 0; row < schools * answers; row++)
            csv.Append(CultureInfo.InvariantCulture, $"{row},{100_000 + (row % schools)},agree{1 + (row / schools * 2)},1.25\n");
        return csv.ToString();
    }

    private static async Task DropAsync(TestStorage storage, string csv) =>
        await storage.Container("poll-drop").GetBlobClient("northern/leaders.csv").UploadAsync(BinaryData.FromString(csv), overwrite: true, Cancellation);

    private static ImportPoll Import(SurveyDataStorage store) =>
        new(store.Drops, store.Instruments, store.Waves, store.Imports, new FileImport(store.Drops, store.Imports, TimeProvider.System), store.PollTotals, store.Schools,
            Shelf(store), Catalogue.Current, TimeProvider.System);

    private static ErasureShelf Shelf(SurveyDataStorage store) => new(store.Erasures, APseudonymKey, TimeProvider.System);

    private static TakeInDelivery TakeIn(SurveyDataStorage store)
    {
        var source = new Source("leaders_json", SurveyTool.All["json"], Verification.None, [], null);
        return new TakeInDelivery(
            new Dictionary<string, Source> { [source.Name] = source }.ToFrozenDictionary(),
            new TakeInResponse(new InstrumentShelf(store.Instruments, TimeProvider.System), new Redaction(APseudonymKey), store.Evidence, store.Quarantine, store.Pending, Shelf(store), store.Erasures),
            TimeProvider.System);
    }

    private static RecomputeKpis Recompute(SurveyDataStorage store) => new(
        store.Instruments, new RemapResponses(store.Evidence, new Redaction(APseudonymKey), TimeProvider.System), store.Evidence,
        new EvidenceReader(
            Catalogue.Current, new DisclosurePolicy(), store.Instruments, store.Waves, store.Imports, store.Evidence, store.PollTotals, store.Schools, store.Engagements, store.SchoolLinks,
            store.NetworkReach, store.Milestones, TimeProvider.System),
        store.KpiResults, Catalogue.Current, new DisclosurePolicy());

    private static void Say(FormattableString line) => TestContext.Current.TestOutputHelper!.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
