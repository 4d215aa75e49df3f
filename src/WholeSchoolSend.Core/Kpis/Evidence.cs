using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Everything an evaluation reads, as it stood at one moment.</summary>
/// <param name="Inputs">SHA-256 over all of it, lower-case hex.</param>
/// <param name="Sources">school totals by where they come from: one per webhook collection and one per active poll file.</param>
public sealed record Evidence(
    string Inputs, IReadOnlyList<WaveState> Waves, IReadOnlyDictionary<string, School> Schools, IReadOnlyList<SchoolLink> Links, IReadOnlyList<Engagement> Engagements,
    IReadOnlyList<NetworkReach> Networks, IReadOnlyList<EvidenceSource> Sources, IReadOnlyDictionary<string, MilestoneState> Milestones)
{
    /// <summary>The day it was read: contacts that are planned for later are no work done yet.</summary>
    public DateOnly Today { get; init; } = DateOnly.MaxValue;

    /// <summary>What was said of wordings.</summary>
    public StatedWordings Stated { get; init; } = new([]);

    /// <summary>What all of it was made of.</summary>
    public Provenance Provenance { get; init; } = Provenance.None;
}

/// <summary>The school totals of one webhook collection, or of one poll file.</summary>
public sealed record EvidenceSource(string Collection, string Name, IReadOnlyList<SchoolTotals> Totals)
{
    /// <summary>The file it is of; null of what webhooks brought.</summary>
    public ActiveImport? Import { get; init; }

    /// <summary>The name of what webhooks brought.</summary>
    public const string Webhooks = "webhooks";
}

/// <summary>
/// Reads the evidence. Rows of files never change under their version, so they are kept at hand while they count: what is read anew each
/// time is what can change.
/// </summary>
public sealed class EvidenceReader(
    Catalogue catalogue, DisclosurePolicy policy, IInstruments instruments, IWaves waves, IImports imports, ISchoolTotals totals,
    IVersionedRows<SchoolTotals> pollTotals, IVersionedRows<School> schools, IVersionedRows<Engagement> engagements, IVersionedRows<SchoolLink> schoolLinks,
    IVersionedRows<NetworkReach> networkReach, IMilestones milestones, TimeProvider time)
{
    /// <summary>Changes when the formulas do, so that the same evidence is evaluated again.</summary>
    private const string Formulas = "5";

    private volatile Dictionary<string, object> _atHand = [];

    public async Task<Evidence> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var active = await imports.ActiveAsync(cancellation);
            var evidence = await ReadAsync(active, cancellation);
            // A file that was replaced while its rows were read may have lost some of them: only what still counts is evidence.
            if ((await imports.ActiveAsync(cancellation)).SequenceEqual(active)) return evidence;
        }
    }

    /// <summary>Collections that webhooks feed, in order.</summary>
    public static IReadOnlyList<string> Collections(IEnumerable<Instrument> all) =>
        all.Where(instrument => instrument.Form is not null).Select(instrument => instrument.Collection).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();

    private async Task<Evidence> ReadAsync(IReadOnlyList<ActiveImport> active, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, Formulas);
        Add(hash, catalogue.Hash);
        // Verdicts depend on it: too few to show is too few to decide.
        var rules = JsonSerializer.Serialize(policy, ResultsJson.Default.DisclosurePolicy);
        Add(hash, rules);
        var known = await waves.AllAsync(cancellation);
        foreach (var wave in known) Add(hash, JsonSerializer.Serialize(wave.Evaluated, WavesJson.Default.WaveState));

        var reported = await milestones.AllAsync(cancellation);
        foreach (var milestone in reported) Add(hash, JsonSerializer.Serialize(milestone, MilestonesJson.Default.MilestoneState));

        var register = new List<School>();
        var contacts = new List<Engagement>();
        var links = new List<SchoolLink>();
        var networks = new List<NetworkReach>();
        var sources = new List<EvidenceSource>();
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var supplies = new List<Supply>();
        var kept = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var import in active.OrderBy(import => import.Unit.Supplier, StringComparer.Ordinal).ThenBy(import => import.Unit.Instrument, StringComparer.Ordinal).ThenBy(import => import.Unit.Wave, StringComparer.Ordinal))
        {
            Add(hash, import.Version);
            if (import.Unit.Supplier == ImportRegister.Supplier) files[import.Unit.Instrument] = import.Version;
            if (import.Unit is { Supplier: ImportRegister.Supplier, Instrument: ImportRegister.Schools }) register.AddRange(await KeptAsync(schools, import.Version, kept, cancellation));
            else if (import.Unit is { Supplier: ImportRegister.Supplier, Instrument: ImportRegister.Engagements }) contacts.AddRange(await KeptAsync(engagements, import.Version, kept, cancellation));
            else if (import.Unit is { Supplier: ImportRegister.Supplier, Instrument: ImportRegister.Links }) links.AddRange(await KeptAsync(schoolLinks, import.Version, kept, cancellation));
            else if (import.Unit is { Supplier: ImportRegister.Supplier, Instrument: ImportRegister.Reach }) networks.AddRange(await KeptAsync(networkReach, import.Version, kept, cancellation));
            else if (import.Collection is { } collection)
            {
                var source = new EvidenceSource(collection, $"{import.Unit.Supplier}/{import.Unit.Instrument}", await KeptAsync(pollTotals, import.Version, kept, cancellation)) { Import = import };
                sources.Add(source);
                supplies.Add(new Supply(collection, import.Unit.Wave, source.Name, import.Version, source.Totals.Sum(school => school.Respondents), null)
                {
                    Instruments = new Dictionary<string, int> { [import.Unit.Instrument] = import.InstrumentVersion },
                });
            }
        }
        _atHand = kept;
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        // The day a planned contact comes, the same files count otherwise.
        if (contacts.Count(contact => contact.On > today) is > 0 and var planned) Add(hash, planned.ToString(CultureInfo.InvariantCulture));

        var newest = await instruments.AllAsync(cancellation);
        var stated = new StatedWordings(newest);
        foreach (var line in stated.Lines()) Add(hash, line);
        // What is published names them, also where a new version makes nothing else of the answers.
        foreach (var instrument in newest) Add(hash, string.Create(CultureInfo.InvariantCulture, $"{instrument.Id} {instrument.Version}"));
        foreach (var collection in Collections(newest))
        {
            var rows = await totals.TotalsAsync(collection, cancellation);
            Add(hash, collection);
            foreach (var row in rows) hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(row, TotalsJson.Default.SchoolTotals));
            if (rows.Count > 0) sources.Add(new EvidenceSource(collection, EvidenceSource.Webhooks, rows));
            supplies.AddRange(rows.Movements.Select(wave => new Supply(
                collection, wave.Key, EvidenceSource.Webhooks, null, rows.Where(school => school.Wave == wave.Key).Sum(school => school.Respondents), wave.Value)
            {
                Instruments = newest.Where(instrument => instrument.Form is not null && instrument.Collection == collection && instrument.Wave.MayBe(wave.Key))
                    .ToDictionary(instrument => instrument.Id, instrument => instrument.Version, StringComparer.Ordinal),
            }));
        }
        var byUrn = register.ToDictionary(school => school.Urn, StringComparer.Ordinal);
        return new Evidence(
            Convert.ToHexStringLower(hash.GetHashAndReset()), known, byUrn, links, contacts, networks, sources, reported.ToDictionary(milestone => milestone.Id, StringComparer.Ordinal))
        {
            Today = today,
            Stated = stated,
            Provenance = new Provenance(
                $"{catalogue.Version} ({catalogue.Hash[..12]})", Formulas, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(rules)))[..12], files,
                newest.GroupBy(instrument => instrument.Collection, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).ToDictionary(
                    group => group.Key,
                    group => (IReadOnlyDictionary<string, int>)group.ToDictionary(instrument => instrument.Id, instrument => instrument.Version, StringComparer.Ordinal), StringComparer.Ordinal),
                known.ToDictionary(wave => wave.Id, wave => $"{wave.Wave.From:yyyy-MM-dd}/{wave.Wave.To:yyyy-MM-dd}", StringComparer.Ordinal),
                reported.ToDictionary(milestone => milestone.Id, milestone => milestone.Revision, StringComparer.Ordinal), supplies),
        };
    }

    private async Task<IReadOnlyList<T>> KeptAsync<T>(IVersionedRows<T> rows, string version, Dictionary<string, object> kept, CancellationToken cancellation)
    {
        var read = _atHand.TryGetValue(version, out var held) ? (IReadOnlyList<T>)held : await rows.ReadAsync(version, cancellation);
        kept[version] = read;
        return read;
    }

    private static void Add(IncrementalHash hash, string text)
    {
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        hash.AppendData([0]);
    }
}
