using System.Text.Json;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Operations;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Retention;

/// <summary>What was removed because its time was over.</summary>
/// <param name="Bodies">bodies of deliveries that could not be decoded.</param>
/// <param name="Answers">versions of responses whose answers went; their codes stay.</param>
/// <param name="Quarantined">redacted answers that nobody had replayed.</param>
/// <param name="PollFiles">dropped files and copies of them.</param>
/// <param name="RegisterFiles">files of the register and lists that count no more.</param>
public sealed record RetentionOutcome(
    int Bodies, int Answers, int Quarantined, int PollFiles, int RegisterFiles, int Reports, int Snapshots, int Audits, int Operations, int Erasures);

/// <summary>Answers of responses, as far as they are only kept for a while.</summary>
public interface IExpiringAnswers
{
    /// <summary>Lets go of the answers of responses of these waves, those of versions that do not count as well; what was coded stays. Gives back how many.</summary>
    Task<int> ExpireAnswersAsync(string collection, IReadOnlySet<string> waves, CancellationToken cancellation);
}

/// <summary>Removes what was only ever to be kept for a while. Safe to call again, and by several at once.</summary>
public sealed class ApplyRetention(
    IQuarantined quarantine, IExpiringAnswers answers, IInstruments instruments, IWaves waves, IDrops drops, IImports imports, IDocuments documents, IAudits audits,
    IOperations operations, IErasures erasures, RetentionPolicy policy, TimeProvider time)
{
    /// <summary>How long the body of a delivery that could not be decoded is kept: nobody can tell what in it is a person.</summary>
    public static readonly TimeSpan RawBodies = TimeSpan.FromDays(30);

    public async Task<RetentionOutcome> RunAsync(CancellationToken cancellation) => new(
        await quarantine.ExpireAsync(time.GetUtcNow() - RawBodies, cancellation),
        policy.AnswerDays == 0 ? 0 : await AnswersAsync(Before(policy.AnswerDays), cancellation),
        policy.QuarantineDays == 0 ? 0 : await quarantine.ExpireAnswersAsync(Before(policy.QuarantineDays), cancellation),
        policy.PollFileDays == 0 ? 0 : await PollFilesAsync(Before(policy.PollFileDays), cancellation),
        policy.RegisterFileDays == 0 ? 0 : await RegisterFilesAsync(Before(policy.RegisterFileDays), cancellation),
        policy.ReportDays == 0 ? 0 : await drops.ExpireReportsAsync(Before(policy.ReportDays), cancellation),
        policy.InternalSnapshotDays == 0 ? 0 : await SnapshotsAsync(Before(policy.InternalSnapshotDays), cancellation),
        policy.AuditDays == 0 ? 0 : await audits.ExpireAsync(Before(policy.AuditDays), cancellation),
        policy.OperationDays == 0 ? 0 : await operations.ExpireAsync(Before(policy.OperationDays), cancellation),
        policy.ErasureDays == 0 ? 0 : await ErasuresAsync(Before(policy.ErasureDays), cancellation));

    private DateTimeOffset Before(int days) => time.GetUtcNow().AddDays(-days);

    private async Task<int> AnswersAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var day = DateOnly.FromDateTime(before.UtcDateTime);
        var over = (await waves.AllAsync(cancellation)).Where(wave => wave.Closed is not null && wave.Wave.To < day).Select(wave => wave.Id).ToHashSet(StringComparer.Ordinal);
        if (over.Count == 0) return 0;
        var gone = 0;
        foreach (var collection in EvidenceReader.Collections(await instruments.AllAsync(cancellation))) gone += await answers.ExpireAnswersAsync(collection, over, cancellation);
        return gone;
    }

    private async Task<int> PollFilesAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        // Said first: an audit that finds no file must know why.
        foreach (var import in (await imports.ActiveAsync(cancellation)).Where(import => import is { Collection: not null, IsFileGone: false } && import.Modified < before))
            await imports.SwitchAsync(import.Unit, now => now?.Version == import.Version && !now.IsFileGone ? now with { IsFileGone = true } : null, cancellation);
        var gone = 0;
        var files = new List<DroppedFile>();
        await foreach (var file in drops.AllAsync(cancellation))
            if (file.Supplier != ImportRegister.Supplier && file.Modified < before) files.Add(file);
        await foreach (var file in drops.StrayAsync(cancellation))
            if (file.Modified < before) files.Add(file);
        await foreach (var copy in drops.RawAsync(cancellation))
            if (copy.Modified < before) files.Add(copy);
        foreach (var file in files)
        {
            await drops.RemoveAsync(file, cancellation);
            gone++;
        }
        return gone;
    }

    private async Task<int> RegisterFilesAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        // A list counts until one of its name takes its place, however long ago it was dropped, and is read again from its file.
        var counting = (await imports.ActiveAsync(cancellation)).Where(import => import.Unit.Supplier == ImportRegister.Supplier)
            .Select(import => import.ContentHash).ToHashSet(StringComparer.Ordinal);
        var over = new List<DroppedFile>();
        await foreach (var file in drops.AllAsync(cancellation))
            if (file.Supplier == ImportRegister.Supplier && file.Modified < before && !counting.Contains(await FileImport.HashAsync(file, cancellation)))
                over.Add(file);
        foreach (var file in over) await drops.RemoveAsync(file, cancellation);
        return over.Count;
    }

    private async Task<int> SnapshotsAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var stored = await documents.ReadAsync(Audience.Internal, "index.json", cancellation);
        var latest = await documents.ReadAsync(Audience.Internal, "latest.json", cancellation);
        if (stored is null || latest is null) return 0;
        var newest = JsonSerializer.Deserialize(latest.Bytes, SnapshotJson.Default.SnapshotPointer)!.Path;
        var entries = JsonSerializer.Deserialize(stored.Bytes, SnapshotJson.Default.SnapshotIndex)!.Snapshots;
        var kept = entries.Where(entry => entry.Published >= before || entry.Path == newest).ToList();
        // The index first: nothing that it lists is not there. Somebody who publishes at this moment is told of at the next run.
        if (kept.Count < entries.Count
            && !await documents.ReplaceAsync(
                Audience.Internal, "index.json", JsonSerializer.SerializeToUtf8Bytes(new SnapshotIndex(kept), SnapshotJson.Default.SnapshotIndex), stored, cancellation)) return 0;
        var listed = kept.Select(entry => entry.Path).Append(newest).ToHashSet(StringComparer.Ordinal);
        return await documents.ExpireInternalAsync(before, listed.Contains, cancellation);
    }

    private async Task<int> ErasuresAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var over = (await erasures.AllAsync(cancellation)).Where(erasure => erasure.State == ErasureState.Done && erasure.Requested < before).ToList();
        foreach (var erasure in over) await erasures.DeleteAsync(erasure.Id, cancellation);
        return over.Count;
    }
}
