using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Polls;

/// <summary>What a sender is told about a file: every problem, no cap, as JSON and as CSV, one line for the verdict and one for each problem, written as it is read.</summary>
public sealed record ImportReport(ReportHead Head, FileFindings Problems)
{
    // Enough for a good write; a report of any length costs no more.
    private const int FlushAt = 64 * 1024;

    private static readonly JsonWriterOptions Written = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public async Task WriteJsonAsync(Stream stream, CancellationToken cancellation)
    {
        // Through a buffer, because the serialiser flushes at once, and neither storage nor a response takes what does not wait.
        var buffer = new ArrayBufferWriter<byte>(2 * FlushAt);
        await using var json = new Utf8JsonWriter(buffer, Written);
        json.WriteStartObject();
        foreach (var property in JsonSerializer.SerializeToElement(Head, ReportJson.Default.ReportHead).EnumerateObject()) property.WriteTo(json);
        json.WriteNumber("problemCount", Problems.Count);
        json.WriteStartArray("problems");
        foreach (var problem in Problems.InOrder())
        {
            JsonSerializer.Serialize(json, problem, ReportJson.Default.FileFinding);
            if (buffer.WrittenCount > FlushAt) await SendAsync();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        await json.FlushAsync(cancellation);
        await SendAsync();

        async Task SendAsync()
        {
            await stream.WriteAsync(buffer.WrittenMemory, cancellation);
            buffer.ResetWrittenCount();
        }
    }

    /// <summary>The report with its file withdrawn; null where it says so already, or is about another content: a later drop of the name has come.</summary>
    public static byte[]? Withdrawn(ReadOnlyMemory<byte> json, string? contentHash, Withdrawal withdrawal)
    {
        if (JsonNode.Parse(json.Span) is not JsonObject report || (string?)report["contentHash"] != contentHash) return null;
        var said = JsonSerializer.SerializeToNode(ImportOutcome.Withdrawn, ReportJson.Default.ImportOutcome)!;
        if (JsonNode.DeepEquals(report["outcome"], said)) return null;
        report["outcome"] = said;
        report.Remove("reason");
        var at = report.IndexOf("outcome");
        report.Insert(at + 1, "reason", Core.Problems.ImportWithdrawn.Code);
        report.Insert(at + 2, "withdrawn", JsonSerializer.SerializeToNode(withdrawal, ReportJson.Default.Withdrawal));
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Written)) report.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }

    public async Task WriteCsvAsync(Stream stream, CancellationToken cancellation)
    {
        await using var csv = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), FlushAt, leaveOpen: true);
        await csv.WriteAsync("line,column,code,found,message\r\n");
        await csv.WriteAsync($"0,,{Named(Head.Outcome)},,{Quoted(Verdict())}\r\n");
        foreach (var problem in Problems.InOrder())
            await csv.WriteAsync(string.Create(
                CultureInfo.InvariantCulture, $"{problem.Line},{Quoted(problem.Column ?? "")},{problem.Code},{Quoted(problem.Found ?? "")},{Quoted(problem.Message)}\r\n"));
        await csv.FlushAsync(cancellation);
    }

    /// <summary>What became of the file, for whoever opens the table only.</summary>
    private string Verdict()
    {
        var reason = Head.Reason is { } code && Problems.FirstCode is null ? $" ({code})" : "";
        var rows = Head.Rows is { } counts
            ? string.Create(CultureInfo.InvariantCulture,
                $"{counts.Read} rows read, {counts.Loaded} loaded, {counts.Excluded.Values.Sum()} excluded, {counts.Refused} refused; ")
            : "";
        return string.Create(CultureInfo.InvariantCulture, $"the file is {Named(Head.Outcome)}{reason}: {rows}{Problems.Count} problems");
    }

    private static string Named(ImportOutcome outcome) => JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString());

    /// <summary>Always quoted; a text a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection).</summary>
    private static string Quoted(string text) =>
        $"\"{(text.Length > 0 && "=+-@\t\r\n".Contains(text[0], StringComparison.Ordinal) ? "'" : "")}{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>Everything of a report but its problems. <c>null</c> is left out.</summary>
/// <param name="Dropped">the blob's Last-Modified.</param>
/// <param name="Outcome">the verdict.</param>
/// <param name="Format">what the file is, found from its bytes.</param>
/// <param name="Encoding">how its text is written and how that was found, where the format leaves it open.</param>
public sealed record ReportHead(
    string File, string Supplier, DateTimeOffset? Dropped, ImportOutcome Outcome, string? Instrument, int? InstrumentVersion, string? Wave,
    string? ContentHash, long Bytes, string? Format, string? Encoding, RowCounts? Rows, IReadOnlyList<ItemCounts>? Items, WeightFacts? Weights, FieldworkDates? Fieldwork, ImportFacts? Facts,
    IReadOnlyList<string> Notes)
{
    /// <summary>The code of why it does not count, where no problem of the file says it.</summary>
    public string? Reason { get; init; }

    /// <summary>When and why it was taken out.</summary>
    public Withdrawal? Withdrawn { get; init; }

    /// <summary>Both files of a pair: the report of either is the pair's.</summary>
    public IReadOnlyList<string>? Pair { get; init; }
}

/// <summary>What became of the answers to one question: rows loaded = coded + excluded, over all reasons.</summary>
public sealed record ItemCounts(string Indicator, string Field, int Coded, IReadOnlyDictionary<string, int> Excluded);

/// <summary>What the weights of a file look like.</summary>
/// <param name="MaxOverMean">largest over mean.</param>
/// <param name="EffectiveSize">Kish's effective sample size, (Σw)²/Σw².</param>
public sealed record WeightFacts(string Field, double Sum, int Zero, double? MaxOverMean, double? EffectiveSize);

/// <summary>First and last day anybody was asked.</summary>
public sealed record FieldworkDates(DateOnly From, DateOnly To);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReportHead))]
[JsonSerializable(typeof(FileFinding))]
[JsonSerializable(typeof(Withdrawal))]
[JsonSerializable(typeof(ImportOutcome))]
internal sealed partial class ReportJson : JsonSerializerContext;
