using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Core.Operations;

/// <summary>What became of an operator's call.</summary>
public enum OperationOutcome
{
    /// <summary>It was begun, and nobody wrote how it ended: it is at work, or the process ended.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,

    [JsonStringEnumMemberName("done")]
    Done,

    /// <summary>It was refused with a problem, and changed nothing.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>A call of an operator that may change something: what it was, never what was sent with it.</summary>
/// <param name="Id">sorts the newest first.</param>
/// <param name="Action">name of the function.</param>
/// <param name="Path">address without its parameters, as it was sent: escaped.</param>
/// <param name="Principal">who called, where App Service authentication says so; null where only a key was asked for.</param>
public sealed record Operation(string Id, DateTimeOffset At, string Action, string Method, string Path, string? Principal);

/// <summary>How an operation ended.</summary>
/// <param name="Subject">what it was about, where the address does not say it: a file, an entry, an erasure's id.</param>
/// <param name="Reason">the operator's own, of calls that were not refused.</param>
public sealed record OperationEnd(DateTimeOffset At, int Status, string? Subject, string? Reason);

/// <summary>An operation and how it ended.</summary>
public sealed record OperationLine(
    string Id, DateTimeOffset At, string Action, string Method, string Path, string? Principal, OperationOutcome Outcome, int? Status, string? Subject, string? Reason, DateTimeOffset? Ended)
{
    public static OperationLine From(Operation operation, OperationEnd? end) => new(
        operation.Id, operation.At, operation.Action, operation.Method, operation.Path, operation.Principal,
        end is null ? OperationOutcome.Unknown : end.Status < 400 ? OperationOutcome.Done : end.Status < 500 ? OperationOutcome.Refused : OperationOutcome.Failed,
        end?.Status, end?.Subject, end?.Reason, end?.At);
}

/// <summary>Operations, the newest first.</summary>
/// <param name="Continue">ask with it for what follows; null: nothing does.</param>
public sealed record OperationPage(IReadOnlyList<OperationLine> Operations, string? Continue);

/// <summary>Keeps what operators did. Rows are added, and removed by retention only.</summary>
public interface IOperations
{
    /// <summary>Before it begins: what is not written down does not happen.</summary>
    Task BeginAsync(Operation operation, CancellationToken cancellation);

    Task EndAsync(string id, OperationEnd end, CancellationToken cancellation);

    /// <param name="after">id of the last one that was shown; null: from the newest.</param>
    Task<OperationPage> ListAsync(int most, string? after, CancellationToken cancellation);

    /// <summary>Removes what was done earlier; gives back how many.</summary>
    Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellation);
}

/// <summary>Shows what operators did.</summary>
public sealed partial class BrowseOperations(IOperations operations)
{
    private const int Most = 200;
    private const int Usual = 50;

    public async Task<Checked<OperationPage>> RunAsync(IReadOnlyDictionary<string, string> parameters, CancellationToken cancellation)
    {
        var given = new ParameterReading(parameters, "limit", "continue");
        var most = given.Whole("limit", 1, Most, Usual);
        var after = given.Text("continue");
        if (after is not null && !IdPattern().IsMatch(after)) given.Wrong("continue", "should be what the page before gave");
        return given.Problems.Count > 0 ? given.Problems : await operations.ListAsync(most, after, cancellation);
    }

    [GeneratedRegex("^[0-9]{19}-[0-9a-f]{8}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex IdPattern();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OperationPage))]
[JsonSerializable(typeof(Operation))]
[JsonSerializable(typeof(OperationEnd))]
public sealed partial class OperationsJson : JsonSerializerContext;
