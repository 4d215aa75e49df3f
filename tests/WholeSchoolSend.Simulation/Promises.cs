using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing.Simulation;
using Triggers = WholeSchoolSend.Functions.Triggers;

namespace WholeSchoolSend.Simulation;

/// <summary>The promises of the design, held against a world after everything that happened in it has come to its end.</summary>
internal sealed partial class Promises(Story story)
{
    private const string Collection = "leaders";
    private const string Spring = "2026-spring";
    private const string Autumn = "2026-autumn";

    private static readonly string[] Canaries =
        ["canary", "school.example", "203.0.113.77", Instance.Secret, Instance.MonkeySecret, Instance.PseudonymKey, Instance.Token];

    private readonly World _world = story.World;
    private readonly Oracle _oracle = new(story.Happened);

    /// <summary>What was acknowledged is stored at that moment, whatever happens next.</summary>
    public static void IsThere(SimulatedAccount account, IReadOnlyList<Said> responses)
    {
        foreach (var said in responses)
        {
            var identity = Identity.OfResponse(said.Source, said.Source == "leaders_json" ? "leaders" : Vendor.Survey, said.Id);
            if (!account.Rows("Evidence").Any(row => row.Key == $"I~{identity}")
                && !account.Rows("Quarantine").Any(row => row.Value("Identity") is string held && held == identity)
                && !account.Rows("Pending").Any(row => row.Key.StartsWith("D~", StringComparison.Ordinal) && row.Key.Contains(identity, StringComparison.Ordinal)
                    || row.Key.StartsWith("N~", StringComparison.Ordinal) && row.Key.Contains(said.Id, StringComparison.Ordinal)))
                throw new PromiseBrokenException("1", $"{said.Id} was acknowledged and is not there");
        }
    }

    public void Check()
    {
        CheckFates();
        CheckErased();
        CheckTotals();
        CheckAudits();
        CheckFigures();
        CheckPollsAreWhole();
        CheckPublished();
        CheckChain("snapshots");
        CheckChain("snapshots-internal");
        CheckSilence();
        CheckRebuild();
    }

    private T Ask<T>(Func<Instance, Task<T>> question)
    {
        var one = story.Anybody;
        T? answer = default;
        _world.Run(one, "look", async () => answer = await question(one));
        return answer!;
    }

    private static void Hold(string promise, bool holds, FormattableString otherwise)
    {
        if (!holds) throw new PromiseBrokenException(promise, otherwise.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Every response has one fate, and the rows say what senders were told.</summary>
    private void CheckFates()
    {
        var (from, to) = (_world.Time.Now.AddDays(-60), _world.Time.Now.AddDays(1));
        var (status, body) = Ask(one => one.CallAsync(
            request => one.Get<Triggers.GetLedger>().Run(request, CancellationToken.None), query: string.Create(CultureInfo.InvariantCulture, $"?from={from:yyyy-MM-dd}&to={to:yyyy-MM-dd}")));
        Hold("2", status == StatusCodes.Status200OK, $"the ledger answers {status}");
        using var ledger = JsonDocument.Parse(body);
        string[] fates = ["accepted", "duplicate", "revised", "conflict", "quarantined", "pending", "erased"];
        var rows = new Dictionary<(string Day, string Source, string Fate), int>();
        foreach (var entry in ledger.RootElement.GetProperty("days").EnumerateArray().Where(entry => entry.GetProperty("channel").GetString() == "webhook"))
            foreach (var fate in fates)
                if (entry.GetProperty(fate).GetInt32() is > 0 and var count) rows[(entry.GetProperty("day").GetString()!, entry.GetProperty("source").GetString()!, fate)] = count;

        if (story.IsUndisturbed && story.Untold == 0)
            Hold("2", rows.Count == story.Told.Count && story.Told.All(told => rows.GetValueOrDefault(told.Key) == told.Value),
                $"told {Text(story.Told)}, the ledger says {Text(rows)}");
        foreach (var told in story.Told.GroupBy(told => (told.Key.Source, told.Key.Fate)))
        {
            var counted = rows.Where(row => row.Key.Source == told.Key.Source && row.Key.Fate == told.Key.Fate).Sum(row => row.Value);
            Hold("2", counted >= told.Sum(one => one.Value), $"{told.Key.Fate} was told more often than the ledger knows: told {Text(story.Told)}, the ledger says {Text(rows)}");
        }
        // What nobody was told was still done, once for each time it was sent.
        Hold("2", rows.Values.Sum() <= story.Told.Values.Sum() + story.Untold, $"told {Text(story.Told)} and {story.Untold} not, the ledger says {Text(rows)}");

        var accepted = ledger.RootElement.GetProperty("totals").EnumerateArray().Sum(entry => entry.GetProperty("accepted").GetInt32());
        // Of the erased, those stay accepted that came before.
        var erased = _oracle.Erased.Select(said => said.Id).Distinct().Count();
        Hold("2", accepted >= _oracle.Counted.Count && accepted <= _oracle.Counted.Count + erased, $"{accepted} were accepted, {_oracle.Counted.Count} responses count and {erased} are erased");
        var identities = _world.Account.Rows("Evidence").Count(row => row.Key.StartsWith("I~", StringComparison.Ordinal) && row.Value("State") is "live");
        Hold("2", identities == _oracle.Counted.Count, $"{identities} identities, {_oracle.Counted.Count} responses came");

        static string Text(Dictionary<(string Day, string Source, string Fate), int> counts) =>
            string.Join(", ", counts.OrderBy(one => one.Key).Select(one => $"{one.Key.Day} {one.Key.Source} {one.Key.Fate} {one.Value}"));
    }

    /// <summary>Every erasure is done, and nothing of whom it was about is in any row or blob: no key, no pseudonym of it, nothing any version of any response of theirs or any row held.</summary>
    private void CheckErased()
    {
        if (_oracle.Erasures.Count == 0) return;
        foreach (var erasure in Ask(one => one.Storage.Erasures.AllAsync(CancellationToken.None)))
            Hold("7", erasure is { State: Core.Erasures.ErasureState.Done, NotReached.Count: 0 },
                $"the erasure of {erasure.Of} is {erasure.State}, not reached {string.Join(", ", erasure.NotReached)}");
        var people = _oracle.Erasures.Where(erase => erase.By is ErasedBy.Email or ErasedBy.Respondent).Select(erase => erase.Whom).ToHashSet();
        var pseudonyms = new Pseudonyms(Instance.PseudonymKey);
        // Who answers anew after they were erased is called by their pseudonym again.
        List<string> gone =
        [
            .. people, .. people.Except(_oracle.Kept.Select(said => said.Key)).Select(key => pseudonyms.Of(key)),
            .. _oracle.Erased.Select(said => said.Mark).Distinct(),
            .. story.Happened.OfType<DropPoll>().SelectMany(drop => drop.Rows).Where(row => _oracle.Erasures.Any(erase => Oracle.Covers(erase, row))).Select(row => row.Mark).Distinct(),
        ];
        foreach (var (place, text) in Everything())
            foreach (var word in gone)
                Hold("7", !text.Contains(word, StringComparison.OrdinalIgnoreCase), $"{place} still holds {word}");
    }

    private IEnumerable<(string Place, string Text)> Everything()
    {
        foreach (var table in _world.Account.TableNames())
            foreach (var row in _world.Account.Rows(table))
                yield return ($"{table} {row.Partition} {row.Key}", string.Join('\n', row.Properties.Select(one => Text(one.Value)).Prepend(row.Key).Prepend(row.Partition)));
        foreach (var container in _world.Account.ContainerNames())
            foreach (var blob in _world.Account.BlobsIn(container))
                yield return ($"{container} {blob.Name}", $"{blob.Name}\n{Text(blob.Content)}");

        // Quarantine keeps answers and bodies as base64.
        static string Text(object value)
        {
            var text = value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            return string.Join('\n', Base64Run().Matches(text).Select(run => run.Value[..(run.Length / 4 * 4)]).Where(run => Base64.IsValid(run))
                .Select(run => Encoding.UTF8.GetString(Convert.FromBase64String(run))).Prepend(text));
        }
    }

    [GeneratedRegex("[A-Za-z0-9+/]{24,}={0,2}", RegexOptions.CultureInvariant)]
    private static partial Regex Base64Run();

    /// <summary>The totals are those of the script.</summary>
    private void CheckTotals()
    {
        var stored = Ask(one => one.Storage.Evidence.TotalsAsync(Collection, CancellationToken.None));
        Compare("3", "form", stored.Where(total => total.Wave == Spring), _oracle.FormCells());
        Hold("3", stored.All(total => total.Wave == Spring), $"totals of another wave");
        var people = _oracle.Respondents.GroupBy(said => said.Urn).ToDictionary(school => school.Key, school => school.Count());
        foreach (var total in stored) Hold("3", total.Respondents == people.GetValueOrDefault(total.School), $"{total.Respondents} people of {total.School}");

        var active = Ask(one => one.Storage.Imports.ActiveAsync(CancellationToken.None)).SingleOrDefault(import => import.Unit.Supplier == "northern");
        Hold("5", active?.File == _oracle.Poll?.File, $"{active?.File ?? "no file"} counts and not {_oracle.Poll?.File ?? "none"}");
        Compare("5", "poll", active is null ? [] : Ask(one => one.Storage.PollTotals.ReadAsync(active.Version, CancellationToken.None)), _oracle.PollCells());
        var markers = _world.Account.Rows("Evidence").Count(row => row.Key.StartsWith("P~", StringComparison.Ordinal));
        Hold("3", markers == 0, $"{markers} markers are left");
    }

    private static void Compare(string promise, string what, IEnumerable<SchoolTotals> stored, SortedDictionary<string, Cell> expected)
    {
        var cells = new SortedDictionary<string, Cell>(StringComparer.Ordinal);
        foreach (var total in stored)
            // A cell for each wording of the question, as far as a tool told it.
            foreach (var cell in total.Cells.GroupBy(cell => (cell.Role, cell.Code)))
                cells.Add($"{total.School} {cell.Key.Role} {cell.Key.Code}", new Cell(cell.Sum(one => one.N), (decimal)cell.Sum(one => one.W), (decimal)cell.Sum(one => one.Q)));
        var wrong = cells.Keys.Union(expected.Keys).Where(key => cells.GetValueOrDefault(key) != expected.GetValueOrDefault(key)).ToList();
        Hold(promise, wrong.Count == 0, $"{what}: {string.Join("; ", wrong.Select(key => $"{key} is {cells.GetValueOrDefault(key)?.ToString() ?? "nothing"}, should be {expected.GetValueOrDefault(key)?.ToString() ?? "nothing"}"))}");
    }

    /// <summary>No audit, whatever ran beside it, ever found a total that was not what its responses say.</summary>
    private void CheckAudits()
    {
        foreach (var audit in Ask(one => one.Storage.Audits.NewestAsync(100, CancellationToken.None)))
            Hold("4", audit is { Differences: 0, Unreadable.Count: 0 }, $"audit of {audit.Began:O} found {audit.Differences} differences, {audit.Unreadable.Count} unreadable: {Differences()}");

        string Differences() => string.Join("; ", _world.Account.Rows("Audits").Where(row => row.Key.StartsWith("D~", StringComparison.Ordinal))
            .Select(row => string.Join(' ', row.Properties.Select(one => one.Value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : one.Value))));
    }

    /// <summary>The published figures, and the evidence that explains them, are those of the script.</summary>
    private void CheckFigures()
    {
        var latest = Internal().Single(document => document.Name == Pointer("snapshots-internal")).Document;
        foreach (var (wave, share) in new (string, Func<bool, ExpectedShare>)[] { (Spring, _oracle.Form), (Autumn, engaged => Oracle.Of(_oracle.Poll, _oracle.Erasures, _oracle.Engaged, engaged)) })
            foreach (var engaged in (bool[])[true, false])
                Same("3", Figure(latest, wave, engaged), share(engaged), $"{wave} {(engaged ? "engaged" : "wider")}");

        foreach (var kpi in latest.Kpis.Where(kpi => kpi.Readings.Any(reading => reading.Results.Count > 0))) CheckEvidence(kpi);
        var evidence = Evidence("K1");
        foreach (var engaged in (bool[])[true, false])
        {
            var result = evidence.Readings.SingleOrDefault(reading => reading.Reading == "K1.pooled" && reading.Result.Wave == Spring)?.Result;
            Same("9", result?.Figures.SingleOrDefault(figure => figure.Name == (engaged ? "engaged" : "wider")), _oracle.Form(engaged), $"evidence {(engaged ? "engaged" : "wider")}");
        }
    }

    /// <summary>Every result that was published is in the evidence of its KPI, with the figures it was published with.</summary>
    private void CheckEvidence(SnapshotKpi kpi)
    {
        var explained = Evidence(kpi.Id).Readings.ToLookup(reading => (reading.Reading, reading.Result.Wave));
        foreach (var reading in kpi.Readings)
            foreach (var published in reading.Results)
            {
                var result = explained[(reading.Id, published.Wave)].SingleOrDefault()?.Result;
                Hold("9", result is not null, $"nothing explains {reading.Id} of {published.Wave}");
                foreach (var figure in published.Figures.Where(figure => figure.Value is not null))
                    Hold("9", result!.Figures.Any(one => one.Name == figure.Name && one.Value == figure.Value && one.Base == figure.Base && one.Schools == figure.Schools),
                        $"{reading.Id} {figure.Name} of {published.Wave} is published as {figure.Value} of {figure.Base}, and its evidence says otherwise");
            }
    }

    private KpiEvidence Evidence(string kpi)
    {
        var (status, body) = Ask(one => one.CallAsync(request => one.Get<Triggers.ExplainKpi>().Run(request, kpi, CancellationToken.None)));
        Hold("9", status == StatusCodes.Status200OK, $"the evidence of {kpi} answers {status}");
        return JsonSerializer.Deserialize(body, KpiEvidenceJson.Default.KpiEvidence)!;
    }

    private static void Same(string promise, Figure? figure, ExpectedShare expected, string what)
    {
        if (expected.Base == 0) Hold(promise, figure?.Value is null, $"{what}: a figure of nobody");
        else
            Hold(promise, figure?.Base == expected.Base && figure.Schools == expected.Schools && (decimal?)figure.SumOfWeights == expected.Weights && Math.Abs((figure.Value ?? -1) - expected.Value) < 1e-9,
                $"{what}: {figure?.Value} of {figure?.Base} in {figure?.Schools} weighing {figure?.SumOfWeights}, should be {expected.Value} of {expected}");
    }

    /// <summary>Every document that was ever published holds a file wholly, as it was before or after, or not at all.</summary>
    private void CheckPollsAreWhole()
    {
        // Erasures may have been done in any order.
        var done = Enumerable.Range(0, 1 << _oracle.Erasures.Count).Select(bits => _oracle.Erasures.Where((_, index) => (bits >> index & 1) == 1).ToList()).ToList();
        var possible = _oracle.Polls.Append(null).SelectMany(poll => done.SelectMany(
                without => _oracle.EngagedAtSomeTime.Append(new HashSet<string>()).Select(schools => Oracle.Of(poll, without, schools, true))))
            .Select(share => (share.Base, share.Weights)).ToHashSet();
        foreach (var (name, document) in Internal())
        {
            var figure = Figure(document, Autumn, true);
            Hold("5", possible.Contains((figure?.Base ?? 0, (decimal)(figure?.SumOfWeights ?? 0))), $"{name} counts {figure?.Base} people weighing {figure?.SumOfWeights}: no file does");
        }
    }

    /// <summary>Documents follow each other: each names the one before, and the index has all of them in that order.</summary>
    private void CheckChain(string container)
    {
        var blobs = _world.Account.BlobsIn(container).ToDictionary(blob => blob.Name, blob => blob.Content);
        if (!blobs.ContainsKey("latest.json")) return;
        using var index = JsonDocument.Parse(blobs["index.json"]);
        var entries = index.RootElement.GetProperty("snapshots").EnumerateArray().Select(entry => (Id: entry.GetProperty("id").GetString(), Path: entry.GetProperty("path").GetString()!)).ToList();
        Hold("4", entries[0].Path == Pointer(container), $"{container}: the newest in the index is not what latest.json points at");
        for (var at = 0; at < entries.Count; at++)
        {
            var previous = Snapshot.FromJson(blobs[entries[at].Path]).Previous;
            Hold("4", previous == (at + 1 < entries.Count ? entries[at + 1].Id : null), $"{container}: {entries[at].Path} follows {previous ?? "nothing"}, which is not what the index has before it");
        }
    }

    /// <summary>No public figure rests on few; what is published is repeated word for word until it is issued again.</summary>
    private void CheckPublished()
    {
        var index = _world.Account.BlobsIn("snapshots").SingleOrDefault(blob => blob.Name == "index.json");
        if (index is null) return;
        var reissues = story.Happened.OfType<Reissue>().Count();
        var versions = new HashSet<string>(StringComparer.Ordinal);
        using var list = JsonDocument.Parse(index.Content);
        foreach (var path in list.RootElement.GetProperty("snapshots").EnumerateArray().Select(entry => entry.GetProperty("path").GetString()!))
        {
            var content = _world.Account.BlobsIn("snapshots").Single(blob => blob.Name == path).Content;
            var results = Snapshot.FromJson(content).Kpis.SelectMany(kpi => kpi.Readings).SelectMany(reading => reading.Results).Where(result => result.Wave is not null).ToList();
            foreach (var figure in results.SelectMany(result => result.Figures).Where(figure => figure.Value is not null && figure.Base is not null))
                Hold("6", figure is { Base: >= 10, Schools: null or >= 3, LargestShare: null, PValue: null }, $"{path}: {figure.Name} of {figure.Base} in {figure.Schools} schools is published");
            using var document = JsonDocument.Parse(content);
            var figures = document.RootElement.GetProperty("kpis").EnumerateArray().SelectMany(kpi => kpi.GetProperty("readings").EnumerateArray())
                .SelectMany(reading => reading.GetProperty("results").EnumerateArray()).Where(result => result.GetProperty("wave").ValueKind == JsonValueKind.String)
                .Select(result => result.GetProperty("figures").GetRawText()).ToList();
            if (figures.Count > 0) versions.Add(string.Join('\n', figures));
        }
        // Closing issues a wave for the first time, with the first readings that are ready; each re-issue may replace them once.
        Hold("6", versions.Count <= 1 + reissues, $"{versions.Count} versions of the figures were published, with {reissues} re-issues");
    }

    /// <summary>Nothing that somebody said, or is called, and no secret, is in a log, an answer or a public document; no e-mail address is stored anywhere.</summary>
    private void CheckSilence()
    {
        foreach (var line in _world.Log)
            foreach (var canary in Canaries) Hold("8", !line.Contains(canary, StringComparison.OrdinalIgnoreCase), $"a log line says {canary}: {line}");
        foreach (var blob in _world.Account.BlobsIn("snapshots").Concat(_world.Account.BlobsIn("snapshots-internal")))
        {
            var text = Encoding.UTF8.GetString(blob.Content);
            foreach (var canary in Canaries) Hold("8", !text.Contains(canary, StringComparison.OrdinalIgnoreCase), $"{blob.Name} says {canary}");
        }
        foreach (var table in _world.Account.TableNames())
            foreach (var row in _world.Account.Rows(table))
                foreach (var (name, value) in row.Properties)
                {
                    var text = value switch { string said => said, byte[] bytes => Encoding.UTF8.GetString(bytes), _ => "" };
                    Hold("8", !text.Contains("school.example", StringComparison.OrdinalIgnoreCase), $"{table} {row.Key} {name} holds an e-mail address");
                }
    }

    /// <summary>All totals taken away and all results with them, what is rebuilt is the same bit for bit, and there is nothing new to publish.</summary>
    private void CheckRebuild()
    {
        var before = Totals(_world.Account);
        var published = Published(_world.Account);
        var world = new World(_world.Account.Clone(), new VirtualTime(_world.Time.Now));
        foreach (var row in Evidence(world.Account)) world.Account.Remove("Evidence", row);
        foreach (var row in world.Account.Rows("KpiResults")) world.Account.Remove("KpiResults", row);
        var one = new Instance(world, "rebuild", TimeSpan.Zero, new Vendor());
        world.Run(one, "mark", async () =>
        {
            foreach (var school in Script.Schools) await one.Storage.Evidence.MarkAsync(Collection, school, CancellationToken.None);
        });
        world.Run(one, "recompute", () => one.Get<Triggers.RecomputeKpis>().Run(new(), CancellationToken.None));
        world.Run(one, "publish", () => one.Get<Triggers.PublishSnapshot>().Run(new(), CancellationToken.None));
        Hold("4", before.SequenceEqual(Totals(world.Account)), $"rebuilt totals are not those that were kept");
        Hold("4", published.SequenceEqual(Published(world.Account)), $"the same evidence was published anew");

        static IEnumerable<SimulatedRow> Evidence(SimulatedAccount account) =>
            account.Rows("Evidence").Where(row => row.Key.StartsWith("S~", StringComparison.Ordinal) && row.Value("Json0") is not null);

        static List<string> Totals(SimulatedAccount account) => [.. Evidence(account).Select(row => $"{row.Key} {Convert.ToHexString((byte[])row.Value("Json0")!)}")];

        static List<string> Published(SimulatedAccount account) =>
            [.. account.BlobsIn("snapshots").Concat(account.BlobsIn("snapshots-internal")).Select(blob => $"{blob.Name} {blob.ETag}")];
    }

    private string Pointer(string container) =>
        JsonDocument.Parse(_world.Account.BlobsIn(container).Single(blob => blob.Name == "latest.json").Content).RootElement.GetProperty("path").GetString()!;

    private IEnumerable<(string Name, Snapshot Document)> Internal() => _world.Account.BlobsIn("snapshots-internal")
        .Where(blob => blob.Name.StartsWith("20", StringComparison.Ordinal)).Select(blob => (blob.Name, Snapshot.FromJson(blob.Content)));

    private static Figure? Figure(Snapshot document, string wave, bool engaged) => document.Kpis.Single(kpi => kpi.Id == "K1").Readings.Single(reading => reading.Id == "K1.pooled").Results
        .SingleOrDefault(result => result.Wave == wave)?.Figures.SingleOrDefault(figure => figure.Name == (engaged ? "engaged" : "wider"));
}
