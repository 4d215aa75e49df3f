using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>Valid things; a test changes only what it is about.</summary>
internal static class Given
{
    public const string Collection = "every-teacher";
    public const string School = "100001";
    public const string Autumn = "2026-autumn";
    public static readonly DateTimeOffset Monday = new(2026, 9, 28, 9, 0, 0, TimeSpan.Zero);

    private static int _count;

    public static string AReceipt() => $"receipt-{Interlocked.Increment(ref _count)}";

    public static CodedResponse AResponse(string id = "r1", string school = School, string answer = "agree") =>
        new CodedResponse(
            "leaders_typeform", Identity.OfResponse("leaders_typeform", "form", id), Collection, new InstrumentVersion("leaders", 1),
            new ResponseVersion(Monday, null, true, ""), new RedactedAnswers("form", id, []),
            new Coding(school, Autumn, "single", "leader", null, 1, [])).Saying(answer);

    /// <summary>The same response with this answer, coded as itself.</summary>
    public static CodedResponse Saying(this CodedResponse response, string answer)
    {
        var answers = response.Answers with { Fields = [new Answer("q1", null, AnswerKind.Single, [new AnswerValue(answer)])] };
        return response with
        {
            Answers = answers,
            Version = response.Version with { Hash = answers.Hash() },
            Coding = response.Coding with { Observations = [new Observation("every-teacher-responsible", answer)] },
        };
    }

    public static CodedResponse At(this CodedResponse response, string school) => response with { Coding = response.Coding with { School = school } };

    public static CodedResponse In(this CodedResponse response, string wave) => response with { Coding = response.Coding with { Wave = wave } };

    /// <summary>A version of a tool that has revisions, so many minutes after submission.</summary>
    public static CodedResponse Updated(this CodedResponse response, int minutes) =>
        response with { Version = response.Version with { Updated = response.Version.Submitted.AddMinutes(minutes) } };

    public static CodedResponse Submitted(this CodedResponse response, int minutes) =>
        response with { Version = response.Version with { Submitted = Monday.AddMinutes(minutes) } };

    /// <summary>Totals as simple as they can be: how many gave each answer, by wave.</summary>
    public static IReadOnlyList<SchoolTotals> Totals(IReadOnlyList<CountedResponse> responses) =>
    [
        .. responses.GroupBy(response => (response.Coding.Wave, response.Coding.School))
            .Select(wave => new SchoolTotals(
                wave.Key.Wave, wave.Key.School, wave.Count(),
                [
                    .. wave.GroupBy(response => response.Coding.Observations[0])
                        .OrderBy(answer => answer.Key.Code, StringComparer.Ordinal)
                        .Select(answer => new CellTotal("single", "leader", answer.Key.Indicator, answer.Key.Code, answer.Count(), answer.Count(), answer.Count())),
                ],
                [])),
    ];

    /// <summary>Totals as text: <c>wave school answer=n …</c>.</summary>
    public static IEnumerable<string> Shown(this IEnumerable<SchoolTotals> totals) =>
        totals.Select(total => $"{total.Wave} {total.School} {string.Join(' ', total.Cells.Select(cell => $"{cell.Code}={cell.N}"))}");

    public static IEnumerable<T[]> Permutations<T>(IReadOnlyList<T> items) =>
        items.Count == 0
            ? [[]]
            : items.SelectMany((item, i) => Permutations<T>([.. items.Where((_, j) => j != i)]).Select(rest => (T[])[item, .. rest]));
}
