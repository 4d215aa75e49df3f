using System.Security.Cryptography;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Retention;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>Valid things; a test changes only what it is about.</summary>
internal static class Given
{
    public const string Collection = "every-teacher";
    public const string School = "100001";
    public const string Autumn = "2026-autumn";
    public static readonly DateTimeOffset Monday = new(2026, 9, 28, 9, 0, 0, TimeSpan.Zero);

    public static readonly Pseudonyms APseudonymKey = new("a-pseudonym-key-of-the-tests-only!");

    private static int _count;

    public static Receipt AReceipt() => AReceipt($"receipt-{Interlocked.Increment(ref _count)}");

    public static Receipt AReceipt(string id) => new(id, Channel.Webhook, Monday);

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
            Version = response.Version with { Hash = Hash(answers) },
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

    /// <summary>What maps the answers of <see cref="ARespondent"/>.</summary>
    /// <param name="maybe">null: an answer it does not know.</param>
    public static Instrument AnInstrument(int version = 1, string agree = "agree", string? maybe = "agree", string school = "hidden.urn") => new(
        "Leaders", Collection, new FormBinding("leaders_typeform", "form"), null, new Term(Autumn), null, new FieldName(school), null, null, null, null, null,
        [new Item("every-teacher-responsible", "q1", maybe is null ? Codes(("agree", agree)) : Codes(("agree", agree), ("maybe", maybe)))])
    {
        Id = "leaders",
        Version = version,
    };

    private static string Hash(RedactedAnswers answers) => Convert.ToHexStringLower(SHA256.HashData(answers.ToJson()));

    private static Dictionary<string, string> Codes(params (string Answer, string Code)[] codes) => codes.ToDictionary(code => code.Answer, code => code.Code);

    /// <summary>Stored answers: of a school, and of the branch it belongs to.</summary>
    public static RedactedAnswers ARespondent(string id, string school = School, string answer = "agree") => new(
        "form", id,
        [
            new Answer("code", null, AnswerKind.Single, [new AnswerValue("jo 1980")]),
            new Answer("hidden.branch", null, AnswerKind.Hidden, [new AnswerValue("200001")]),
            new Answer("hidden.urn", null, AnswerKind.Hidden, [new AnswerValue(school)]),
            new Answer("q1", null, AnswerKind.Single, [new AnswerValue(answer)]),
        ]);

    /// <summary>The response as this instrument takes it in.</summary>
    public static CodedResponse Coding(this Instrument instrument, RedactedAnswers answers) => new(
        instrument.Form!.Source, Identity.OfResponse(instrument.Form.Source, answers.Form, answers.Id), instrument.Collection,
        new InstrumentVersion(instrument.Id, instrument.Version), new ResponseVersion(Monday, null, true, Hash(answers)), answers,
        new InstrumentMap(instrument).Map(answers).Value!);

    public static ApplyRetention ARetention(SurveyDataStorage store, TimeProvider time, RetentionPolicy? policy = null) => new(
        store.Quarantine, store.Evidence, store.Instruments, store.Waves, store.Drops, store.Imports, store.Documents, store.Audits, store.Operations, store.Erasures,
        policy ?? new RetentionPolicy(), time);

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
