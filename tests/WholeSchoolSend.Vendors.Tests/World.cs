using System.Collections.Frozen;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Storage;
using WholeSchoolSend.Testing;
using WholeSchoolSend.Vendors.Tests.StandIns;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]
[assembly: Trait("Needs", "Azurite")]

namespace WholeSchoolSend.Vendors.Tests;

/// <summary>The pipeline between one vendor's stand-in and tables of its own, with a clock the test moves.</summary>
internal sealed class World : IAsyncDisposable
{
    public const string SourceName = "source_1";
    public const string Collection = "stand-in";

    private readonly string _connection;
    private readonly string _prefix = "v" + Guid.NewGuid().ToString("N")[..10];
    private readonly VendorHttp _http;
    private readonly FrozenDictionary<string, VendorSource> _vendors;
    private readonly FrozenDictionary<string, Source> _sources;

    private World(StandIn vendor, string connection, VendorSource? source)
    {
        (Vendor, _connection) = (vendor, connection);
        // Storage and requests have the machine's clock: what they wait for is real, and short.
        Storage = new SurveyDataStorage(connection, new SurveyDataOptions { Prefix = _prefix }, TimeProvider.System);
        _http = new VendorHttp(new VendorHttpOptions { Delay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(20), BreakerThroughput = 1_000 }, TimeProvider.System);
        _vendors = new[] { source ?? vendor.Source(SourceName) }.ToFrozenDictionary(one => one.Name);
        _sources = new[] { new Source(SourceName, SurveyTool.All[vendor.Tool], Verification.None, [], null) }.ToFrozenDictionary(one => one.Name);
        Notes = Storage.Pending;
    }

    public StandIn Vendor { get; }

    public SurveyDataStorage Storage { get; }

    public FakeTimeProvider Time { get; } = new(SeededSubmission.First.AddDays(20));

    public static Pseudonyms Pseudonyms { get; } = new("a-pseudonym-key-of-the-tests-only!");

    public Redaction Redaction { get; } = new(Pseudonyms);

    public IPendingNotes Notes { get; set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<World> CreateAsync(StandIn vendor, AzuriteFixture azurite, bool instrument = true, int perDay = 1_000_000)
    {
        await vendor.StartAsync();
        var world = new World(vendor, azurite.ConnectionString, vendor.Source(SourceName, perDay: perDay));
        await world.Storage.CreateMissingAsync(Cancellation);
        if (instrument) await world.PutInstrumentAsync();
        return world;
    }

    public Task<bool> PutInstrumentAsync() => Storage.Instruments.AddAsync(Vendor.Instrument(SourceName, Collection), Cancellation);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Vendor.DisposeAsync();
    }

    /// <summary>The vendor's webhook about a submission arrives.</summary>
    public async Task<DeliveryReply> DeliverAsync(SeededSubmission submission)
    {
        var outcome = await new TakeInDelivery(_sources, Responses(), Time).RunAsync(SourceName, Vendor.Webhook(submission), Cancellation);
        Assert.Null(outcome.Fault);
        return outcome.Reply!;
    }

    public async Task<FetchOutcome> FetchAsync() =>
        Assert.Single(await PumpedAsync(new FetchPending(_vendors, Notes, Storage.Vendors, _http, Responses(), Time).RunAsync(Cancellation)));

    public async Task<GapReport?> HealAsync() => (await PumpedAsync(Gaps().RunAsync(Cancellation))).SingleOrDefault()?.Report;

    public async Task<PendingOfSource> ShownAsync() => Assert.Single((await new ShowPending(_sources, _vendors, Notes, Storage.Vendors, Time).RunAsync(Cancellation)).Sources);

    public async Task<List<TableEntity>> RowsAsync(string prefix, string table = "Evidence")
    {
        var rows = new List<TableEntity>();
        await foreach (var row in new TableClient(_connection, _prefix + table).QueryAsync<TableEntity>(cancellationToken: Cancellation))
            if (row.RowKey.StartsWith(prefix, StringComparison.Ordinal)) rows.Add(row);
        return rows;
    }

    /// <summary>How many identities came by a channel.</summary>
    public async Task<int> CountAsync(Channel channel) => (await RowsAsync("I~")).Count(row => row.GetString("Channel") == channel.ToString());

    public async Task EraseAsync(SeededSubmission submission)
    {
        var key = $"I~{Identity.OfResponse(SourceName, Vendor.Form, Vendor.Id(submission))}";
        var table = new TableClient(_connection, _prefix + "Evidence");
        var row = (await table.GetEntityAsync<TableEntity>(Collection, key, cancellationToken: Cancellation)).Value;
        row["State"] = "erased";
        row.Remove("Version");
        row.Remove("School");
        foreach (var response in (await RowsAsync("R~")).Where(response => response.RowKey.EndsWith(key[2..], StringComparison.Ordinal)))
            await table.DeleteEntityAsync(response.PartitionKey, response.RowKey, cancellationToken: Cancellation);
        await table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace, Cancellation);
    }

    /// <summary>Everything submitted and still there is in exactly once, at the version the vendor has, and nothing else is.</summary>
    public async Task AssertAllInOnceAsync(IEnumerable<SeededSubmission>? more = null)
    {
        var wanted = Vendor.Submissions.Concat(more ?? []).ToDictionary(submission => Identity.OfResponse(SourceName, Vendor.Form, Vendor.Id(submission)));
        var identities = await RowsAsync("I~");
        Assert.Equal(wanted.Keys.Order(StringComparer.Ordinal), identities.Select(row => row.RowKey[2..]).Order(StringComparer.Ordinal));
        var responses = await RowsAsync("R~");
        Assert.Equal(wanted.Keys.Order(StringComparer.Ordinal), responses.Select(row => row.RowKey.Split('~')[2]).Order(StringComparer.Ordinal));
        foreach (var row in responses)
        {
            var submission = wanted[row.RowKey.Split('~')[2]];
            Assert.Equal(submission.Urn, row.GetString("School"));
            var coding = System.Text.Encoding.UTF8.GetString(row.GetBinary("Coding0"));
            Assert.Contains($"\"code\":\"{submission.Confidence}\"", coding, StringComparison.Ordinal);
        }
        Assert.DoesNotContain(await RowsAsync("D~"), row => row.GetString("Fate") == nameof(Fate.Conflict));
    }

    private TakeInResponse Responses() => new(new InstrumentShelf(Storage.Instruments, Time), Redaction, Storage.Evidence, Storage.Quarantine, Storage.Pending, new ErasureShelf(Storage.Erasures, Pseudonyms, Time), Storage.Erasures);

    private HealGaps Gaps() =>
        new(_vendors, Storage.Instruments, Storage.Waves, Storage.Vendors, Notes, Storage.Evidence, Storage.Quarantine, _http, Responses(), Redaction, Time);

    /// <summary>Lets time pass for whoever waits for it.</summary>
    private async Task<T> PumpedAsync<T>(Task<T> work)
    {
        while (await Task.WhenAny(work, Task.Delay(20, Cancellation)) != work) Time.Advance(TimeSpan.FromSeconds(1));
        return await work;
    }
}
