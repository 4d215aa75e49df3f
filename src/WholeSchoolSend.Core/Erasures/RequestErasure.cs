using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Erasures;

/// <summary>
/// Takes a request that somebody be erased. What names them is turned into a keyed hash here, before anything is stored; everything after works from
/// that hash alone, so that a sweep can be taken up again, and what comes again be recognised, without anybody being known.
/// </summary>
public sealed class RequestErasure(
    FrozenDictionary<string, Source> sources, IErasures erasures, ErasureShelf shelf, SweepErasures sweeps, IInstruments instruments, IWaves waves, IImports imports,
    Pseudonyms pseudonyms, TimeProvider time)
{
    /// <summary>A call that takes longer is cut off by what stands between: it answers as it stands, and the timer goes on.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(60);

    /// <summary>What a request must look like.</summary>
    public static JsonSchema Schema { get; } = JsonSchema.Parse(
        """
        { "type": "object", "additionalProperties": false, "properties": {
          "respondent": { "type": "object", "additionalProperties": false, "required": ["key"], "properties": {
            "key": { "type": "string", "minLength": 1, "maxLength": 320 },
            "instruments": { "type": "array", "minItems": 1, "maxItems": 50, "uniqueItems": true, "items": { "type": "string", "minLength": 1, "maxLength": 64 } } } },
          "email": { "type": "string", "minLength": 3, "maxLength": 320, "pattern": "^[^@]+@[^@]+$" },
          "school": { "type": "string", "pattern": "^([0-9]{6}|org~[a-z0-9-]{1,64})$" },
          "response": { "type": "object", "additionalProperties": false, "required": ["source", "form", "id"], "properties": {
            "source": { "type": "string", "minLength": 1, "maxLength": 100 }, "form": { "type": "string", "minLength": 1, "maxLength": 200 }, "id": { "type": "string", "minLength": 1, "maxLength": 200 } } },
          "wave": { "type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$" },
          "reason": { "type": "string", "maxLength": 1000 } } }
        """u8.ToArray());

    private static readonly string[] Subjects = ["respondent", "email", "school", "response"];

    /// <summary>The erasure as it stands after its first sweep, or as far as that came in a minute.</summary>
    public async Task<Checked<Erasure>> RunAsync(ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var document = Schema.Check(json);
        if (document.Value is null) return document.Problems.ToList();
        using var read = document.Value;
        var asked = read.RootElement;
        var named = Subjects.Where(subject => asked.TryGetProperty(subject, out _)).ToList();
        if (named.Count != 1) return Problems.DocumentInvalid.At("", "should name one of respondent, email, school and response");
        var reason = asked.TryGetProperty("reason", out var given) ? given.GetString()!.Trim() : "";
        if (reason.Length < 3) return Problems.ReasonMissing.At("/reason", "should say why, such as the number of the letter that asks for it: the report repeats it");

        var subject = await SubjectAsync(named[0], asked.GetProperty(named[0]), cancellation);
        if (subject.Value is not { } about) return subject.Problems.ToList();
        var now = time.GetUtcNow();
        var wave = asked.TryGetProperty("wave", out var only) ? only.GetString() : null;
        if (wave is not null && await waves.FindAsync(wave, cancellation) is null && !(await WavesAsync(now, cancellation)).Contains(wave, StringComparer.Ordinal))
            return Problems.DocumentInvalid.At("/wave", "should be a wave that is registered, or of which a file is here");
        var key = $"erasure {about.Of} {about.Digest} {string.Join(' ', about.Instruments ?? [])} {string.Join(' ', about.Sources ?? [])} {wave}";
        var erasure = new Erasure(
            string.Create(CultureInfo.InvariantCulture, $"{now:yyyyMMdd}-{pseudonyms.Of(key)[..16]}"), about.Of, now, reason, about.Digest, about.Length, about.School, about.Identity,
            about.Instruments, about.Sources, wave, wave is null ? await WavesAsync(now, cancellation) : [wave]);
        if (reason.Contains('@', StringComparison.Ordinal) || (about.Of != ErasureOf.School && new ErasedPeople([erasure], new Dictionary<string, string>(), pseudonyms).IsIn(erasure, reason)))
            return Problems.ReasonPersonal.At("/reason", "should name nobody and hold no address, such as 'letter 2026-117'");

        erasure = await erasures.AddAsync(erasure, cancellation);
        shelf.Forget();
        using var deadline = new CancellationTokenSource(Enough, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return await sweeps.SweepAsync(erasure.Id, limited.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return (await erasures.FindAsync(erasure.Id, cancellation))!;
        }
    }

    private async Task<Checked<Subject>> SubjectAsync(string name, JsonElement value, CancellationToken cancellation)
    {
        if (name == "school") return Subject.From(ErasureOf.School, value.GetString()!, pseudonyms) with { School = value.GetString() };
        if (name == "email") return Subject.From(ErasureOf.Email, value.GetString()!, pseudonyms);
        if (name == "response")
        {
            var (source, form, id) = (value.GetProperty("source").GetString()!, value.GetProperty("form").GetString()!, value.GetProperty("id").GetString()!);
            // A mistyped name would be an erasure that finds nothing, and is done.
            if (!sources.ContainsKey(source) && !(await instruments.AllAsync(cancellation)).Any(instrument => instrument.Form?.Source == source))
                return Problems.DocumentInvalid.At("/response/source", "should be a source that is configured, or one that an instrument names");
            return Subject.From(ErasureOf.Response, id, pseudonyms) with { Identity = Identity.OfResponse(source, form, id), Sources = [source] };
        }
        var key = value.GetProperty("key").GetString()!;
        var problems = new List<Problem>();
        if (TextViews.Normal(key.Trim()).Length == 0) return Problems.DocumentInvalid.At("/respondent/key", "should not be blank");
        // An address is somebody's wherever it stands; a code is only in the study that gave it.
        var isEmail = TextViews.Normal(key).Contains('@', StringComparison.Ordinal);
        if (!value.TryGetProperty("instruments", out var listed))
            return isEmail
                ? Subject.From(ErasureOf.Email, key, pseudonyms)
                : Problems.DocumentInvalid.At("/respondent/instruments", "should say in which instruments this is somebody's key, since it is no e-mail address");
        var all = await instruments.AllAsync(cancellation);
        var ids = listed.EnumerateArray().Select(id => id.GetString()!).Order(StringComparer.Ordinal).ToList();
        var known = all.Where(instrument => ids.Contains(instrument.Id, StringComparer.Ordinal)).ToList();
        problems.AddRange(ids.Where(id => !known.Exists(instrument => instrument.Id == id))
            .Select(id => Problems.DocumentInvalid.At("/respondent/instruments", "should be ids of instruments: one of them is none")));
        if (problems.Count > 0) return problems;
        return Subject.From(isEmail ? ErasureOf.Email : ErasureOf.Respondent, key, pseudonyms) with
        {
            Instruments = ids,
            Sources = [.. known.Select(instrument => instrument.Form?.Source).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        };
    }

    /// <summary>Waves that had begun, and those of which a file is or was here.</summary>
    private async Task<IReadOnlyList<string>> WavesAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var begun = new SortedSet<string>(StringComparer.Ordinal);
        begun.UnionWith((await waves.AllAsync(cancellation)).Where(wave => wave.Wave.From <= today).Select(wave => wave.Id));
        begun.UnionWith((await imports.UnitsAsync(cancellation)).Where(unit => unit.Collection is not null).Select(unit => unit.Unit.Wave));
        await foreach (var stored in imports.HistoryAsync(null, cancellation))
            if (stored.Record.Unit is { } unit && unit.Supplier != ImportRegister.Supplier) begun.Add(unit.Wave);
        return [.. begun];
    }

    private sealed record Subject(ErasureOf Of, string Digest, int Length)
    {
        public string? School { get; init; }

        public string? Identity { get; init; }

        public IReadOnlyList<string>? Instruments { get; init; }

        public IReadOnlyList<string>? Sources { get; init; }

        public static Subject From(ErasureOf of, string key, Pseudonyms pseudonyms) => new(of, pseudonyms.OfErased(pseudonyms.Of(key)), TextViews.Normal(key.Trim()).Length);
    }
}

/// <summary>An erasure as its report tells it: what was done and what is still to come, never whom it is about.</summary>
/// <param name="SecondSweepDue">from when the timer sweeps again; null once it has.</param>
/// <param name="Removed">by store, over all sweeps. A sweep that crashed may have removed more than it came to count; responses are counted by what is left of them.</param>
/// <param name="SoftDeletedUntil">until when storage can still bring back what the last sweep removed (setting <c>SoftDeleteDays</c>).</param>
/// <param name="Remains">what stays, and why.</param>
public sealed record ErasureReport(
    string Id, ErasureOf Of, ErasureState State, DateTimeOffset Requested, string Reason, string? School, IReadOnlyList<string>? Instruments, string? Wave,
    DateTimeOffset? FirstSweep, DateTimeOffset? SecondSweep, DateTimeOffset? SecondSweepDue, ErasureCounts Removed, IReadOnlyList<UnreachedImport> NotReached,
    DateTimeOffset? SoftDeletedUntil, IReadOnlyList<string> Remains)
{
    private static readonly string[] Stays =
    [
        "public documents: figures that were published stay until the wave is issued again, which the guard against differencing must allow (POST /api/waves/{id}/reissue)",
        "school totals behind published figures, without which the next issue could be held against the last one and show what this person answered",
        "internal snapshots of before, until their time is over: figures only",
        "the ledger: that something came on a day, and that it is erased now",
        "this report, with a keyed hash by which what comes again is recognised",
    ];

    public static ErasureReport From(Erasure erasure, int softDeleteDays) => new(
        erasure.Id, erasure.Of, erasure.State, erasure.Requested, erasure.Reason, erasure.School, erasure.Instruments, erasure.Wave, erasure.FirstSweep, erasure.SecondSweep,
        erasure.State == ErasureState.Done ? null : erasure.FirstSweep + Erasure.Settling, erasure.Removed, erasure.NotReached,
        (erasure.SecondSweep ?? erasure.FirstSweep)?.AddDays(softDeleteDays), Stays);
}

/// <summary>Erasures, the newest first.</summary>
public sealed record ErasureList(IReadOnlyList<ErasureReport> Erasures);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErasureReport))]
[JsonSerializable(typeof(ErasureList))]
public sealed partial class ErasuresJson : JsonSerializerContext;
