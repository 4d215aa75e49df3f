using System.Diagnostics;
using System.Globalization;
using Azure.Data.Tables;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Benchmarks.Webhooks;

/// <summary>Deliveries a second, from the wire to the row, beside the same rows written by a loop that does nothing else.</summary>
internal sealed class Throughput : Benchmark
{
    private const int Senders = 8;
    private const int EachRound = 400;
    private const int Rounds = 9;
    private const int WarmUp = 3;

    private int _last = 100_000_000;

    public override string Name => "webhooks";

    public override string Title => "Webhook throughput";

    public override string Words =>
        $"{Senders} senders at once post signed Typeform responses of 1 KB, each new, {EachRound} a round, {Rounds} rounds in turns; one Azurite (in memory), senders, receiver and storage share the processors. "
        + "The bare loop submits a transaction of three rows of exactly the size ours writes, with the SDK's own client and nothing else. Budget: at least 0.8 of the bare loop, aim 0.9.";

    public override async Task<Findings> RunAsync()
    {
        await using var azurite = await Azurite.StartAsync();
        await using var app = await App.StartAsync(azurite.ConnectionString);
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Senders }) { BaseAddress = app.Address };
        (await http.PutAsync("/api/instruments/leaders", new StringContent(Post.Instrument("typeform", App.Source)))).EnsureSuccessStatusCode();
        (await http.SendAsync(Signed(Submission.A("100000000")).To($"/api/webhooks/{App.Source}"))).EnsureSuccessStatusCode();

        var bare = new BareRows(azurite.ConnectionString);
        await bare.CopyAsync();
        await using var minimal = await MinimalAsync(bare);
        using var minimalHttp = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Senders }) { BaseAddress = new Uri(minimal.Urls.Single()) };

        var evidence = app.Get<IEvidence>();
        var takeIn = await CodedAsync(app);
        var ways = new (string Name, Func<int, Func<Task>> Prepare)[]
        {
            ("the whole webhook path, over HTTP", id => Posting(http, $"/api/webhooks/{App.Source}", id)),
            ("our take-in of a coded response (one transaction)", id => Storing(evidence, takeIn, id)),
            ("a bare loop of the same transaction", id => bare.Writing(id)),
            ("a bare minimal API: read the body, the same transaction", id => Posting(minimalHttp, "/store", id)),
            ("a bare minimal API: read the body, answer 200", id => Posting(minimalHttp, "/nothing", id)),
        };
        var rates = ways.Select(_ => new Samples()).ToArray();
        for (var round = -WarmUp; round < Rounds; round++)
        {
            for (var turn = 0; turn < ways.Length; turn++)
            {
                var way = (turn + round + WarmUp) % ways.Length;   // nobody is always first
                var rate = await RateAsync(ways[way].Prepare);
                if (round >= 0) rates[way].Add(rate);   // the first rounds compile
            }
        }
        var (path, stored, loop, api) = (rates[0], rates[1], rates[2], rates[3]);
        return new Findings(
            ["way", "a second", "÷ bare loop", "÷ bare minimal API that stores"],
            [.. ways.Select((way, index) => new[] { way.Name, $"{rates[index]}", $"{rates[index].Over(loop)}", $"{rates[index].Over(api)}" })],
            [
                $"Like with like: our take-in is {stored.Over(loop)} of the bare loop, and the whole path {path.Over(api)} of a minimal API that stores the same rows and neither verifies, decodes nor maps.",
                $"The whole path against the bare loop, which has no HTTP at all: {path.Over(loop)}; the minimal API against it: {api.Over(loop)}.",
            ]);
    }

    private static Post Signed(Submission submission) => Post.By("typeform", submission).Proven("typeform", "signature", App.Secret, TimeProvider.System.GetUtcNow());

    /// <summary>Everything is made before the clock runs.</summary>
    private async Task<double> RateAsync(Func<int, Func<Task>> prepare)
    {
        var work = Enumerable.Range(0, EachRound).Select(_ => prepare(++_last)).ToArray();
        var next = -1;
        var clock = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var mine && mine < work.Length) await work[mine]();
        }));
        return EachRound / Stopwatch.GetElapsedTime(clock).TotalSeconds;
    }

    private static Func<Task> Posting(HttpClient http, string path, int id)
    {
        var request = Signed(Submission.A(id.ToString(CultureInfo.InvariantCulture))).To(path);
        return async () =>
        {
            using var answer = await http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        };
    }

    private static Func<Task> Storing(IEvidence evidence, CodedResponse like, int id)
    {
        var response = like with { Identity = Identity.OfResponse(App.Source, "7001", id.ToString(CultureInfo.InvariantCulture)) };
        var receipt = new Receipt($"{id:x32}-0", Channel.Webhook, TimeProvider.System.GetUtcNow());
        return async () =>
        {
            if (await evidence.TakeInAsync(response, receipt, default) != Fate.Accepted) throw new InvalidOperationException("It was there already.");
        };
    }

    /// <summary>A response as it is handed to storage.</summary>
    private static async Task<CodedResponse> CodedAsync(App app)
    {
        var instrument = (await app.Get<IInstruments>().AllAsync(default)).Single();
        var post = Signed(Submission.A("100000000"));
        var sent = SurveyTool.All["typeform"].Decode(Delivery.From(post.Body, [], default)).Value!.Single();
        var redaction = app.Get<Redaction>();
        var answers = redaction.Apply(sent, instrument);
        return new CodedResponse(
            App.Source, "", instrument.Collection, new InstrumentVersion(instrument.Id, instrument.Version), redaction.Version(sent), answers, new InstrumentMap(instrument).Map(answers).Value!);
    }

    private static async Task<WebApplication> MinimalAsync(BareRows bare)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        var id = 500_000_000;
        web.MapPost("/store", async (HttpRequest request) =>
        {
            await ReadAsync(request);
            await bare.Writing(Interlocked.Increment(ref id))();
            return Results.Bytes("""{"received":1}"""u8.ToArray(), "application/json");
        });
        web.MapPost("/nothing", async (HttpRequest request) =>
        {
            await ReadAsync(request);
            return Results.Bytes("""{"received":1}"""u8.ToArray(), "application/json");
        });
        await web.StartAsync();
        return web;
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    /// <summary>The rows of one stored response, again and again under other keys.</summary>
    private sealed class BareRows(string connection)
    {
        private readonly TableClient _table = new(connection, "Bare", Options());
        private List<TableEntity> _rows = [];

        public async Task CopyAsync()
        {
            await _table.CreateIfNotExistsAsync();
            var rows = new List<TableEntity>();
            await foreach (var row in new TableClient(connection, "Evidence").QueryAsync<TableEntity>()) rows.Add(row);
            _rows = rows;
            if (rows.Count < 3) throw new InvalidOperationException($"A response was to be three rows or more, and is {rows.Count}.");
        }

        public Func<Task> Writing(int id)
        {
            var unique = string.Create(CultureInfo.InvariantCulture, $"{id:x32}{id:x32}");
            var actions = _rows.Select(row =>
            {
                var copy = new TableEntity(row.PartitionKey, row.RowKey[..^32] + unique[..32]);
                foreach (var (name, value) in row)
                    if (name is not ("PartitionKey" or "RowKey" or "Timestamp" or "odata.etag")) copy[name] = value;
                return new TableTransactionAction(TableTransactionActionType.Add, copy);
            }).ToList();
            return () => _table.SubmitTransactionAsync(actions);
        }

        private static TableClientOptions Options()
        {
            var options = new TableClientOptions();
            options.Retry.MaxRetries = 0;
            options.Diagnostics.IsLoggingEnabled = false;
            options.Diagnostics.IsDistributedTracingEnabled = false;
            return options;
        }
    }
}
