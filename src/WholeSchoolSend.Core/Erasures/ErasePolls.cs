using System.IO.Compression;
using System.Net;
using System.Text;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Erasures;

/// <summary>What an erasure did about files.</summary>
public sealed record ErasedFiles(int Rows, int Files, IReadOnlyList<UnreachedImport> NotReached);

/// <summary>
/// Takes somebody out of poll files: what counts is added up anew without their rows, then the files that hold them go, with every copy of their bytes.
/// A file cannot be mended: in most of its formats a row cannot be cut out. What is kept in its place is a <see cref="RedactedCopy"/>.
/// </summary>
/// <remarks>
/// A file goes only when no import of its supplier is at work: one that began before the erasure was stored does not know of it, and what it switches on
/// must be found here, with the file still there to add it up anew from. An import that begins later reads erasures first and leaves the rows out; so a
/// file that none has looked at stays until then.
/// </remarks>
public sealed class ErasePolls(IDrops drops, IInstruments instruments, IImports imports, ImportedRows rows, RebuildPoll rebuild, TimeProvider time)
{
    /// <summary>An import of the supplier is at work, or still to come.</summary>
    public const string Busy = "busy";

    private const int Block = 1024 * 1024;
    private const int Overlap = 4 * 1024;

    public async Task<ErasedFiles> RunAsync(Erasure erasure, ErasedPeople one, CancellationToken cancellation)
    {
        if (erasure.Of == ErasureOf.Response) return new ErasedFiles(0, 0, []);
        var history = await HistoryAsync(cancellation);
        var busy = history
            .Where(record => record is { IsFinished: false, IsWaiting: false } && !record.IsPoisoned(time.GetUtcNow()))
            .Select(record => record.Supplier).ToHashSet(StringComparer.Ordinal);
        var notReached = new List<UnreachedImport>();
        var gone = 0;
        foreach (var import in (await imports.ActiveAsync(cancellation)).Where(import => import.Collection is not null))
            gone += await RecountAsync(import, erasure, one, notReached, cancellation);
        await TidyRowsAsync(cancellation);
        await RemoveCopiesAsync(erasure, one, cancellation);
        var files = await FilesAsync(erasure, one, history, busy, notReached, cancellation);
        return new ErasedFiles(gone, files, notReached);
    }

    /// <summary>
    /// Ends what a crash left of the end of a file: rows under a version that counts no more, redacted copies no version goes by, its record, the file itself.
    /// </summary>
    public async Task TidyAsync(CancellationToken cancellation)
    {
        await TidyRowsAsync(cancellation);
        var active = await imports.ActiveAsync(cancellation);
        await TidyCopiesAsync(cancellation);
        await foreach (var stored in imports.HistoryAsync(null, cancellation))
            if (stored.Record is { State: ImportState.Active } record && active.FirstOrDefault(import => import.IsFileGone && import.IsBroughtBy(record)) is { } counting
                && counting.Version != record.Version)
                await imports.AdvanceAsync(stored, record with { Version = counting.Version, Facts = counting.Facts }, cancellation);
        foreach (var record in await HistoryAsync(cancellation))
        {
            if (!record.IsFinished || record.Supplier == ImportRegister.Supplier) continue;
            if (record.Rows?.Excluded.GetValueOrDefault(ExclusionReasons.Erased) is not > 0 && !active.Any(import => import.IsFileGone && import.IsBroughtBy(record))) continue;
            if (await drops.FindPollAsync(record.Supplier, record.File, cancellation) is { } file && record.Drop.Split('+').Contains(file.Id, StringComparer.Ordinal))
                await drops.RemoveAsync(file, cancellation);
        }
    }

    /// <summary>Adds up anew what counts, unless it was read without this person; gives back how many rows went.</summary>
    private async Task<int> RecountAsync(ActiveImport import, Erasure erasure, ErasedPeople one, List<UnreachedImport> notReached, CancellationToken cancellation)
    {
        if (one.RowsOf(import.Unit.Instrument, import.Unit.Wave) is null || Known(import).Contains(erasure.Id, StringComparer.Ordinal)) return 0;
        var (check, _, reason) = await rebuild.CheckAsync(import, one, cancellation);
        var isEmpty = check is { IsRefused: true, Rows: { Loaded: 0, Refused: 0 } } && check.Erased.Count > 0;
        if (check is null || (check.IsRefused && !isEmpty))
        {
            notReached.Add(new UnreachedImport(import.Unit.Supplier, import.File, import.Unit.Wave, reason ?? RebuildPoll.RefusedNow));
            return 0;
        }
        var found = check.Erased.Values.Sum();
        if (found == 0)
        {
            await imports.SwitchAsync(
                import.Unit, now => now?.Version == import.Version && !Known(now).Contains(erasure.Id, StringComparer.Ordinal) ? Excluding(now, erasure) : null, cancellation);
            return 0;
        }
        // Whom earlier erasures left out stays out.
        var instrument = (await instruments.FindAsync(import.Unit.Instrument, import.InstrumentVersion, cancellation))!;
        var all = await rebuild.KnownAsync([.. Known(import), erasure.Id], cancellation);
        (check, var parts, _) = await rebuild.CheckAsync(import, all, cancellation);
        if (check is null) return 0;   // Removed by another sweep at this moment, which has counted it.
        var redacted = check.HoldsDropped || check.IsRefused ? null : await RedactedCopy.OfAsync(parts!, instrument, all.RowsOf(instrument.Id, import.Unit.Wave)!, check.Totals, cancellation);
        if (redacted is not null) await drops.KeepRawAsync(redacted, redacted.Name, cancellation);
        await rebuild.ReplaceAsync(
            import, check.Totals, $"erased/{erasure.Id}",
            now => Excluding(now, erasure) with
            {
                IsFileGone = true,
                Redacted = redacted?.Name,
                Facts = check.Facts ?? now.Facts,
                LeftOut = LeftOut.Of(check.Rows!, check.Items ?? []),
            },
            record => record with { Rows = check.Rows, Facts = check.Facts ?? record.Facts },
            cancellation);
        return found;
    }

    /// <summary>Redacted copies that still hold this person, and no version goes by any more.</summary>
    private async Task RemoveCopiesAsync(Erasure erasure, ErasedPeople one, CancellationToken cancellation)
    {
        var wanted = (await imports.ActiveAsync(cancellation)).Select(import => import.Redacted).OfType<string>().ToHashSet(StringComparer.Ordinal);
        await foreach (var copy in drops.RawAsync(cancellation))
        {
            if (!copy.Name.StartsWith(RedactedCopy.Folder, StringComparison.Ordinal) || wanted.Contains(copy.Name)) continue;
            if (await AnyTextAsync(copy, text => one.IsIn(erasure, text), cancellation)) await drops.RemoveAsync(copy, cancellation);
        }
    }

    private async Task<int> FilesAsync(
        Erasure erasure, ErasedPeople one, List<ImportRecord> history, HashSet<string> busy, List<UnreachedImport> notReached, CancellationToken cancellation)
    {
        var all = await instruments.AllAsync(cancellation);
        var removed = 0;
        // The copies of a pair's halves are called by hashes of their own, which no record has: they are known from the halves.
        var copies = new HashSet<string>(StringComparer.Ordinal);
        var dropped = new List<DroppedFile>();
        await foreach (var file in drops.AllAsync(cancellation)) dropped.Add(file);
        await foreach (var file in drops.StrayAsync(cancellation)) dropped.Add(file);
        foreach (var file in dropped)
        {
            var record = history.Find(record => record.Supplier == file.Supplier && record.File == file.Name && record.Drop.Split('+').Contains(file.Id, StringComparer.Ordinal));
            if (!await HoldsAsync(file, [.. dropped.Where(file.IsBeside)], record, erasure, one, all, cancellation)) continue;
            // What no import has looked at yet would be lost with everybody else in it: the import leaves their rows out, and lets the file go itself.
            var isToCome = record is null
                && (file.Supplier == ImportRegister.Supplier || all.Any(by => by.Poll is { } poll && poll.Supplier == file.Supplier && ImportPoll.Claims(poll.Files, file.Name)));
            if (isToCome || busy.Contains(file.Supplier))
            {
                notReached.Add(new UnreachedImport(file.Supplier, file.Name, record?.Unit?.Wave ?? "", Busy));
                continue;
            }
            copies.Add(await FileImport.HashAsync(file, cancellation));
            await drops.RemoveAsync(file, cancellation);
            removed++;
        }
        await foreach (var copy in drops.RawAsync(cancellation))
        {
            if (copy.Name.StartsWith(RedactedCopy.Folder, StringComparison.Ordinal)) continue;
            var record = history.Find(record => record.ContentHash == copy.Name);
            if (!copies.Contains(copy.Name) && !await HoldsAsync(copy, [], record, erasure, one, all, cancellation)) continue;
            if (record is not null && busy.Contains(record.Supplier)) continue;
            await drops.RemoveAsync(copy, cancellation);
            removed++;
        }
        return removed;
    }

    /// <summary>Does a file hold whom the erasure is about? By its instrument where one reads it; by its text where none does, and for e-mail addresses in any case.</summary>
    private static async Task<bool> HoldsAsync(
        DroppedFile file, IReadOnlyList<DroppedFile> beside, ImportRecord? record, Erasure erasure, ErasedPeople one, IReadOnlyList<Instrument> all, CancellationToken cancellation)
    {
        if (file.Supplier == ImportRegister.Supplier && erasure.Of != ErasureOf.Email) return false;
        // Of a later wave, or dropped later without being of any: the import has looked, and left them out.
        if (record?.Unit is { } unit ? !erasure.Waves.Contains(unit.Wave, StringComparer.Ordinal) && unit.Supplier != ImportRegister.Supplier : file.Modified > erasure.Until) return false;
        var supplier = record?.Supplier ?? file.Supplier;
        var claims = all.Where(instrument => instrument.Poll?.Supplier == supplier && erasure.Instruments?.Contains(instrument.Id, StringComparer.Ordinal) != false
            && ImportPoll.Claims(instrument.Poll.Files, record?.File ?? file.Name)).ToList();
        var isRead = false;
        foreach (var instrument in claims)
        {
            var parts = await PollParts.FindAsync(file with { Beside = beside, Name = record?.File ?? file.Name }, instrument.Poll!.Pair == true, cancellation);
            if (parts.IsHalf) continue;
            var check = await PollCheck.RunAsync(parts, instrument, one.RowsOf(instrument.Id, null), cancellation);
            if (check.Erased.Count > 0) return true;
            isRead |= check.Rows is { Read: > 0 };
        }
        if (erasure.Of != ErasureOf.Email && (isRead || (erasure.Instruments is not null && claims.Count == 0))) return false;
        return await AnyTextAsync(file, text => one.IsIn(erasure, text), cancellation);
    }

    private static async Task<bool> AnyTextAsync(DroppedFile file, Func<string, bool> holds, CancellationToken cancellation)
    {
        var head = new byte[Math.Min(file.Bytes, 4096)];
        await using (var stream = await file.OpenAsync(cancellation)) await stream.ReadExactlyAsync(head, cancellation);
        switch (PollFile.Identify(head))
        {
            case PollFileKind.Spss:
                return await AnyCellAsync(file, holds, cancellation);
            case PollFileKind.Workbook:
                // Every sheet, hidden ones and comments as well.
                await using (var stream = await file.OpenAsync(cancellation))
                {
                    try
                    {
                        await using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
                        foreach (var part in archive.Entries)
                        {
                            await using var inside = await part.OpenAsync(cancellation);
                            if (await AnyTextAsync(inside, holds, cancellation)) return true;
                        }
                        return false;
                    }
                    catch (InvalidDataException)
                    {
                        // Damaged: no reader of ours opens it, and nobody can say who is in it. Nothing ever came of it.
                        return true;
                    }
                }
            case PollFileKind.Unsupported when head.Contains((byte)0):
                // Compressed, or otherwise no text: nobody here can say who is in it, and nothing ever came of it.
                return true;
            default:
                await using (var stream = await file.OpenAsync(cancellation)) return await AnyTextAsync(stream, holds, cancellation);
        }
    }

    private static async Task<bool> AnyCellAsync(DroppedFile file, Func<string, bool> holds, CancellationToken cancellation)
    {
        var opened = await PollFile.OpenAsync(file.OpenAsync, new PollFileOptions(), cancellation);
        // Damaged, as above.
        if (!opened.CanBeRead) return true;
        await using var reader = opened.Reader;
        while (true)
        {
            switch (await reader.ReadAsync(cancellation))
            {
                case PollRead.End: return false;
                case PollRead.Refused: return true;
                case PollRead.Row:
                    for (var column = 0; column < reader.Header.Variables.Count; column++)
                        if (holds(reader.Text(column))) return true;
                    break;
            }
        }
    }

    /// <summary>Looks at a block at a time, each beginning with the end of the one before.</summary>
    private static async Task<bool> AnyTextAsync(Stream stream, Func<string, bool> holds, CancellationToken cancellation)
    {
        var buffer = new byte[Block];
        var kept = 0;
        while (true)
        {
            var read = await stream.ReadAtLeastAsync(buffer.AsMemory(kept), buffer.Length - kept, throwOnEndOfStream: false, cancellation);
            var block = buffer.AsMemory(0, kept + read);
            if (Texts(block.Span).Any(holds)) return true;
            if (block.Length < buffer.Length) return false;
            block[^Overlap..].CopyTo(buffer);
            kept = Overlap;
        }
    }

    private static List<string> Texts(ReadOnlySpan<byte> block)
    {
        List<string> texts = block.IndexOf((byte)0) >= 0
            ? [Encoding.Unicode.GetString(block), Encoding.BigEndianUnicode.GetString(block)]
            : [Encoding.UTF8.GetString(block), Encoding.Latin1.GetString(block)];
        if (texts[0].Contains('&', StringComparison.Ordinal)) texts.Add(WebUtility.HtmlDecode(texts[0]));
        return texts;
    }

    /// <summary>Removes redacted copies nothing goes by any more: the next erasure has made another, or a crash came before the first.</summary>
    private async Task TidyCopiesAsync(CancellationToken cancellation)
    {
        // The copies first: one that is made meanwhile is not among them.
        var copies = new List<DroppedFile>();
        await foreach (var copy in drops.RawAsync(cancellation))
            if (copy.Name.StartsWith(RedactedCopy.Folder, StringComparison.Ordinal)) copies.Add(copy);
        var wanted = (await imports.UnitsAsync(cancellation)).Select(import => import.Redacted).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var copy in copies.Where(copy => !wanted.Contains(copy.Name) && time.GetUtcNow() - copy.Modified > SweepDrops.Stuck)) await drops.RemoveAsync(copy, cancellation);
    }

    private async Task TidyRowsAsync(CancellationToken cancellation)
    {
        foreach (var (unit, versions) in await imports.ReplacedAsync(cancellation))
        {
            foreach (var version in versions) await rows.DeleteAsync(unit, version, cancellation);
            await imports.ForgetAsync(unit, versions, cancellation);
        }
    }

    private async Task<List<ImportRecord>> HistoryAsync(CancellationToken cancellation)
    {
        var records = new List<ImportRecord>();
        await foreach (var stored in imports.HistoryAsync(null, cancellation)) records.Add(stored.Record);
        return records;
    }

    private static string[] Known(ActiveImport import) => import.Excludes.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static ActiveImport Excluding(ActiveImport import, Erasure erasure) => import with { Excludes = string.Join(' ', Known(import).Append(erasure.Id)) };
}
