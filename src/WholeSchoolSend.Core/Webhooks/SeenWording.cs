using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>The words a question was asked in, as an instrument met them. They are the survey team's words: no answer, and nobody's data.</summary>
/// <param name="Indicator">what the question measures, or <see cref="Role"/>.</param>
/// <param name="Wording">its hash.</param>
/// <param name="Text">null where only the hash is known: a response out of quarantine.</param>
/// <param name="FirstSeen">when the first response with it was received.</param>
public sealed record SeenWording(string Instrument, string Indicator, string Wording, string? Text, IReadOnlyList<string> Options, DateTimeOffset FirstSeen)
{
    /// <summary>Stands for the indicator of the role question.</summary>
    public const string Role = "role";

    private const int LongestText = 1000;
    private const int MostOptions = 60;
    private const int LongestOption = 200;

    /// <summary>The wordings of what an instrument maps in a response.</summary>
    public static IReadOnlyList<SeenWording> Of(Instrument instrument, SurveyResponse response, RedactedAnswers answers, DateTimeOffset received)
    {
        if (!answers.Fields.Any(answer => answer.Wording is not null)) return [];
        var asked = instrument.Items.Select(item => (item.Indicator, item.Field));
        if (instrument.Role?.Field is { } role) asked = asked.Append((Role, role));
        var seen = new List<SeenWording>();
        foreach (var (indicator, field) in asked)
            if (answers.Fields.FirstOrDefault(answer => InstrumentMap.IsCalled(answer, field)) is { Wording: { } wording } answer)
            {
                // An instrument asks few questions: looked for one by one they cost less than an index of all.
                var words = response.Questionnaire.FirstOrDefault(words => Questionnaire.IsOf(words, answer));
                seen.Add(new SeenWording(instrument.Id, indicator, wording, words?.Text, words?.Options ?? [], received));
            }
        return seen;
    }

    /// <summary>As it is kept for people: plain, and no longer than anybody reads.</summary>
    public SeenWording ForPeople() => this with
    {
        Text = Text is null ? null : Cut(Text, LongestText),
        Options = Options.Take(MostOptions).Select(option => Cut(option, LongestOption)).ToList(),
    };

    private static string Cut(string text, int longest)
    {
        var plain = Questionnaire.Plain(text);
        if (plain.Length <= longest) return plain;
        return plain[..(char.IsHighSurrogate(plain[longest - 1]) ? longest - 1 : longest)] + "…";
    }
}
