using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>
/// Takes out of a response what must not be stored: e-mail, contact, free text and dates the instrument does not ask for, hidden fields it does
/// not name; the respondent's key becomes a pseudonym.
/// </summary>
public sealed partial class Redaction(Pseudonyms pseudonyms)
{
    /// <summary>Stands in <see cref="AnswerValue.Id"/> of a value that is a pseudonym already.</summary>
    public const string Pseudonym = "pseudonym";

    /// <summary>What is longer was written, not chosen.</summary>
    private const int LongestChoice = 400;

    private const int MostChoices = 100;

    private static readonly HashSet<string> Words = ["pre", "post", "single", "leader", "senco", "teacher", "other", "engaged", "wider"];

    private readonly ConditionalWeakTable<Instrument, HashSet<string>> _asked = [];

    /// <summary>
    /// The redacted answers in canonical order. Without an instrument, coded answers stay and so do hidden and uncertain values that look like a
    /// reference number, a small number or a word of ours; every other one becomes a keyed mark, in which a later instrument finds the answers it
    /// codes, and nobody anything else (docs/decisions/0008).
    /// </summary>
    public RedactedAnswers Apply(SurveyResponse response, Instrument? instrument)
    {
        var asked = instrument is null ? null : AskedFor(instrument);
        var questionnaire = response.Questionnaire.Count == 0 ? null : Questionnaire.Of(response.Questionnaire);
        var fields = new List<Answer>(response.Answers.Count);
        foreach (var given in response.Answers)
        {
            if (Apply(given, instrument) is not { Values.Count: > 0 } kept) continue;
            var isWorded = questionnaire is not null && (asked is null || IsAsked(kept, asked)) && !(instrument?.Respondent is { } key && InstrumentMap.IsCalled(kept, key.Field));
            fields.Add(isWorded && questionnaire!.HashFor(kept) is { } hash ? kept with { Wording = hash } : kept);
        }
        return new RedactedAnswers(response.Form, response.Id, InOrder(fields));
    }

    /// <summary>Which version of the response this is.</summary>
    public ResponseVersion Version(SurveyResponse response) => new(response.Submitted, response.Updated, response.Finished, pseudonyms.Mark(response));

    /// <summary>Stored answers with this instrument's respondent key as a pseudonym, also where an earlier version took it for an answer.</summary>
    public RedactedAnswers Veil(RedactedAnswers stored, Instrument instrument) => instrument.Respondent is { } key
        ? stored with { Fields = [.. stored.Fields.Select(answer => InstrumentMap.IsCalled(answer, key.Field) ? Veiled(answer, AnswerKind.Hidden) : answer)] }
        : stored;

    /// <summary>Answers by field and second name; those of one name stay in the order sent.</summary>
    internal static IReadOnlyList<Answer> InOrder(IReadOnlyList<Answer> answers)
    {
        for (var next = 1; next < answers.Count; next++)
            if (Compare(answers[next - 1], answers[next]) > 0)
                return [.. answers.Order(Comparer<Answer>.Create(Compare))];
        return answers;

        static int Compare(Answer one, Answer other) =>
            string.CompareOrdinal(one.Field, other.Field) is not 0 and var field ? field : string.CompareOrdinal(one.Alias, other.Alias);
    }

    private Answer? Apply(Answer given, Instrument? instrument)
    {
        var answer = HasEmpty(given.Values) ? given with { Values = given.Values.Where(value => !IsEmpty(value)).ToList() } : given;
        if (instrument is null)
        {
            return answer.Kind switch
            {
                AnswerKind.Unanswered or AnswerKind.Other or AnswerKind.Personal or AnswerKind.Text or AnswerKind.Date => null,
                AnswerKind.Hidden => answer.Values.All(LooksLikeACode) ? answer : Veiled(answer, AnswerKind.Hidden),
                AnswerKind.Uncertain when answer.Values.All(LooksLikeACode) => answer,
                AnswerKind.Uncertain => answer.Values.Count <= MostChoices && answer.Values.All(value => value.Text.Length <= LongestChoice) ? Veiled(answer, AnswerKind.Uncertain) : null,
                _ => answer,
            };
        }
        if (instrument.Respondent is { } key && InstrumentMap.IsCalled(answer, key.Field)) return Veiled(answer, AnswerKind.Hidden);
        var isAsked = IsAsked(answer, AskedFor(instrument));
        return answer.Kind switch
        {
            AnswerKind.Unanswered or AnswerKind.Other or AnswerKind.Personal => null,
            AnswerKind.Text or AnswerKind.Date => isAsked ? answer : null,
            AnswerKind.Uncertain or AnswerKind.Hidden => isAsked ? Unveiled(answer, instrument) : null,
            _ => answer,
        };
    }

    private HashSet<string> AskedFor(Instrument instrument) => _asked.GetValue(instrument, InstrumentMap.FieldsAskedFor);

    private static bool IsAsked(Answer answer, HashSet<string> asked) => asked.Contains(answer.Field) || (answer.Alias is { } alias && asked.Contains(alias));

    private Answer Veiled(Answer answer, AnswerKind kind) => answer with
    {
        Kind = kind,
        Wording = kind == AnswerKind.Hidden ? null : answer.Wording,
        Values = answer.Values.Select(value => value.Id == Pseudonym ? value : new AnswerValue(pseudonyms.Of(value.Text), Pseudonym)).ToList(),
    };

    /// <summary>An answer that was marked before there was an instrument: as far as it is one the instrument codes, that one again.</summary>
    private Answer Unveiled(Answer answer, Instrument instrument)
    {
        if (!answer.Values.Any(value => value.Id == Pseudonym)) return answer;
        var known = InstrumentMap.AnswersCoded(instrument, answer).DistinctBy(pseudonyms.Of, StringComparer.Ordinal).ToDictionary(pseudonyms.Of, StringComparer.Ordinal);
        return answer with { Values = answer.Values.Select(value => value.Id == Pseudonym && known.TryGetValue(value.Text, out var text) ? new AnswerValue(text) : value).ToList() };
    }

    private static bool HasEmpty(IReadOnlyList<AnswerValue> values)
    {
        for (var at = 0; at < values.Count; at++)
            if (IsEmpty(values[at])) return true;
        return false;
    }

    private static bool IsEmpty(AnswerValue value) => string.IsNullOrWhiteSpace(value.Text);

    private static bool LooksLikeACode(AnswerValue value) => value.Id == Pseudonym || Words.Contains(value.Text) || CodePattern().IsMatch(value.Text);

    /// <summary>A school's number, a wave's id, a rating or weight: no e-mail address, no name, no telephone number.</summary>
    [GeneratedRegex("^([0-9]{6}|[0-9]{4}-[a-z0-9]{2,12}|[0-9]{1,3}([.][0-9]{1,6})?)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex CodePattern();
}
