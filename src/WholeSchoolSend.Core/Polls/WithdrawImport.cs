namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// Takes out what a file brought, with the operator's reason. One write decides: from then on nothing counts in its place until a later drop does.
/// What follows, telling it and removing the rows, is finished by the next call, the next sweep or the next drop where this one did not come to it.
/// </summary>
public sealed class WithdrawImport(IDrops drops, IImports imports, ImportedRows rows, TimeProvider time)
{
    public static JsonSchema Schema { get; } = JsonSchema.Parse(
        """
        { "type": "object", "additionalProperties": false, "required": ["supplier", "file"],
          "properties": { "supplier": { "type": "string", "minLength": 1, "maxLength": 100 }, "file": { "type": "string", "minLength": 1, "maxLength": 1024 },
              "contentHash": { "type": "string", "minLength": 64, "maxLength": 64 }, "reason": { "type": "string", "minLength": 1, "maxLength": 1000 } } }
        """u8.ToArray());

    /// <summary>The drop as it is then; what is withdrawn already stays so, with the reason it has.</summary>
    public async Task<Checked<ImportLine>> RunAsync(ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var document = Schema.Check(json);
        if (document.Value is null) return document.Problems.ToList();
        var asked = document.Value.RootElement;
        var (supplier, file) = (asked.GetProperty("supplier").GetString()!, asked.GetProperty("file").GetString()!);
        var hash = asked.TryGetProperty("contentHash", out var content) ? content.GetString() : null;
        var reason = asked.TryGetProperty("reason", out var given) ? given.GetString()!.Trim() : "";
        if (reason.Length < 3) return Problems.ReasonMissing.At("/reason", "should say why the file is not to count: its report repeats it");

        var dropped = await DropsAsync(supplier, file, cancellation);
        if (dropped.Count == 0) return Problems.NotFound.At("/file", "no file of this supplier has this name");
        if (hash is not null) dropped.RemoveAll(drop => drop.ContentHash != hash);
        var units = await imports.UnitsAsync(cancellation);
        var counting = dropped.SelectMany(drop => units.Where(unit => unit.Version == drop.Version || unit.IsBroughtBy(drop)))
            .OrderBy(unit => unit.Withdrawn is not null).FirstOrDefault();
        // Withdrawn before, and replaced since: there is nothing left to do.
        if (counting is null && dropped.Find(drop => drop.State == ImportState.Withdrawn) is { } done) return await LineAsync(done, cancellation);
        if (counting is null) return Problems.ImportNotActive.At("/file", "should be a file, and a content, that counts");

        var switched = counting.Withdrawn is not null ? counting : (await imports.SwitchAsync(
            counting.Unit,
            now => now is { Withdrawn: null } && now.Version == counting.Version ? now with { Withdrawn = new Withdrawal(time.GetUtcNow(), reason) } : null,
            cancellation)).After!;
        if (switched.Version != counting.Version) return Problems.ChangedMeanwhile.At("/file", "another file took its place at the same moment");

        await TellAsync(switched, drops, imports, time, cancellation);
        foreach (var (unit, versions) in (await imports.ReplacedAsync(cancellation)).Where(replaced => replaced.Unit == switched.Unit))
        {
            foreach (var version in versions) await rows.DeleteAsync(unit, version, cancellation);
            await imports.ForgetAsync(unit, versions, cancellation);
        }
        dropped = await DropsAsync(supplier, file, cancellation);
        return await LineAsync(dropped.Find(drop => drop.Version == switched.Version || drop.Drop == switched.Drop) ?? dropped[0], cancellation);
    }

    /// <summary>Says in the reports and in the history of all drops that brought this content that it was withdrawn.</summary>
    internal static async Task TellAsync(ActiveImport withdrawn, IDrops drops, IImports imports, TimeProvider time, CancellationToken cancellation)
    {
        var told = new List<StoredImport>();
        await foreach (var stored in imports.HistoryAsync(null, cancellation))
            if (withdrawn.IsBroughtBy(stored.Record)) told.Add(stored);
        foreach (var stored in told)
        {
            var record = stored.Record;
            await drops.AmendReportAsync(
                record.Supplier, record.File, report => ImportReport.Withdrawn(report, record.ContentHash, withdrawn.Withdrawn!), cancellation);
            // Last, so that a crash between leaves it to be done. Whoever moves it meanwhile imports it again, and comes to the same end.
            await imports.AdvanceAsync(stored, record.AfterWithdrawal(withdrawn.Withdrawn!) with { Updated = time.GetUtcNow() }, cancellation);
        }
    }

    private async Task<List<ImportRecord>> DropsAsync(string supplier, string file, CancellationToken cancellation)
    {
        var records = new List<ImportRecord>();
        await foreach (var stored in imports.HistoryAsync(null, cancellation))
            if (stored.Record.Supplier == supplier && stored.Record.File == file) records.Add(stored.Record);
        return records;
    }

    private async Task<ImportLine> LineAsync(ImportRecord record, CancellationToken cancellation) =>
        ImportLine.From(record, (await imports.UnitsAsync(cancellation)).ToDictionary(unit => unit.Version, StringComparer.Ordinal), time.GetUtcNow());
}
