using System.Collections.Frozen;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>What waits to be fetched, what is stuck, and how vendors' lists compared, for each source that has either.</summary>
public sealed record PendingOverview(IReadOnlyList<PendingOfSource> Sources);

/// <summary>One source.</summary>
/// <param name="HasApi">whether its vendor can be asked: without it nothing is fetched or compared.</param>
/// <param name="Waiting">notes that wait.</param>
/// <param name="Stuck">of them, those somebody should look at.</param>
/// <param name="Oldest">the earliest event that waits.</param>
/// <param name="LastCode">why the longest-waiting of those that were tried was not fetched.</param>
/// <param name="Closed">notes that were closed, by reason.</param>
/// <param name="Paused">why and until when the vendor is left alone.</param>
/// <param name="Forms">how the vendor's list of each form last compared.</param>
public sealed record PendingOfSource(
    string Source, string Tool, bool HasApi, int Waiting, int Stuck, DateTimeOffset? Oldest, string? LastCode, IReadOnlyDictionary<string, int> Closed, VendorPause? Paused,
    IReadOnlyList<GapReport> Forms);

/// <summary>Shows what waits, from the rows themselves.</summary>
public sealed class ShowPending(
    FrozenDictionary<string, Source> sources, FrozenDictionary<string, VendorSource> vendors, IPendingNotes notes, IVendorState state, TimeProvider time)
{
    public async Task<PendingOverview> RunAsync(CancellationToken cancellation)
    {
        var shown = sources.Values.Where(source => source.Tool is { } tool && VendorApi.All.TryGetValue(tool.Name, out var api) && (api.IsEventOnly || vendors.ContainsKey(source.Name)));
        return new PendingOverview(await Task.WhenAll(shown.OrderBy(source => source.Name, StringComparer.Ordinal).Select(source => ShowAsync(source.Name, source.Tool!.Name, cancellation))));
    }

    private async Task<PendingOfSource> ShowAsync(string source, string tool, CancellationToken cancellation)
    {
        var all = await notes.NotesAsync(source, cancellation);
        var now = time.GetUtcNow();
        var waiting = all.Where(note => note.End is null).OrderBy(note => note.Response.Happened).ToList();
        var pause = await state.PauseAsync(source, cancellation);
        return new PendingOfSource(
            source, tool, vendors.ContainsKey(source), waiting.Count, waiting.Count(note => note.IsStuck(now)), waiting.Count == 0 ? null : waiting[0].Response.Happened,
            waiting.Find(note => note.LastCode is not null)?.LastCode,
            all.Where(note => note.End is not null).GroupBy(note => note.End!, StringComparer.Ordinal).ToDictionary(end => end.Key, end => end.Count(), StringComparer.Ordinal),
            pause, await state.ReportsAsync(source, cancellation));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PendingOverview))]
public sealed partial class PendingJson : JsonSerializerContext;
