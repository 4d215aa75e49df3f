using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// A poll file without the rows of whoever was erased, as CSV: what is kept in place of the file, so that the next who asks can be taken out, an audit
/// can add it up, and a mended instrument can read it.
/// </summary>
/// <remarks>
/// Not every file can be told so: a CSV has no labels, and no types. So a copy is only good if the same instrument makes the same totals of it, bit for
/// bit; otherwise there is none, and the pollster has to drop a file without that person.
/// </remarks>
public sealed class RedactedCopy
{
    /// <summary>What copies are called in <c>raw</c>, before the hash of their bytes.</summary>
    public const string Folder = "redacted/";

    // It is held in memory, beside the sums of what is read.
    private const int Most = 100 * 1024 * 1024;

    private readonly char _delimiter;
    private readonly Encoding _encoding;
    private readonly StringBuilder _line = new();
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private bool _isTooLong;

    private RedactedCopy(PollBinding poll)
    {
        _delimiter = poll.Delimiter?[0] ?? ',';
        _encoding = poll.Encoding switch { "utf-16" => Encoding.Unicode, "windows-1252" => Encoding.Latin1, _ => Encoding.UTF8 };
        _bytes.Write(_encoding.GetPreamble());
    }

    /// <summary>The copy of a file without some people, called by its hash; null where it would not make these totals.</summary>
    public static async Task<DroppedFile?> OfAsync(
        PollParts parts, Instrument instrument, ErasedRows without, IReadOnlyList<SchoolTotals> totals, CancellationToken cancellation)
    {
        if (instrument.Poll!.Long is not null || instrument.Poll.HeaderRows != 1) return null;
        var copy = new RedactedCopy(instrument.Poll);
        await PollCheck.RunAsync(parts, instrument, without.Again(), cancellation, copy);
        return await copy.FinishAsync(parts.File, instrument, totals, cancellation);
    }

    /// <summary>Adds the row the reader is at.</summary>
    public void Take(PollFileReader row)
    {
        if (_isTooLong) return;
        if (_bytes.WrittenCount <= _encoding.GetPreamble().Length) Write(row.Header.Variables.Count, column => row.Header.Variables[column].Name);
        Write(row.Header.Variables.Count, row.Text);
        _isTooLong = _bytes.WrittenCount > Most;
    }

    private async Task<DroppedFile?> FinishAsync(DroppedFile of, Instrument instrument, IReadOnlyList<SchoolTotals> totals, CancellationToken cancellation)
    {
        if (_isTooLong) return null;
        var bytes = _bytes.WrittenSpan.ToArray();
        var copy = DroppedFile.From(of.Supplier, of.Name, bytes, of.Modified);
        var check = await PollCheck.RunAsync(new PollParts(copy, null, false), instrument, null, cancellation);
        return !check.IsRefused && Json(check.Totals).AsSpan().SequenceEqual(Json(totals))
            ? copy with { Name = $"{Folder}{Convert.ToHexStringLower(SHA256.HashData(bytes))}" }
            : null;

        static byte[] Json(IReadOnlyList<SchoolTotals> totals) =>
            [.. totals.SelectMany(school => JsonSerializer.SerializeToUtf8Bytes(school, TotalsJson.Default.SchoolTotals))];
    }

    private void Write(int columns, Func<int, string> cell)
    {
        _line.Clear();
        for (var column = 0; column < columns; column++)
            _line.Append(column == 0 ? "" : _delimiter).Append('"').Append(cell(column).Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        _bytes.Write(_encoding.GetBytes(_line.Append('\n').ToString()));
    }
}
