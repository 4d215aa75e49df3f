using System.Globalization;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// Imports one poll file: map by the instrument, check every cell, add up, switch on, report. The file is in wholly or not at all.
/// Memory grows with schools and cells, not with rows, but for 16 bytes and a little for each respondent where the instrument names one.
/// </summary>
public sealed class ImportPoll(IDrops drops, IInstruments instruments, IWaves waves, IImports imports, FileImport import, IVersionedRows<SchoolTotals> totals,
    IVersionedRows<School> schools, ErasureShelf erased, Catalogue catalogue, TimeProvider time)
{
    /// <summary>The largest file that is checked without being dropped.</summary>
    public const int LargestChecked = 25 * 1024 * 1024;

    /// <summary>
    /// The supplier of what lies in <c>poll-drop/register</c>, where nobody's files belong: as <c>register</c> it would share its history and its
    /// reports with the container of that name.
    /// </summary>
    public const string MisplacedRegister = "poll-drop-register";

    /// <summary>Of a file in no supplier's folder; no supplier can be called so.</summary>
    public const string NoSupplier = "/";

    /// <summary>Imports the file, or returns null when it is gone.</summary>
    /// <param name="again">also when its import is finished, as after a change of its instrument.</param>
    public async Task<ImportRecord?> RunAsync(string supplier, string name, bool again, CancellationToken cancellation)
    {
        if (await drops.FindPollAsync(supplier, name, cancellation) is not { } file) return null;
        var claims = await ClaimsAsync(file.Supplier, [file, .. file.Beside.Where(beside => beside.Name != file.Name)], cancellation);
        var parts = await PollParts.FindAsync(file, claims.Any(claim => claim.Poll!.Pair == true), cancellation);
        var record = await import.RunAsync(
            parts.Whole, again,
            (run, token) => parts.IsHalf ? WaitAsync(run, token) : ImportAsync(run, parts,
                claims.Where(claim => Claims(claim, parts.Name) || Claims(claim, parts.Data?.Name)).ToList(), token),
            cancellation);
        // What the halves came to is what the pair came to: nobody need wonder about the other file.
        if (record.IsFinished)
            foreach (var half in parts.Whole.Halves) await import.CloseHalfAsync(half, record, cancellation);
        // The other half may have come, and the pair been imported, while this one was found alone and reported to wait: the pair is told again.
        if (parts.IsHalf && await drops.FindPollAsync(supplier, name, cancellation) is { Beside.Count: > 0 } now
            && !(await PollParts.FindAsync(now, claims.Any(claim => claim.Poll!.Pair == true), cancellation)).IsHalf)
            return await RunAsync(supplier, name, again: true, cancellation);
        return record;
    }

    /// <summary>What an import would say of a file, without importing anything.</summary>
    /// <param name="body">the file; null checks the one that lies in <c>poll-drop</c>.</param>
    /// <param name="instrument">the instrument to check it by; null finds the one that claims the file.</param>
    public async Task<Checked<ImportReport>> CheckAsync(string? supplier, string? name, string? instrument, byte[]? body, CancellationToken cancellation)
    {
        Instrument? by = null;
        if (instrument is not null)
        {
            by = await instruments.FindAsync(instrument, null, cancellation);
            if (by?.Poll is null) return Problems.NotFound.At("instrument", "no instrument of a poll has this id");
        }
        supplier ??= by?.Poll!.Supplier;
        if (supplier is null || (name is null && (body is null || by is null)))
            return Problems.QueryInvalid.At("", "should name supplier and name, or the instrument and the file in the body");
        var file = body is not null ? DroppedFile.From(supplier, name ?? "body", body, time.GetUtcNow())
            : await drops.FindPollAsync(supplier, name!, cancellation);
        if (file is null) return Problems.NotFound.At("name", "no file of this supplier has this name");
        supplier = file.Supplier;

        var claims = by is null ? await ClaimsAsync(supplier, [file, .. file.Beside], cancellation) : [by];
        var parts = await PollParts.FindAsync(file, claims.Any(claim => claim.Poll!.Pair == true), cancellation);
        if (parts.IsHalf) return Half(parts.File, ImportOutcome.Waiting);
        if (by is null) claims = claims.Where(claim => Claims(claim, parts.Name) || Claims(claim, parts.Data?.Name)).ToList();
        parts = await parts.AtHandAsync(cancellation);
        var hash = await parts.HashAsync(cancellation);
        if (claims is not [var only]) return Unclaimed(supplier, claims).Report(parts.Whole, hash, null, ImportOutcome.Refused, []);
        var check = await PollCheck.RunAsync(parts, only, (await erased.RecentAsync(cancellation)).RowsOf(only.Id, null), cancellation);
        var counting = await imports.ActiveAsync(cancellation);
        var notes = check.Notes.Concat(await AboutWaveAsync(check, cancellation)).Concat(await AboutSchoolsAsync(check, counting, cancellation)).ToList();
        if (!check.IsRefused && counting.Any(active => active.Unit == new ImportUnit(supplier, only.Id, check.Wave!)
            && active.ContentHash == hash && active.InstrumentVersion == only.Version))
            notes.Add("this content counts already");
        return check.Report(parts.Whole, hash, only, check.IsRefused ? ImportOutcome.Refused : ImportOutcome.Good, notes);
    }

    /// <summary>
    /// Does a pattern (<c>*</c> stands for any text) match a file's name? Case does not matter, nor do folders unless the pattern names some.
    /// </summary>
    public static bool Claims(string pattern, string path)
    {
        var name = pattern.Contains('/', StringComparison.Ordinal) ? path : path[(path.LastIndexOf('/') + 1)..];
        var parts = pattern.Split('*');
        if (parts.Length == 1) return name.Equals(pattern, StringComparison.OrdinalIgnoreCase);
        if (!name.StartsWith(parts[0], StringComparison.OrdinalIgnoreCase)) return false;
        var at = parts[0].Length;
        foreach (var part in parts[1..^1])
        {
            var found = name.IndexOf(part, at, StringComparison.OrdinalIgnoreCase);
            if (found < 0) return false;
            at = found + part.Length;
        }
        return name.Length - at >= parts[^1].Length && name.EndsWith(parts[^1], StringComparison.OrdinalIgnoreCase);
    }

    private async Task ImportAsync(ImportRun run, PollParts found, List<Instrument> claims, CancellationToken cancellation)
    {
        var parts = await found.AtHandAsync(cancellation);
        var hash = await parts.HashAsync(cancellation);
        if (claims is not [var instrument])
        {
            await run.RefuseAsync(hash, null, null, Unclaimed(run.File.Supplier, claims).Report(run.File, hash, null, ImportOutcome.Refused, []), cancellation);
            return;
        }
        // Read anew, not from the shelf: an erasure lets a file go only when no import is at work that began before it.
        var rows = (await erased.NowAsync(cancellation)).RowsOf(instrument.Id, null);
        var check = await PollCheck.RunAsync(parts, instrument, rows, cancellation);
        if (check.IsRefused)
        {
            await run.RefuseAsync(hash, instrument.Version, check.Rows, check.Report(run.File, hash, instrument, ImportOutcome.Refused, check.Notes),
                cancellation);
            if (check.Erased.Count > 0) await RemoveAsync(parts, cancellation);
            return;
        }
        var notes = check.Notes.Concat(await AboutWaveAsync(check, cancellation)).ToList();
        var redacted = check.Erased.Count > 0 && !check.HoldsDropped ? await RedactedCopy.OfAsync(parts, instrument, rows!, check.Totals, cancellation) : null;
        if (redacted is not null) await drops.KeepRawAsync(redacted, redacted.Name, cancellation);
        if (!check.HoldsDropped && check.Erased.Count == 0)
        {
            if (parts.Data is null) await drops.KeepRawAsync(parts.File, hash, cancellation);
            else foreach (var half in new[] { parts.File, parts.Data }) await drops.KeepRawAsync(half, await FileImport.HashAsync(half, cancellation), cancellation);
        }
        var content = new FileContent<SchoolTotals>(
            new ImportUnit(run.File.Supplier, instrument.Id, check.Wave!), instrument.Version, instrument.Collection, check.Totals, check.Facts!, check.Rows!,
                check.Findings.Count, LeftOut.Of(check.Rows!, check.Items ?? []))
        {
            Excludes = string.Join(' ', rows?.Known(check.Wave!) ?? []),
            IsFileGone = check.Erased.Count > 0,
            Redacted = redacted?.Name,
        };
        await run.ActivateAsync(hash, content, totals, async counting => [.. AboutOthers(content.Unit, instrument.Collection, counting), .. await AboutSchoolsAsync(check, counting, cancellation)],
            (outcome, more) => check.Report(run.File, hash, instrument, outcome, [.. notes, .. more]), cancellation);
        if (check.Erased.Count > 0) await RemoveAsync(parts, cancellation);
    }

    /// <summary>Lets go of a file that holds somebody who was erased. Should a crash come before it, the sweep of erasures finds it by its record.</summary>
    private async Task RemoveAsync(PollParts parts, CancellationToken cancellation)
    {
        await drops.RemoveAsync(parts.File, cancellation);
        if (parts.Data is { } data) await drops.RemoveAsync(data, cancellation);
    }

    private static Task WaitAsync(ImportRun run, CancellationToken cancellation) =>
        run.WaitAsync(Problems.HalfMissing, Half(run.File, ImportOutcome.Waiting), cancellation);

    private static ImportReport Half(DroppedFile file, ImportOutcome outcome) =>
        PollCheck.Refused(FileFinding.From(Problems.HalfMissing,
            "should lie beside its other half, of the same name but for its ending: the description (.sss or .xml) and the data (.asc, .dat, .txt or .csv)"))
            .Report(file, null, null, outcome, []);

    private static PollCheck Unclaimed(string supplier, List<Instrument> claims) => PollCheck.Refused(FileFinding.From(
        Problems.FileUnclaimed,
        supplier == MisplacedRegister
            ? "should not lie in the folder register of poll-drop: drop a file of the schools register into the container register, "
                + "a poll into its supplier's folder"
        : claims.Count == 0
            ? $"should be mapped by an instrument whose poll has supplier {supplier} and files that match this name"
            : $"should be mapped by one instrument, not by {string.Join(" and ", claims.Select(claim => claim.Id))}"));

    private async Task<IReadOnlyList<string>> AboutWaveAsync(PollCheck check, CancellationToken cancellation)
    {
        if (check.Wave is not { } id) return [];
        if (await waves.FindAsync(id, cancellation) is not { } wave) return [$"wave {id} is not registered: these rows are kept, and enter the figures once it is"];
        return check.Fieldwork is { } fieldwork && (fieldwork.From < wave.Wave.From || fieldwork.To > wave.Wave.To)
            ? [FormattableString.Invariant($"people were asked from {fieldwork.From:yyyy-MM-dd} to {fieldwork.To:yyyy-MM-dd}, but the wave is registered from {wave.Wave.From:yyyy-MM-dd} to {wave.Wave.To:yyyy-MM-dd}")]
            : [];
    }

    private IEnumerable<string> AboutOthers(ImportUnit unit, string collection, IReadOnlyList<ActiveImport> counting) =>
        !catalogue.Combined.Contains(collection) && counting.Any(active => active.Collection == collection && active.Unit.Wave == unit.Wave && active.Unit != unit)
            ? ["another poll counts for this wave and collection: two are not combined, and until one is withdrawn neither is published"]
            : [];

    /// <summary>A number mistyped moves a school's answers to the wider schools, and nothing else would tell.</summary>
    private async Task<IReadOnlyList<string>> AboutSchoolsAsync(PollCheck check, IReadOnlyList<ActiveImport> counting, CancellationToken cancellation)
    {
        var named = check.Totals
            .Where(school => !school.School.Contains('|', StringComparison.Ordinal) && !school.School.StartsWith(InstrumentMap.OfOrganisation, StringComparison.Ordinal))
            .ToList();
        var register = counting.FirstOrDefault(
            active => active.Unit is { Supplier: ImportRegister.Supplier, Instrument: ImportRegister.Schools });
        if (named.Count == 0 || register is null) return [];
        var known = (await schools.ReadAsync(register.Version, cancellation)).Select(school => school.Urn).ToHashSet(StringComparer.Ordinal);
        var unknown = named.Where(school => !known.Contains(school.School)).ToList();
        return unknown.Count == 0
            ? []
            : [string.Create(CultureInfo.InvariantCulture,
                $"{unknown.Sum(school => school.Respondents)} rows are from {unknown.Count} schools that the schools register does not hold, such as {unknown[0].School}: they count as wider schools unless a contact names them")];
    }

    private async Task<List<Instrument>> ClaimsAsync(string supplier, IReadOnlyList<DroppedFile> files, CancellationToken cancellation) =>
        [.. (await instruments.AllAsync(cancellation)).Where(instrument => instrument.Poll?.Supplier == supplier
            && files.Any(file => Claims(instrument, file.Name)))];

    private static bool Claims(Instrument instrument, string? name) => name is not null && Claims(instrument.Poll!.Files, name);
}
