using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Polls;

/// <summary>What a pollster is told about a file: every problem, no cap, as JSON and as one line per problem in CSV.</summary>
public static class ImportReport
{
    public static byte[] Json(ImportRecord record, IReadOnlyList<FileFinding> findings, IReadOnlyList<string> notes) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new Report(
                record.File, record.Supplier, record.Modified, record.Outcome, record.Unit?.Instrument, record.Unit?.Wave, record.ContentHash, record.Facts, notes,
                findings.Count, findings),
            ReportJson.Default.Report);

    public static byte[] Csv(IReadOnlyList<FileFinding> findings)
    {
        var csv = new StringBuilder("line,column,code,message\r\n");
        foreach (var finding in findings)
            csv.Append(CultureInfo.InvariantCulture, $"{finding.Line},{Quoted(finding.Column ?? "")},{finding.Code},{Quoted(finding.Message)}\r\n");
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    /// <summary>Always quoted; a text a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection).</summary>
    private static string Quoted(string text) =>
        $"\"{(text.Length > 0 && "=+-@\t\r\n".Contains(text[0], StringComparison.Ordinal) ? "'" : "")}{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    internal sealed record Report(
        string File, string Supplier, DateTimeOffset Dropped, ImportOutcome Outcome, string? Instrument, string? Wave, string ContentHash, ImportFacts? Facts,
        IReadOnlyList<string> Notes, int ProblemCount, IReadOnlyList<FileFinding> Problems);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImportReport.Report))]
internal sealed partial class ReportJson : JsonSerializerContext;
