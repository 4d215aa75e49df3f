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

    private static readonly HashSet<string> Words = ["pre", "post", "single", "leader", "senco", "teacher", "other", "engaged", "wider"];

    /// <summary>
    /// The redacted answers in canonical order. Without an instrument, coded answers stay and so do hidden values that look like a
    /// reference number or a word of ours; every other hidden value becomes a pseudonym, so that the response can be replayed later.
    /// </summary>
    public RedactedAnswers Apply(SurveyResponse response, Instrument? instrument)
    {
        var asked = instrument is null ? null : InstrumentMap.FieldsAskedFor(instrument);
        var questionnaire = response.Questionnaire.Count == 0 ? null : new Questionnaire(response.Questionnaire);
        var fields = response.Answers
            .Select(answer => Apply(answer, instrument?.Respondent?.Field, asked))
            .OfType<Answer>()
            .Where(answer => answer.Values.Count > 0)
            .Select(answer => (asked is null || IsAsked(answer, asked)) && questionnaire?.Find(answer) is { } wording
                ? answer with { Wording = Questionnaire.HashOf(wording) }
                : answer)
            .OrderBy(answer => answer.Field, StringComparer.Ordinal)
            .ThenBy(answer => answer.Alias, StringComparer.Ordinal)
            .ToList();
        return new RedactedAnswers(response.Form, response.Id, fields);
    }

    /// <summary>Which version of the response this is.</summary>
    public ResponseVersion Version(SurveyResponse response) => new(response.Submitted, response.Updated, response.Finished, pseudonyms.Mark(response));

    /// <summary>Stored answers with this instrument's respondent key as a pseudonym, also where an earlier version took it for an answer.</summary>
    public RedactedAnswers Veil(RedactedAnswers stored, Instrument instrument) => instrument.Respondent is { } key
        ? stored with { Fields = [.. stored.Fields.Select(answer => InstrumentMap.IsCalled(answer, key.Field) ? Veiled(answer) : answer)] }
        : stored;

    private Answer? Apply(Answer given, string? respondent, HashSet<string>? asked)
    {
        var answer = given with { Values = given.Values.Where(value => value.Text.Trim().Length > 0).ToList() };
        if (respondent is not null && InstrumentMap.IsCalled(answer, respondent)) return Veiled(answer);
        var isAsked = asked is not null && IsAsked(answer, asked);
        return answer.Kind switch
        {
            AnswerKind.Unanswered or AnswerKind.Other or AnswerKind.Personal => null,
            AnswerKind.Text or AnswerKind.Date => isAsked ? answer : null,
            AnswerKind.Uncertain => isAsked || (asked is null && answer.Values.All(value => ChoicePattern().IsMatch(value.Text))) ? answer : null,
            AnswerKind.Hidden when asked is null => answer.Values.All(value => LooksLikeACode(value.Text)) ? answer : Veiled(answer),
            AnswerKind.Hidden => isAsked ? answer : null,
            _ => answer,
        };
    }

    private static bool IsAsked(Answer answer, HashSet<string> asked) => asked.Contains(answer.Field) || (answer.Alias is { } alias && asked.Contains(alias));

    private Answer Veiled(Answer answer) => answer with
    {
        Kind = AnswerKind.Hidden,
        Wording = null,
        Values = answer.Values.Select(value => value.Id == Pseudonym ? value : new AnswerValue(pseudonyms.Of(value.Text), Pseudonym)).ToList(),
    };

    private static bool LooksLikeACode(string value) => Words.Contains(value) || ReferencePattern().IsMatch(value);

    /// <summary>One short word, as codes are: without an instrument nothing longer is kept that a person may have written.</summary>
    [GeneratedRegex("^[A-Za-z0-9_-]{1,20}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex ChoicePattern();

    /// <summary>A school's number or a wave's id: no e-mail address, no name.</summary>
    [GeneratedRegex("^([0-9]{6}|[0-9]{4}-[a-z0-9]{2,12})$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex ReferencePattern();
}
