using Azure.Data.Tables;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

public sealed class RemapTests(AzuriteFixture azurite) : RemapContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<EvidencePorts> EmptyStoreAsync() => Ports((await TestStorage.CreateAsync(azurite)).Store);

    [Fact]
    public async Task Requests_are_counted()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = Ports(storage.Store);
        await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("a")), AReceipt(), Cancellation);
        await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("b", answer: "maybe")), AReceipt(), Cancellation);
        var mended = AnInstrument(version: 2, maybe: "disagree");

        Assert.Equal(0, await storage.CountAsync(() => RunAsync(store, AnInstrument())));
        Assert.Equal(7, await storage.CountAsync(() => RunAsync(store, mended)));   // M; R; a; I and b; M and M
        Assert.Equal(1, await storage.CountAsync(() => RunAsync(store, mended)));   // M
        Assert.Equal(4, await storage.CountAsync(() => AMinuteLaterAsync(store, mended)));   // M; R; M and M
        for (var i = 0; i < 3; i++) Assert.Equal(1, await storage.CountAsync(() => AMinuteLaterAsync(store, mended)));
    }

    [Fact]
    public async Task Wordings_are_kept_beside_the_answers_and_go_where_the_answers_are_mapped_to()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = Ports(storage.Store);
        var answers = ARespondent("a") with { Fields = [.. ARespondent("a").Fields.Select(answer => answer with { Wording = answer.Field == "q1" ? "aaaaaaaaaaaa" : null })] };
        await store.Evidence.TakeInAsync(AnInstrument().Coding(answers), AReceipt(), Cancellation);

        // A wording that is accepted changes no coding: evaluation reads what was said of it.
        var accepting = AnInstrument(version: 2) with { Items = [AnInstrument().Items[0] with { Wordings = [new AcceptedWording("aaaaaaaaaaaa", true)] }] };
        Assert.Equal(["leaders 2: 1 0 0"], await RunAsync(store, accepting));
        Assert.Equal(["leaders 3: 0 1 0"], await RunAsync(store, AnInstrument(version: 3, agree: "disagree")));

        var coded = Assert.Single(await EvidenceContract.CountedAsync(store.Totals, School));
        Assert.Equal(new Observation("every-teacher-responsible", "disagree") { Wording = "aaaaaaaaaaaa" }, Assert.Single(coded.Observations));
    }

    [Fact]
    public async Task Everything_but_the_coding_stays()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = Ports(storage.Store);
        await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("a", answer: "maybe")).Updated(1), AReceipt(), Cancellation);
        await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("a")).Updated(2), AReceipt(), Cancellation);
        var before = await storage.RowsAsync("Evidence");

        await RunAsync(store, AnInstrument(version: 2, school: "hidden.branch"));

        var after = await storage.RowsAsync("Evidence");
        Assert.Equal(["D", "H", "I"], Kinds(before.Where(row => after.Any(same => Shown(same) == Shown(row, "200001")))));
        var (old, now) = (before.Single(row => row.RowKey[0] == 'R'), after.Single(row => row.RowKey[0] == 'R'));
        Assert.Equal($"R~200001~{Id("a")}", now.RowKey);
        Assert.Equal(
            ["Coding0", "InstrumentVersion", "RowKey", "School"],
            now.Keys.Except(["odata.etag", "Timestamp"]).Where(column => Text(now[column]) != Text(old[column])).Order(StringComparer.Ordinal));
        Assert.Equal(old.Keys.Order(StringComparer.Ordinal), now.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("disagree", "hidden.urn", false)]
    [InlineData("disagree", "hidden.urn", true)]
    [InlineData("disagree", "hidden.branch", false)]
    [InlineData("disagree", "hidden.branch", true)]
    [InlineData("agree", "hidden.urn", true)]
    public async Task What_is_erased_meanwhile_stays_erased(string maybe, string school, bool late)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = Ports(storage.Store);
        var (other, _) = storage.Connect();
        await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("a", answer: "maybe")), AReceipt(), Cancellation);
        await RecomputedAsync(store);
        storage.Wire.Once(request => late ? Wire.IsTransaction(request) : IsReadOf(request, "I~"), () => other.Evidence.EraseAsync(Collection, Id("a"), Cancellation));

        Assert.Equal(["leaders 2: 0 0 0"], await RunAsync(store, AnInstrument(version: 2, maybe: maybe, school: school)));

        Assert.Empty(await storage.RowsAsync("Evidence", "R~"));
        Assert.Equal("erased", Assert.Single(await storage.RowsAsync("Evidence", "I~")).GetString("State"));
        Assert.Equal([School], await store.Totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Empty(await RecomputedAsync(store));
        Assert.Equal(Fate.Erased, await store.Evidence.TakeInAsync(AnInstrument(version: 2, maybe: maybe).Coding(ARespondent("a", answer: "maybe")), AReceipt(), Cancellation));
    }

    [Theory]
    [InlineData("hidden.urn", 2, "leaders 2: 0 0 0")]
    [InlineData("hidden.branch", 2, "leaders 2: 0 0 0")]
    [InlineData("hidden.urn", 1, "leaders 2: 1 0 0")]
    [InlineData("hidden.branch", 1, "leaders 2: 0 1 0")]
    public async Task A_revision_meanwhile_is_not_lost(string school, int knows, string outcome)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = Ports(storage.Store);
        var (other, _) = storage.Connect();
        var mended = AnInstrument(version: 2, maybe: "disagree", school: school);
        await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("a", answer: "maybe")).Updated(1), AReceipt(), Cancellation);
        var revision = (knows == 2 ? mended : AnInstrument()).Coding(ARespondent("a")).Updated(2);
        storage.Wire.Once(Wire.IsTransaction, async () => Assert.Equal(Fate.Revised, await other.Evidence.TakeInAsync(revision, AReceipt(), Cancellation)));

        // A revision that knew the new version needs no pass; one that did not is mapped by this one, as it reads it.
        Assert.Equal([outcome], await RunAsync(store, mended));

        Assert.Equal([$"{Autumn} {(school == "hidden.urn" ? School : "200001")} agree=1"], await RecomputedAsync(store));
        var response = Assert.Single(await storage.RowsAsync("Evidence", "R~"));
        Assert.Equal(2, response.GetInt32("InstrumentVersion"));
        Assert.Equal(response.GetString("School"), Assert.Single(await storage.RowsAsync("Evidence", "I~")).GetString("School"));
        Assert.Single(await storage.RowsAsync("Evidence", "H~"));
    }

    [Fact]
    public async Task Passes_and_arrivals_at_once_end_alike()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = Ports(storage.Store);
        var mended = AnInstrument(version: 2, maybe: "disagree", school: "hidden.branch");
        for (var i = 0; i < 30; i++) await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent($"{i}", answer: "maybe")).Updated(1), AReceipt(), Cancellation);

        await Task.WhenAll(
        [
            .. Enumerable.Range(0, 4).Select(_ => RunAsync(Ports(storage.Connect().Store), mended)),
            .. Enumerable.Range(0, 10).Select(i => store.Evidence.TakeInAsync((i % 2 == 0 ? mended : AnInstrument()).Coding(ARespondent($"{i}")).Updated(2), AReceipt(), Cancellation)),
            .. Enumerable.Range(10, 10).Select(i => storage.Store.Evidence.EraseAsync(Collection, Id($"{i}"), Cancellation)),
        ]);
        await AMinuteLaterAsync(store, mended);

        Assert.Equal([$"{Autumn} 200001 agree=10 disagree=10"], await RecomputedAsync(store));
        Assert.Equal(20, (await storage.RowsAsync("Evidence", "R~")).Count);
        Assert.All(await storage.RowsAsync("Evidence", "I~"), row => Assert.Equal(row.GetString("State") == "erased" ? null : "200001", row.GetString("School")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Interrupted_at_any_request_it_comes_to_the_same_end(bool tookEffect)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var store = Ports(storage.Store);
        List<IReadOnlyList<string>> ends = [];
        // A collection for each request it can break at; the last is not interrupted.
        for (var interrupted = true; interrupted;)
        {
            var collection = $"collection-{ends.Count}";
            foreach (var (id, answer) in new[] { ("a", "agree"), ("b", "maybe"), ("c", "maybe") })
                await store.Evidence.TakeInAsync((AnInstrument() with { Collection = collection }).Coding(ARespondent(id, answer: answer)), AReceipt(id), Cancellation);
            await RecomputedAsync(store, collection);
            var mended = AnInstrument(version: 2, maybe: "disagree", school: "hidden.branch") with { Collection = collection };

            var (broken, wire) = storage.Connect();
            using var power = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            var left = ends.Count + 1;
            void Cut()
            {
                if (Interlocked.Decrement(ref left) != 0) return;
                power.Cancel();
                throw new OperationCanceledException(power.Token);
            }
            if (tookEffect) wire.After = (_, _) => Cut();
            else wire.Before = (_, _) =>
            {
                Cut();
                return Task.FromResult<HttpResponseMessage?>(null);
            };
            try
            {
                await RunAsync(Ports(broken), mended, power.Token);
                interrupted = false;
            }
            catch (OperationCanceledException) when (power.IsCancellationRequested)
            {
            }

            // What is left of the first pass, and the second that settles it.
            await AMinuteLaterAsync(store, mended);
            await AMinuteLaterAsync(store, mended);
            Assert.Equal([$"{Autumn} 200001 agree=1 disagree=2"], await RecomputedAsync(store, collection));
            Assert.True(Assert.Single(await store.Responses.ProgressAsync(collection, Cancellation)).Settled);
            ends.Add([.. (await storage.RowsAsync("Evidence")).Where(row => row.PartitionKey == collection && row.RowKey[0] is not 'M').Select(row => Shown(row).Replace(collection, "", StringComparison.Ordinal))]);
        }
        Assert.Equal(11, ends.Count);   // M; R; I and the transaction of each of three; M and M; and once to the end
        Assert.All(ends, end => Assert.Equal(ends[^1], end));
    }

    private static EvidencePorts Ports(SurveyDataStorage store) => new(store.Evidence, store.Evidence, store.Evidence);

    private static string Id(string response) => Identity.OfResponse("leaders_typeform", "form", response);

    private static bool IsReadOf(HttpRequestMessage request, string key) => Uri.UnescapeDataString(request.RequestUri!.AbsolutePath).Contains($"RowKey='{key}", StringComparison.Ordinal);

    private static IEnumerable<string> Kinds(IEnumerable<TableEntity> rows) => rows.Select(row => row.RowKey[..1]).Distinct().Order(StringComparer.Ordinal);

    /// <summary>All a row says but when it was written; at another school where it is said.</summary>
    private static string Shown(TableEntity row, string? school = null) => string.Join(
        ' ', row.Where(cell => cell.Key is not ("odata.etag" or "Timestamp")).OrderBy(cell => cell.Key, StringComparer.Ordinal)
            .Select(cell => $"{cell.Key}={(cell.Key == "School" ? school ?? cell.Value : Text(cell.Value))}"));

    private static string Text(object? value) => value is byte[] bytes ? Convert.ToHexString(bytes) : $"{value}";
}
