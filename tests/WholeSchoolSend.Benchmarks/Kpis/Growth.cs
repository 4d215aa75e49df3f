using System.Diagnostics;
using System.Globalization;
using System.Text;
using Azure.Core.Pipeline;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Benchmarks.Polls;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Functions;
using WholeSchoolSend.Storage;
using WholeSchoolSend.Testing.Simulation;

namespace WholeSchoolSend.Benchmarks.Kpis;

/// <summary>How recompute and publish grow with schools and with responses, on the simulated account: Azurite is too slow to hold a million responses.</summary>
internal sealed class Growth : Benchmark
{
    private const string Collection = "leaders";
    private const string Wave = "2026-autumn";
    private const int TablesPort = 10002;

    private static readonly DateTimeOffset Monday = new(2026, 11, 2, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Two lines that cross: schools at 100,000 responses, responses at 10,000 schools; and the largest of both. The first compiles.</summary>
    private static readonly (int Schools, int Responses)[] Points =
        [(1_000, 10_000), (10_000, 10_000), (100, 100_000), (1_000, 100_000), (10_000, 100_000), (100_000, 100_000), (10_000, 1_000_000), (100_000, 1_000_000)];

    private static readonly (string Indicator, string[] Codes)[] Items =
        [("every-teacher-responsible", ["fully", "partly", "not", "dk"]), .. Enumerable.Range(1, 3).Select(area => ($"key-area-{area}", (string[])["1", "2", "3", "4"]))];

    public override string Name => "growth";

    public override string Title => "Growth of recompute and publish";

    public override string Words =>
        "Responses of four answers in one collection and one wave, spread evenly over the schools, as the webhook's store writes them; a register of all schools, one in ten engaged. The simulated account "
        + "([simulation.md](simulation.md)) is a process of its own, over HTTP; requests, bytes and seconds of processor are of the pipeline's process alone. *All changed*: the first recompute, every school marked by each "
        + "of its responses. *One changed*: one response more. *Nothing*: a recompute with nothing to do. After each that changed something, the internal document is published. One pass each: exponents "
        + "are the slopes of least squares through the logarithms, along schools at 100,000 responses and along responses at 10,000 schools. Their requests are counted in `BudgetTests`, for few schools.";

    public override async Task<Findings> RunAsync()
    {
        var measured = new List<Point>();
        foreach (var (index, (schools, responses)) in Points.Index())
        {
            var point = await MeasureAsync(schools, responses);
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{schools} schools, {responses} responses: {string.Join("; ", Steps.Select(step => point.Of(step)))}"));
            if (index > 0) measured.Add(point);
        }
        var bySchools = measured.Where(point => point.Responses == 100_000).ToList();
        var byResponses = measured.Where(point => point.Schools == 10_000).ToList();
        return new Findings(
            ["schools", "responses", "step", "s", "processor s", "requests", "MB allocated"],
            [
                .. measured.SelectMany(point => Steps.Select(step => (string[])
                    [Text(point.Schools), Text(point.Responses), step, Number(point.Of(step).Seconds), Number(point.Of(step).Processor), Text(point.Of(step).Requests), Number(point.Of(step).Megabytes)])),
                .. Steps.Select(step => Exponents("**exponent, schools**", step, bySchools, point => point.Schools)),
                .. Steps.Select(step => Exponents("**exponent, responses**", step, byResponses, point => point.Responses)),
            ],
            Conclusions(bySchools, byResponses))
        {
            Picture = ("scaling.svg", Plot.Draw(
                "Growth of recompute and publish",
                [
                    Panel("processor seconds, 100,000 responses", "schools", bySchools, point => point.Schools, cost => cost.Processor),
                    Panel("processor seconds, 10,000 schools", "responses", byResponses, point => point.Responses, cost => cost.Processor),
                    Panel("storage requests, 100,000 responses", "schools", bySchools, point => point.Schools, cost => cost.Requests),
                    Panel("storage requests, 10,000 schools", "responses", byResponses, point => point.Responses, cost => cost.Requests),
                ])),
        };
    }

    /// <summary>Serves an account that holds so many responses of so many schools, all of them marked, until the input ends.</summary>
    public static async Task<int> ServeAsync(int schools, int responses)
    {
        var account = new SimulatedAccount();
        await using (var app = Wire(SimulatedAccount.ConnectionString("http://127.0.0.1:10000", $"http://127.0.0.1:{TablesPort}"), new Line(account)))
            await FillAsync(app, account, schools, responses);
        await using var server = await SimulatedServer.StartAsync(account);
        Console.WriteLine(server.ConnectionString);
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private const string Every = "recompute, all changed";
    private const string One = "recompute, one changed";
    private const string Nothing = "recompute, nothing";
    private const string PublishAll = "publish, after all";
    private const string PublishOne = "publish, after one";
    private static readonly string[] Steps = [Every, PublishAll, One, PublishOne, Nothing];

    private sealed record Cost(double Seconds, double Processor, int Requests, double Megabytes);

    private sealed record Point(int Schools, int Responses, IReadOnlyDictionary<string, Cost> Costs)
    {
        public Cost Of(string step) => Costs[step];
    }

    private static async Task<Point> MeasureAsync(int schools, int responses)
    {
        var (process, connection) = await Child.ServeAsync("account", $"{schools}", $"{responses}");
        using (process)
        {
            try
            {
                var counted = new Counted();
                await using var app = Wire(connection, counted);
                var recompute = app.GetRequiredService<RecomputeKpis>();
                var publish = app.GetRequiredService<PublishSnapshot>();
                var costs = new Dictionary<string, Cost>();
                await StepAsync(Every, () => RecomputeAsync(schools));
                await StepAsync(PublishAll, PublishAsync);
                await app.GetRequiredService<IEvidence>().TakeInAsync(Response(responses, schools), new Receipt("one-more", Channel.Webhook, Monday), default);
                await StepAsync(One, () => RecomputeAsync(1));
                await StepAsync(PublishOne, PublishAsync);
                await StepAsync(Nothing, () => RecomputeAsync(0));
                return new Point(schools, responses, costs);

                async Task RecomputeAsync(int changed)
                {
                    var outcome = await recompute.RunAsync(default);
                    if (outcome.SchoolsRecomputed != changed || outcome.Evaluated != changed > 0) throw new InvalidOperationException($"Of {changed} schools that changed: {outcome}.");
                }

                async Task PublishAsync()
                {
                    if ((await publish.RunAsync(default)).Internal is null) throw new InvalidOperationException("Nothing was published.");
                }

                async Task StepAsync(string name, Func<Task> step)
                {
                    GC.Collect();
                    using var itself = Process.GetCurrentProcess();
                    var (processor, requests, bytes, clock) = (itself.TotalProcessorTime, counted.Requests, GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
                    await step();
                    var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
                    itself.Refresh();
                    costs[name] = new Cost(
                        seconds, (itself.TotalProcessorTime - processor).TotalSeconds, counted.Requests - requests, (GC.GetTotalAllocatedBytes(precise: true) - bytes) / 1e6);
                }
            }
            finally
            {
                process.StandardInput.Close();
                await process.WaitForExitAsync();
            }
        }
    }

    /// <summary>The app's own wiring, with storage over this line.</summary>
    private static ServiceProvider Wire(string connection, HttpMessageHandler line)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, ApplicationName = "growth" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["SurveyData"] = connection, ["PseudonymKey"] = "a-pseudonym-key-of-the-benchmarks!" });
        builder.AddWholeSchoolSend();
        builder.Logging.ClearProviders();
        // A page of a thousand rows waits for others on a busy machine: what is measured is work, not patience.
        var options = new SurveyDataOptions
        {
            Transport = new HttpClientTransport(new HttpClient(line) { Timeout = Timeout.InfiniteTimeSpan }),
            Resilience = { TableTimeout = TimeSpan.FromMinutes(2), BlobTimeout = TimeSpan.FromMinutes(2), TotalBudget = TimeSpan.FromMinutes(10) },
        };
        builder.Services.AddSingleton(provider => new SurveyDataStorage(connection, options, provider.GetRequiredService<TimeProvider>()));
        return builder.Services.BuildServiceProvider();
    }

    private static async Task FillAsync(ServiceProvider app, SimulatedAccount account, int schools, int responses)
    {
        var storage = app.GetRequiredService<SurveyDataStorage>();
        await storage.CreateMissingAsync(default);
        await storage.Waves.PutAsync(new WaveState(Wave, new Wave("Autumn", new DateOnly(2026, 11, 2), new DateOnly(2026, 11, 20), schools, responses), null, 1), default);
        await storage.Instruments.AddAsync(
            new Instrument(
                "Leaders", Collection, new FormBinding("leaders_json", "7001"), null, new Term(Wave), null, new FieldName("hidden.urn"), new FieldName("hidden.key"), new Term("leader"), null, null, null,
                [.. Items.Select((item, index) => new Item(item.Indicator, $"q{index}", item.Codes.ToDictionary(code => code)))])
            {
                Id = "leaders",
                Version = 1,
            }, default);
        account.Drop("register", "edubasealldata.csv", FromDropToActive.Register(0, schools));
        account.Drop("register", "engagements.csv", Encoding.UTF8.GetBytes(
            "urn,engaged_on,strand\n" + string.Concat(Enumerable.Range(0, schools).Where(school => school % 10 == 1).Select(school => $"{100_000 + school},2026-01-05,SEND Review\n"))));
        foreach (var file in (string[])["edubasealldata.csv", "engagements.csv"])
            if (await app.GetRequiredService<ImportRegister>().RunAsync(file, again: false, default) is not { Outcome: ImportOutcome.Active }) throw new InvalidOperationException($"{file} was not imported.");
        await Parallel.ForEachAsync(Enumerable.Range(0, responses), async (number, cancellation) =>
            await storage.Evidence.TakeInAsync(Response(number, schools), new Receipt($"receipt-{number}", Channel.Webhook, Monday), cancellation));
    }

    private static CodedResponse Response(int number, int schools)
    {
        var random = new Random(number);
        var id = number.ToString(CultureInfo.InvariantCulture);
        var codes = Items.Select(item => item.Codes[random.Next(item.Codes.Length)]).ToList();
        var identity = Identity.OfResponse("leaders_json", "7001", id);
        return new CodedResponse(
            "leaders_json", identity, Collection, new InstrumentVersion("leaders", 1), new ResponseVersion(Monday, null, true, identity),
            new RedactedAnswers("7001", id, [.. codes.Select((code, index) => new Answer($"q{index}", null, AnswerKind.Single, [new AnswerValue(code)]))]),
            new Coding(
                (100_000 + (number % schools)).ToString(CultureInfo.InvariantCulture), Wave, "single", number % 3 == 0 ? "senco" : "leader", identity, 1,
                [.. codes.Select((code, index) => new Observation(Items[index].Indicator, code))]));
    }

    private static string[] Exponents(string name, string step, IReadOnlyList<Point> line, Func<Point, double> along) =>
    [
        name, "", step, .. new Func<Cost, double>[] { cost => cost.Seconds, cost => cost.Processor, cost => cost.Requests, cost => cost.Megabytes }
            .Select(cost => Slope(line, along, step, cost).ToString("0.00", CultureInfo.InvariantCulture)),
    ];

    private static double Slope(IReadOnlyList<Point> line, Func<Point, double> along, string step, Func<Cost, double> cost)
    {
        var points = line.Select(point => (X: Math.Log(along(point)), Y: Math.Log(cost(point.Of(step))))).ToList();
        var (x, y) = (points.Average(point => point.X), points.Average(point => point.Y));
        return points.Sum(point => (point.X - x) * (point.Y - y)) / points.Sum(point => (point.X - x) * (point.X - x));
    }

    private static IReadOnlyList<string> Conclusions(IReadOnlyList<Point> bySchools, IReadOnlyList<Point> byResponses)
    {
        return
        [
            Sentence("All changed", Every, "It is a transaction for each school, and on top of that the pages of responses and markers, a thousand rows each"),
            Sentence("One changed", One, "It reads two rows for each school, a thousand a request, and of responses only those of the one school"),
            Sentence("Publishing", PublishOne, "It reads the totals of all schools once more, to draft what may be public; its documents hold figures, not schools"),
            "An exponent below 1 has a constant part in it, which the last decade shows the least of.",
        ];

        string Sentence(string what, string step, string why)
        {
            var (schools, responses) = (bySchools.MaxBy(point => point.Schools)!, byResponses.MaxBy(point => point.Responses)!);
            return $"{what}: requests grow {Growing(cost => cost.Requests)}, processor time {Growing(cost => cost.Processor)}. "
                + $"With {Text(schools.Schools)} schools it takes {Text(schools.Of(step).Requests)} requests and {Number(schools.Of(step).Processor)} s, "
                + $"with {Text(responses.Responses)} responses of {Text(responses.Schools)} schools {Text(responses.Of(step).Requests)} and {Number(responses.Of(step).Processor)} s. {why}.";

            string Power(IReadOnlyList<Point> line, Func<Point, double> along, Func<Cost, double> cost) => string.Create(
                CultureInfo.InvariantCulture,
                $"^{Slope(line, along, step, cost):0.00} (in the last decade {Slope([.. line.OrderBy(along).TakeLast(2)], along, step, cost):0.00})");

            string Growing(Func<Cost, double> cost) => $"as schools{Power(bySchools, point => point.Schools, cost)} and responses{Power(byResponses, point => point.Responses, cost)}";
        }
    }

    private static Plot.Panel Panel(string title, string along, IReadOnlyList<Point> line, Func<Point, double> x, Func<Cost, double> y) =>
        new(title, along, [.. new[] { Every, One, PublishOne }.Select(step => (step, (IReadOnlyList<(double, double)>)[.. line.Select(point => (x(point), y(point.Of(step))))]))]);

    private static string Text(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString(value >= 100 ? "#,0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    /// <summary>The line from the SDK's clients to an account in the same process.</summary>
    private sealed class Line(SimulatedAccount account) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var asked = await ServiceRequest.FromAsync(request, cancellationToken);
            return (request.RequestUri!.Port == TablesPort ? account.Tables(asked) : account.Blobs(asked)).To(request);
        }
    }

    private sealed class Counted() : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _requests;

        public int Requests => _requests;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _requests);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
