using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Polls;

/// <summary>Runs the import of a file that lies in its drop again: one that failed, one whose instrument came late or was mended.</summary>
public sealed class ReplayImport(ImportPoll polls, ImportRegister register, IImports imports, TimeProvider time)
{
    public static JsonSchema Schema { get; } = JsonSchema.Parse(
        """
        { "type": "object", "additionalProperties": false, "required": ["supplier", "file"],
          "properties": { "supplier": { "type": "string", "minLength": 1, "maxLength": 100 },
              "file": { "type": "string", "minLength": 1, "maxLength": 1024 } } }
        """u8.ToArray());

    /// <summary>What it came to, or why it cannot be replayed.</summary>
    public async Task<Checked<ImportLine>> RunAsync(ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var document = Schema.Check(json);
        if (document.Value is null) return document.Problems.ToList();
        var (supplier, file) = (document.Value.RootElement.GetProperty("supplier").GetString()!, document.Value.RootElement.GetProperty("file").GetString()!);
        var record = supplier == ImportRegister.Supplier ? await register.RunAsync(file, again: true, cancellation)
            : await polls.RunAsync(supplier, file, again: true, cancellation);
        return record is null
            ? Problems.NotFound.At("/file", "no file of this supplier has this name")
            : ImportLine.From(record, (await imports.UnitsAsync(cancellation)).ToDictionary(unit => unit.Version, StringComparer.Ordinal), time.GetUtcNow());
    }
}
