using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Disclosure.Attack;

/// <summary>Somebody who answered in a wave. Whoever changes an answer is somebody else to an attacker, so answers never change here.</summary>
internal sealed record Person(int Id, string Wave, string School, string Role, string Responsible, string Area);

/// <summary>What an attacker knows besides the documents: who took part when figures were issued, at which schools, and the engaged among these.</summary>
internal sealed record Moment(IReadOnlyList<Person> People, IReadOnlySet<string> Engaged, IReadOnlyDictionary<string, string> Phases);

/// <summary>The programme in memory: people and registers in, public documents out, through the use cases an operator calls.</summary>
internal sealed class Programme : IImports, IWaves, IInstruments, IMilestones, ISchoolTotals, IKpiResults, IDocuments, IErrata
{
    private readonly Rows<SchoolTotals> _totals = new();
    private readonly Rows<School> _schools = new();
    private readonly Rows<Engagement> _engagements = new();
    private readonly SortedDictionary<string, WaveState> _waves = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredDocument> _documents = new(StringComparer.Ordinal);
    private readonly RecomputeKpis _recompute;
    private readonly PublishSnapshot _publish;
    private readonly PutWave _decisions;
    private readonly CloseWave _close;
    private readonly ReissueWave _reissue;
    private KpiRun? _run;

    public Programme(DisclosurePolicy policy, Catalogue? catalogue = null, Programme? before = null)
    {
        catalogue ??= Catalogue.Current;
        if (before is not null)
        {
            (Behind, People, Engaged, Phases) = (before.Behind, before.People, before.Engaged, before.Phases);
            _documents = before._documents;
            foreach (var (id, wave) in before._waves) _waves.Add(id, wave);
            Issues.AddRange(before.Issues);
        }
        var reader = new EvidenceReader(catalogue, policy, this, this, this, this, _totals, _schools, _engagements, new Rows<SchoolLink>(), new Rows<NetworkReach>(), this, TimeProvider.System);
        _recompute = new RecomputeKpis(this, new RemapResponses(null!, null!, TimeProvider.System), this, reader, this, catalogue, policy);
        var past = new PastIssues(this, Behind);
        _publish = new PublishSnapshot(this, this, this, reader, this, new PublicFiles(this), past, this, catalogue, policy, TimeProvider.System);
        _decisions = new PutWave(this, TimeProvider.System);
        (_close, _reissue) = (new CloseWave(_decisions, _recompute, _publish), new ReissueWave(this, _decisions, _recompute, _publish, past));
    }

    public Rows<IssuedRow> Behind { get; } = new();

    public List<Person> People { get; } = [];

    public HashSet<string> Engaged { get; } = [];

    public Dictionary<string, string> Phases { get; } = new(StringComparer.Ordinal);

    /// <summary>Every public document in which a wave's figures changed, and what was the case then.</summary>
    public List<(string Wave, Snapshot Document, Moment Moment)> Issues { get; } = [];

    /// <summary>What stopped the last attempt to issue again.</summary>
    public Problem? Refused { get; private set; }

    /// <summary>Writes of public documents and of what stands behind them.</summary>
    public int Writes { get; private set; }

    public void Open(string wave) => _waves.Add(wave, new WaveState(wave, new Wave(wave, new DateOnly(2026, 1 + _waves.Count, 2), new DateOnly(2026, 1 + _waves.Count, 20)), null, 1));

    public async Task CloseAsync(string wave)
    {
        var closed = await _close.RunAsync(wave, """{"reason":"complete"}"""u8.ToArray(), CancellationToken.None);
        Assert.Empty(closed.Problems);
        Look();
    }

    /// <summary>The code of what stops it; null where it was issued.</summary>
    public async Task<string?> ReissueAsync(string wave, string body = """{"reason":"late answers"}""")
    {
        var reissued = await _reissue.RunAsync(wave, System.Text.Encoding.UTF8.GetBytes(body), CancellationToken.None);
        Look();
        // What stops it is said by reading and group, without a figure.
        Assert.All(reissued.Problems, problem => Assert.DoesNotMatch("[0-9]", problem.Message));
        Assert.All(reissued.Problems, problem => Assert.Matches(@"^([A-Z]\d(\.\w+)?/[a-z-]+|/reason)?$", problem.Where));
        Refused = reissued.Problems is [var problem, ..] ? problem : null;
        return Refused?.Code;
    }

    /// <summary>A re-issue that dies between the decision and the document.</summary>
    public async Task DecideAsync(string wave)
    {
        await _recompute.RunAsync(CancellationToken.None);
        var inputs = await _publish.MayReissueAsync(wave, new PastRead(new PastIssues(this, Behind)), CancellationToken.None);
        Assert.NotNull((await _decisions.ReissueAsync(_waves[wave], "late answers", inputs.Value!, CancellationToken.None)).Value);
    }

    public async Task PublishAsync()
    {
        await _recompute.RunAsync(CancellationToken.None);
        Assert.Null((await _publish.RunAsync(CancellationToken.None)).PublicWaits);
        Look();
    }

    public Snapshot? Latest(Audience audience = Audience.Public) => _documents.GetValueOrDefault($"{audience}/latest.json") is { } pointer
        ? Snapshot.FromJson(_documents[$"{audience}/{JsonDocument.Parse(pointer.Bytes).RootElement.GetProperty("path").GetString()}"].Bytes)
        : null;

    /// <summary>Somebody deletes a public file by hand.</summary>
    public void Lose(string path) => Assert.True(_documents.Remove($"{Audience.Public}/{path}", out _));

    public WaveState Wave(string id) => _waves[id];

    /// <summary>Notes what is new in public, as anybody can.</summary>
    private void Look()
    {
        if (Latest() is not { } document) return;
        foreach (var wave in _waves.Keys)
        {
            var before = Issues.LastOrDefault(issue => issue.Wave == wave).Document;
            if (Text(document, wave) is { Length: > 0 } now && (before is null || Text(before, wave) != now))
                Issues.Add((wave, document, new Moment([.. People], Engaged.ToHashSet(), new Dictionary<string, string>(Phases))));
        }

        static string Text(Snapshot document, string wave) => string.Join('\n', document.Kpis.SelectMany(kpi => kpi.Readings)
            .SelectMany(reading => reading.Results.Where(result => result.Wave == wave && result.Figures.Count > 0).Select(result => reading.Id + SnapshotResult.FiguresJson(result.Figures))));
    }

    private IEnumerable<SchoolTotals> Totals(string wave) => People.Where(person => person.Wave == wave).GroupBy(person => person.School).OrderBy(school => school.Key, StringComparer.Ordinal)
        .SelectMany(school => Totalling.BySchool(school.OrderBy(person => person.Id).Select(person => new CountedResponse(
            new Coding(person.School, person.Wave, "single", person.Role, $"{person.Id}", 1, [
                new Observation("every-teacher-responsible", person.Responsible), new Observation("key-area-1", person.Area),
            ]), default)).ToList()));

    async Task<IReadOnlyList<ActiveImport>> IImports.ActiveAsync(CancellationToken cancellation)
    {
        var active = new List<ActiveImport>();
        foreach (var wave in _waves.Keys) active.Add(await AddAsync(new ImportUnit("pollster", "leaders", wave), "leaders", _totals, Totals(wave).ToList()));
        active.Add(await AddAsync(new ImportUnit(ImportRegister.Supplier, ImportRegister.Schools, ""), null, _schools, Phases.OrderBy(school => school.Key, StringComparer.Ordinal).Select(school => new School(school.Key, school.Key, school.Value, "London", true)).ToList()));
        active.Add(await AddAsync(new ImportUnit(ImportRegister.Supplier, ImportRegister.Engagements, ""), null, _engagements, Engaged.Order(StringComparer.Ordinal).Select((urn, line) => new Engagement(urn, new DateOnly(2025, 1, 1), "", line)).ToList()));
        return active;

        static async Task<ActiveImport> AddAsync<T>(ImportUnit unit, string? collection, Rows<T> rows, IReadOnlyList<T> now)
        {
            var content = Snapshot.IdOf(JsonSerializer.SerializeToUtf8Bytes(now));
            var version = $"{unit.Instrument}~{unit.Wave}~{content}";
            await rows.WriteAsync(version, now, default);
            return new ActiveImport(unit, version, "file", content, 1, collection, default, new ImportFacts(0, 0, 0, null, null, null));
        }
    }

    Task<IReadOnlyList<WaveState>> IWaves.AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<WaveState>>([.. _waves.Values.OrderBy(wave => wave.Wave.From)]);

    Task<WaveState?> IWaves.FindAsync(string id, CancellationToken cancellation) => Task.FromResult(_waves.GetValueOrDefault(id));

    Task<bool> IWaves.PutAsync(WaveState wave, CancellationToken cancellation)
    {
        if (_waves[wave.Id].Revision != wave.Revision - 1) return Task.FromResult(false);
        _waves[wave.Id] = wave;
        return Task.FromResult(true);
    }

    Task<string?> IKpiResults.CurrentInputsAsync(CancellationToken cancellation) => Task.FromResult(_run?.Inputs);

    Task<KpiRun?> IKpiResults.CurrentAsync(CancellationToken cancellation) => Task.FromResult(_run);

    Task IKpiResults.SwitchAsync(KpiRun run, CancellationToken cancellation)
    {
        _run = run;
        return Task.CompletedTask;
    }

    public Task<StoredDocument?> ReadAsync(Audience audience, string path, CancellationToken cancellation) => Task.FromResult(_documents.GetValueOrDefault($"{audience}/{path}"));

    public Task AddAsync(Audience audience, string path, byte[] bytes, CancellationToken cancellation)
    {
        if (_documents.TryAdd($"{audience}/{path}", new StoredDocument(bytes, "0")) && audience == Audience.Public) Writes++;
        return Task.CompletedTask;
    }

    public Task<int> ExpireInternalAsync(DateTimeOffset before, Func<string, bool> listed, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<bool> ReplaceAsync(Audience audience, string path, byte[] bytes, StoredDocument? before, CancellationToken cancellation)
    {
        if (_documents.GetValueOrDefault($"{audience}/{path}")?.Revision != before?.Revision) return Task.FromResult(false);
        _documents[$"{audience}/{path}"] = new StoredDocument(bytes, (int.Parse(before?.Revision ?? "0", CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture));
        if (audience == Audience.Public) Writes++;
        return Task.FromResult(true);
    }

    Task<IReadOnlyList<Instrument>> IInstruments.AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Instrument>>([]);

    Task<IReadOnlyList<MilestoneState>> IMilestones.AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<MilestoneState>>([]);

    Task<IReadOnlyList<ErratumState>> IErrata.AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<ErratumState>>([]);

    Task<IReadOnlyList<string>> ISchoolTotals.ChangedSchoolsAsync(string collection, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<string>>([]);

    // Nobody asks for these: there is no instrument, and files come by themselves.
    Task<Instrument?> IInstruments.FindAsync(string id, int? version, CancellationToken cancellation) => throw new NotSupportedException();

    Task<bool> IInstruments.AddAsync(Instrument instrument, CancellationToken cancellation) => throw new NotSupportedException();

    Task<MilestoneState?> IMilestones.FindAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    Task<ErratumState?> IErrata.FindAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    Task<bool> IErrata.PutAsync(ErratumState erratum, CancellationToken cancellation) => throw new NotSupportedException();

    Task<bool> IMilestones.PutAsync(MilestoneState milestone, CancellationToken cancellation) => throw new NotSupportedException();

    Task ISchoolTotals.RecomputeAsync(
        string collection, IReadOnlyCollection<string> schools, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals, CancellationToken cancellation) => throw new NotSupportedException();

    Task<CollectionTotals> ISchoolTotals.TotalsAsync(string collection, CancellationToken cancellation) => throw new NotSupportedException();

    Task<IReadOnlyList<ActiveImport>> IImports.UnitsAsync(CancellationToken cancellation) => throw new NotSupportedException();

    bool IImports.IsPosition(string text) => throw new NotSupportedException();

    Task<ImportSwitch> IImports.SwitchAsync(ImportUnit unit, Func<ActiveImport?, ActiveImport?> decide, CancellationToken cancellation) => throw new NotSupportedException();

    Task IImports.ForgetAsync(ImportUnit unit, IReadOnlyCollection<string> versions, CancellationToken cancellation) => throw new NotSupportedException();

    Task<IReadOnlyList<(ImportUnit Unit, IReadOnlyList<string> Versions)>> IImports.ReplacedAsync(CancellationToken cancellation) => throw new NotSupportedException();

    Task<StoredImport> IImports.ReceiveAsync(ImportRecord first, CancellationToken cancellation) => throw new NotSupportedException();

    Task<StoredImport?> IImports.AdvanceAsync(StoredImport from, ImportRecord to, CancellationToken cancellation) => throw new NotSupportedException();

    IAsyncEnumerable<StoredImport> IImports.HistoryAsync(string? after, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>Rows by version, in memory.</summary>
internal sealed class Rows<T> : IVersionedRows<T>
{
    private readonly Dictionary<string, IReadOnlyList<T>> _versions = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Versions => [.. _versions.Keys];

    public Task WriteAsync(string version, IEnumerable<T> rows, CancellationToken cancellation)
    {
        _versions[version] = [.. rows];
        return Task.CompletedTask;
    }

    /// <summary>Versions that were read, each time.</summary>
    public List<string> Reads { get; } = [];

    public Task<IReadOnlyList<T>> ReadAsync(string version, CancellationToken cancellation)
    {
        Reads.Add(version);
        return Task.FromResult(_versions.GetValueOrDefault(version) ?? []);
    }

    public Task DeleteAsync(string version, CancellationToken cancellation)
    {
        _versions.Remove(version);
        return Task.CompletedTask;
    }
}
