using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>Takes an erratum in: checks it against its schema, the catalogue, the waves and what was published, and adds it as the next revision.</summary>
public sealed class PutErratum(IErrata errata, IDocuments documents, IWaves waves, Catalogue catalogue)
{
    public static JsonSchema Schema { get; } = JsonSchema.Embedded("erratum.schema.json");

    /// <summary>The erratum as stored (unchanged when it says the same), or everything that is wrong with it.</summary>
    public async Task<Checked<ErratumState>> RunAsync(string id, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        if (!PutInstrument.IsId(id)) return Problems.IdInvalid.At("", "the id in the address should be lower-case letters, digits and hyphens, at most 64");
        var document = Schema.Check(json);
        if (document.Value is null) return document.Problems.ToList();
        var erratum = document.Value.Deserialize(ErrataJson.Default.Erratum)!;
        var problems = new List<Problem>();
        var published = await PublishedAsync(cancellation);
        foreach (var (snapshot, at) in erratum.Snapshots.Select((snapshot, at) => (snapshot, at)))
            if (!published.Contains(snapshot)) problems.Add(Problems.DocumentInvalid.At(string.Create(CultureInfo.InvariantCulture, $"/snapshots/{at}"), "should be the id of a published document: see index.json"));
        foreach (var (kpi, at) in (erratum.Kpis ?? []).Select((kpi, at) => (kpi, at)))
            if (catalogue.Kpis.All(one => one.Id != kpi)) problems.Add(Problems.DocumentInvalid.At(string.Create(CultureInfo.InvariantCulture, $"/kpis/{at}"), "should be a KPI of the catalogue"));
        if (erratum.Wave is { } wave && await waves.FindAsync(wave, cancellation) is null) problems.Add(Problems.DocumentInvalid.At("/wave", "should be a registered wave"));
        if (problems.Count > 0) return problems;

        var before = await errata.FindAsync(id, cancellation);
        if (before is not null && Same(before.Erratum, erratum)) return before;
        var next = new ErratumState(id, erratum, (before?.Revision ?? 0) + 1);
        return await errata.PutAsync(next, cancellation) ? next : Problems.ChangedMeanwhile.At("", "the erratum was changed at the same moment: read it and try again");
    }

    private async Task<HashSet<string>> PublishedAsync(CancellationToken cancellation)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var audience in Enum.GetValues<Audience>())
            if (await documents.ReadAsync(audience, "index.json", cancellation) is { } index)
                ids.UnionWith(JsonSerializer.Deserialize(index.Bytes, SnapshotJson.Default.SnapshotIndex)!.Snapshots.Select(entry => entry.Id));
        return ids;
    }

    private static bool Same(Erratum before, Erratum after) =>
        JsonSerializer.SerializeToUtf8Bytes(before, ErrataJson.Default.Erratum).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(after, ErrataJson.Default.Erratum));
}
