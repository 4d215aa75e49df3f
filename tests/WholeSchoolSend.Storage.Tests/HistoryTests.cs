using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>
/// Incremental equals full, bit for bit: a random history goes through the use cases step by step, recomputed whenever it happens; every few steps all
/// that was ever delivered goes, in another order and into an empty store that has only ever known today's instruments and files, through one recompute.
/// Totals and results must have the same bytes.
/// </summary>
/// <remarks>One history again: <c>HISTORY_SEED=42 dotnet test tests/WholeSchoolSend.Storage.Tests --filter HistoryTests</c>.</remarks>
public sealed class HistoryTests(AzuriteFixture azurite)
{
    private const string Variable = "HISTORY_SEED";
    private const int Steps = 120;
    private const int Checks = 10;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Always the same: what passes today passes tomorrow. Others by the variable.</summary>
    public static TheoryData<int> Seeds => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given
        ? [int.Parse(given, CultureInfo.InvariantCulture)]
        : [1, 2, 20261124];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Incremental_equals_full_bit_for_bit(int seed)
    {
        var history = new History(seed);
        var system = await System.StartAsync(azurite, history);
        for (var step = 1; step <= Steps; step++)
        {
            await system.TakeAsync(history.Next());
            if (step % (Steps / Checks) != 0) continue;
            await system.SettleAsync();
            await CompareAsync(history, system, step);
        }
        Assert.All(Enum.GetValues<Kind>(), kind => Assert.True(history.Taken.GetValueOrDefault(kind) > 0, $"{Variable}={seed}: no {kind} in {Steps} steps"));
        TestContext.Current.TestOutputHelper!.WriteLine($"{Variable}={seed}: {string.Join(", ", history.Taken.OrderBy(one => one.Key).Select(one => $"{one.Value} {one.Key}"))}");
    }

    private async Task CompareAsync(History history, System incremental, int step)
    {
        var full = await System.StartAsync(azurite, history);
        foreach (var action in history.FromScratch()) await full.TakeAsync(action);
        await full.SettleAsync();

        var (mine, theirs) = (await incremental.ShownAsync(), await full.ShownAsync());
        Assert.NotEmpty(theirs);
        var differ = mine.Keys.Union(theirs.Keys).Order(StringComparer.Ordinal).Where(key => mine.GetValueOrDefault(key) != theirs.GetValueOrDefault(key)).ToList();
        Assert.True(
            differ.Count == 0,
            $"{Variable}={history.Seed}, step {step}: {differ.Count} of {theirs.Count} differ\n" + string.Join('\n', differ.Take(3).Select(key => $"{key}\n  incremental {mine.GetValueOrDefault(key)}\n  full        {theirs.GetValueOrDefault(key)}")));

        var audit = await incremental.AuditAsync();
        Assert.True(audit is { Differences: 0, Changing: 0, Unreadable.Count: 0, Schools: > 0 }, $"{Variable}={history.Seed}, step {step}: {audit}");
    }

    private enum Kind
    {
        Arrival,
        Late,
        Duplicate,
        Revision,
        OlderRevision,
        Conflict,
        Erasure,
        Mapping,
        Register,
        Engagements,
        Links,
        Poll,
        Recompute,
        Pause,
    }

    private sealed record Step(Kind Kind, string Text = "", Instrument? Instrument = null);

    /// <summary>What happens, by seed, and what of it is left to count.</summary>
    private sealed class History(int seed)
    {
        private static readonly (Kind Kind, int Share)[] Shares =
        [
            (Kind.Arrival, 34), (Kind.Late, 6), (Kind.Duplicate, 7), (Kind.Revision, 10), (Kind.OlderRevision, 4), (Kind.Conflict, 5), (Kind.Erasure, 5), (Kind.Mapping, 5), (Kind.Register, 3),
            (Kind.Engagements, 4), (Kind.Links, 3), (Kind.Poll, 6), (Kind.Recompute, 14), (Kind.Pause, 4),
        ];

        private static readonly string[] Schools = [.. Enumerable.Range(0, 20).Select(i => $"{100_001 + i}")];
        private readonly Random _random = new(seed);
        private readonly Stack<Kind> _deck = [];
        private readonly List<(string Id, string Body)> _delivered = [];
        private readonly HashSet<string> _erased = [];
        private readonly Dictionary<string, string> _files = [];
        private int _version = 1;

        public int Seed => seed;

        public Dictionary<Kind, int> Taken { get; } = [];

        public Instrument Form { get; private set; } = Map("urn", "w", "12345");

        public Step Next()
        {
            var kind = Draw();
            // There is nothing to say again or to erase yet.
            if (_delivered.Count == 0 && kind is (Kind.Duplicate or Kind.Erasure)) kind = Kind.Arrival;
            Taken[kind] = Taken.GetValueOrDefault(kind) + 1;
            switch (kind)
            {
                case Kind.Arrival:
                case Kind.Late:
                    return Delivered(kind, $"{(_random.Next(2) == 0 ? "dated" : "plain")}-{_delivered.Count}", kind == Kind.Late ? -200_000 : 0);
                case Kind.Duplicate:
                    return new Step(kind, _delivered[_random.Next(_delivered.Count)].Body);
                case Kind.Revision:
                    return Delivered(kind, Known("dated"), 0);
                case Kind.OlderRevision:
                    return Delivered(kind, Known("dated"), -50_000);
                case Kind.Conflict:
                    return Delivered(kind, Known("plain"), 0);
                case Kind.Erasure:
                    var gone = _delivered[_random.Next(_delivered.Count)].Id;
                    _erased.Add(gone);
                    return new Step(kind, gone);
                case Kind.Mapping:
                    // Another school, other weights, other codes; all that it asks for was kept under every version.
                    var codes = new string([.. "12345".OrderBy(_ => _random.Next())]);
                    Form = Map(_random.Next(2) == 0 ? "urn" : "branch", _random.Next(2) == 0 ? "w" : "v", codes) with { Version = ++_version };
                    return new Step(kind, Instrument: Form);
                case Kind.Register:
                    return File(kind, "register/schools.csv", "URN,EstablishmentName,EstablishmentStatus (name),PhaseOfEducation (name)\n"
                        + string.Concat(Schools.Select(urn => $"{urn},School {urn},Open,{(_random.Next(2) == 0 ? "Primary" : "Secondary")}\n")));
                case Kind.Engagements:
                    // Before fieldwork or during it: a school changes its group.
                    return File(kind, "register/contacts.csv", "urn,engaged_on,strand\n"
                        + string.Concat(Schools.Where(_ => _random.Next(3) > 0).Append(Schools[0]).Distinct().Select(urn => $"{urn},{(_random.Next(2) == 0 ? "2026-01-05" : "2026-10-15")},Review\n")));
                case Kind.Links:
                    return File(kind, "register/links.csv", "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\n" + $"{Schools[_random.Next(10)]},{Schools[10 + _random.Next(10)]},B,Successor,01-09-2026\n");
                case Kind.Poll:
                    var rows = Enumerable.Range(0, 30 + _random.Next(30)).Select(row => string.Create(
                        CultureInfo.InvariantCulture, $"{row},{Schools[_random.Next(Schools.Length)]},{(_random.Next(3) == 0 ? "senco" : "leader")},{(_random.Next(4) > 0 ? "Fully" : "Partly")},{Weight()}\n"));
                    return File(kind, "poll-drop/northern/leaders.csv", "RecordNo,urn,role,Q1,weight\n" + string.Concat(rows));
                default:
                    return new Step(kind, $"{_random.Next(70)}");
            }
        }

        /// <summary>All that counts or could count, in another order: files as they are now, every delivery of who was not erased.</summary>
        public Step[] FromScratch()
        {
            var order = new Random(seed + _delivered.Count);
            var steps = _files.Select(file => new Step(Kind.Poll, $"{file.Key}\n{file.Value}"))
                .Concat(_delivered.Where(one => !_erased.Contains(one.Id)).Select(one => new Step(Kind.Arrival, one.Body)))
                .ToArray();
            order.Shuffle(steps);
            return steps;
        }

        /// <summary>From a shuffled deck, so that every kind comes up in every history.</summary>
        private Kind Draw()
        {
            if (_deck.Count == 0)
            {
                var deck = Shares.SelectMany(share => Enumerable.Repeat(share.Kind, share.Share)).ToArray();
                _random.Shuffle(deck);
                foreach (var kind in deck) _deck.Push(kind);
            }
            return _deck.Pop();
        }

        private string Known(string kind)
        {
            var known = _delivered.Where(one => one.Id.StartsWith(kind, StringComparison.Ordinal)).ToList();
            return known.Count == 0 ? $"{kind}-{_delivered.Count}" : known[_random.Next(known.Count)].Id;
        }

        private Step Delivered(Kind kind, string id, int shift)
        {
            // Few people, so that one answers before and after, twice, and at two schools; weights whose sums depend on their order.
            var minute = shift + _random.Next(40_000);
            var updated = id.StartsWith("dated", StringComparison.Ordinal) ? $"\"updated\":\"{Time(minute + _random.Next(500))}\"," : "";
            var body = string.Create(CultureInfo.InvariantCulture, $$$"""
                {"form":"form","response":"{{{id}}}","submitted":"{{{Time(minute)}}}",{{{updated}}}"hidden":{"stage":"{{{(_random.Next(2) == 0 ? "pre" : "post")}}}","key":"person {{{_random.Next(40)}}}"},
                 "answers":{"urn":{{{Schools[_random.Next(Schools.Length)]}}},"branch":{{{Schools[_random.Next(Schools.Length)]}}},"w":{{{Weight()}}},"v":{{{Weight()}}},"q1":{{{1 + _random.Next(5)}}}}}
                """);
            _delivered.Add((id, body));
            return new Step(kind, body);
        }

        private Step File(Kind kind, string path, string content)
        {
            _files[path] = content;
            return new Step(kind, $"{path}\n{content}");
        }

        private string Weight() => (0.05 + (3 * _random.NextDouble())).ToString("0.######", CultureInfo.InvariantCulture);

        private static string Time(int minute) => Monday.AddMinutes(minute).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

        private static Instrument Map(string school, string weight, string codes) => new(
            "Teachers", "teachers", new FormBinding("teachers_json", "form"), null, new Term(Autumn), new Term(null, "hidden.stage"), new FieldName(school), new FieldName("hidden.key"),
            new Term("teacher"), new FieldName(weight), null, null, [new Item("cpd-confidence", "q1", Enumerable.Range(0, 5).ToDictionary(i => $"{i + 1}", i => $"{codes[i]}"))])
        {
            Id = "teachers",
            Version = 1,
        };
    }

    /// <summary>Our use cases over a store of their own.</summary>
    private sealed class System
    {
        private static readonly Instrument Poll = new(
            "Leaders", "leaders", null, new PollBinding("northern"), new Term(Autumn), null, new FieldName("urn"), null, new Term(null, "role"), new FieldName("weight"), null, null,
            [new Item("every-teacher-responsible", "Q1", new Dictionary<string, string> { ["Fully"] = "fully", ["Partly"] = "partly" })])
        {
            Id = "leaders-poll",
            Version = 1,
        };

        // Only what waits is played; retries of storage are real.
        private readonly FakeTimeProvider _time = new(Monday);
        private readonly TestStorage _storage;
        private readonly ErasureShelf _shelf;
        private readonly TakeInDelivery _deliveries;
        private readonly RecomputeKpis _kpis;
        private readonly ImportPoll _polls;
        private readonly ImportRegister _register;

        private System(TestStorage storage)
        {
            _storage = storage;
            var store = storage.Store;
            var source = new Source("teachers_json", SurveyTool.All["json"], Verification.None, [], null);
            var redaction = new Redaction(APseudonymKey);
            _shelf = new ErasureShelf(store.Erasures, APseudonymKey, _time);
            _deliveries = new TakeInDelivery(
                new Dictionary<string, Source> { [source.Name] = source }.ToFrozenDictionary(),
                new TakeInResponse(new InstrumentShelf(store.Instruments, _time), redaction, store.Evidence, store.Quarantine, store.Pending, _shelf, store.Erasures), _time);
            var reader = new EvidenceReader(
                Catalogue.Current, new DisclosurePolicy(), store.Instruments, store.Waves, store.Imports, store.Evidence, store.PollTotals, store.Schools, store.Engagements, store.SchoolLinks,
                store.NetworkReach, store.Milestones, TimeProvider.System);
            _kpis = new RecomputeKpis(
                store.Instruments, new RemapResponses(store.Evidence, redaction, _time), store.Evidence, reader, store.KpiResults, Catalogue.Current, new DisclosurePolicy());
            var import = new FileImport(store.Drops, store.Imports, TimeProvider.System);
            _polls = new ImportPoll(store.Drops, store.Instruments, store.Waves, store.Imports, import, store.PollTotals, store.Schools, _shelf, Catalogue.Current, TimeProvider.System);
            _register = new ImportRegister(store.Drops, import, store.Schools, store.Engagements, store.SchoolLinks, store.NetworkReach);
        }

        public static async Task<System> StartAsync(AzuriteFixture azurite, History history)
        {
            var system = new System(await TestStorage.CreateAsync(azurite));
            var store = system._storage.Store;
            await store.Waves.PutAsync(new WaveState(Autumn, new Wave("Autumn", new DateOnly(2026, 9, 28), new DateOnly(2026, 10, 31)), null, 1), Cancellation);
            await store.Instruments.AddAsync(Poll, Cancellation);
            await store.Instruments.AddAsync(history.Form with { Version = 1 }, Cancellation);
            return system;
        }

        public async Task TakeAsync(Step step)
        {
            switch (step.Kind)
            {
                case Kind.Erasure:
                    await _storage.Store.Evidence.EraseAsync("teachers", Identity.OfResponse("teachers_json", "form", step.Text), Cancellation);
                    break;
                case Kind.Mapping:
                    Assert.True(await _storage.Store.Instruments.AddAsync(step.Instrument!, Cancellation));
                    break;
                case Kind.Poll or Kind.Register or Kind.Engagements or Kind.Links:
                    await DropAsync(step.Text);
                    break;
                case Kind.Recompute:
                    await _kpis.RunAsync(Cancellation);
                    break;
                case Kind.Pause:
                    _time.Advance(TimeSpan.FromSeconds(int.Parse(step.Text, CultureInfo.InvariantCulture)));
                    break;
                default:
                    var outcome = await _deliveries.RunAsync("teachers_json", Delivery.From(Encoding.UTF8.GetBytes(step.Text), [], _time.GetUtcNow()), Cancellation);
                    Assert.True(outcome.Reply is { Received: 1, Quarantined: 0 }, $"{outcome}");
                    break;
            }
        }

        /// <summary>Whoever had not seen the newest instrument has stored by now; both passes run.</summary>
        public async Task SettleAsync()
        {
            for (var pass = 0; pass < 2; pass++)
            {
                _time.Advance(RemapResponses.Settling);
                await _kpis.RunAsync(Cancellation);
            }
        }

        public Task<TotalsAudit> AuditAsync()
        {
            var store = _storage.Store;
            return new AuditTotals(
                store.Instruments, store.Evidence, store.Imports, store.PollTotals, new RebuildPoll(store.Drops, store.Instruments, store.Imports, store.PollTotals, _shelf), store.Audits,
                TimeProvider.System).RunAsync(Cancellation);
        }

        /// <summary>Totals of forms and polls and the results of all readings, as they are stored.</summary>
        public async Task<Dictionary<string, string>> ShownAsync()
        {
            var shown = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var total in await _storage.Store.Evidence.TotalsAsync("teachers", Cancellation)) shown.Add($"forms {total.Wave} {total.School}", Text(total));
            foreach (var import in await _storage.Store.Imports.ActiveAsync(Cancellation))
                foreach (var total in await _storage.Store.PollTotals.ReadAsync(import.Version, Cancellation)) shown.Add($"poll {total.Wave} {total.School}", Text(total));
            var run = (await _storage.Store.KpiResults.CurrentAsync(Cancellation))!;
            shown.Add("frame", Encoding.UTF8.GetString(run.Frame));
            foreach (var (key, json) in run.Results) shown.Add($"result {key}", Encoding.UTF8.GetString(json));
            return shown;

            static string Text(SchoolTotals total) => JsonSerializer.Serialize(total, TotalsJson.Default.SchoolTotals);
        }

        private async Task DropAsync(string text)
        {
            var (path, content) = (text[..text.IndexOf('\n', StringComparison.Ordinal)], text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
            var (container, name) = (path[..path.IndexOf('/', StringComparison.Ordinal)], path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..]);
            await _storage.Container(container).GetBlobClient(name).UploadAsync(BinaryData.FromString(content), overwrite: true, Cancellation);
            var record = container == "register"
                ? await _register.RunAsync(name, again: false, Cancellation)
                : await _polls.RunAsync("northern", name["northern/".Length..], again: false, Cancellation);
            Assert.True(record is { State: ImportState.Active }, $"{record?.State} {record?.Reason}: {path}");
        }
    }
}
