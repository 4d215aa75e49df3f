using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Instruments;

/// <summary>
/// Maps fields to observations by an instrument: the same rules for the answers of a form and the cells of a poll file. Everything that is
/// wrong with a response is listed; answers are not quoted.
/// </summary>
public sealed partial class InstrumentMap
{
    private readonly Instrument _instrument;
    private readonly IReadOnlyList<(Item Item, FrozenDictionary<string, string> Codes)> _items;

    public InstrumentMap(Instrument instrument)
    {
        _instrument = instrument;
        _items = instrument.Items.Select(item => (item, Lookup(item.Codes))).ToList();
    }

    /// <summary>Maps what is stored of a response, so that it can be mapped again when the instrument is mended.</summary>
    public Checked<Coding> Map(RedactedAnswers answers)
    {
        var problems = new List<Problem>();
        var school = _instrument.Organisation is { } named ? Organisation(Resolve(named, answers, problems), named.Field ?? "", problems)
            : _instrument.School is { } field ? School(Text(answers, field.Field), field.Field, problems) : "";
        var wave = Resolve(_instrument.Wave, answers, problems);
        if (wave is not null && !PutInstrument.IsId(wave)) problems.Add(Problems.AnswerUnknown.At(_instrument.Wave.Field ?? "", "should be, or be coded as, the id of a wave"));
        var stage = Resolve(_instrument.Stage, answers, problems, "single");
        var role = Resolve(_instrument.Role, answers, problems, "other");
        var weight = _instrument.Weight is { } weighted ? Weight(Text(answers, weighted.Field), weighted.Field, problems) : 1;
        // An organisation that nothing tells apart further is its own respondent: what it says last at a stage counts, and before and after meet.
        var respondent = _instrument.Respondent is { } key ? Text(answers, key.Field) : _instrument.Organisation is null ? null : school;

        var observations = new List<Observation>();
        foreach (var (item, codes) in _items)
        {
            if (Find(answers, item.Field) is not { Values.Count: > 0 } answer) continue;
            if (answer.Values.Count == 1 && Code(codes, answer.Values[0]) is { } code)
                observations.Add(new Observation(item.Indicator, code) { Wording = answer.Wording });
            else problems.Add(Problems.AnswerUnknown.At(item.Field, $"should be one of the {item.Codes.Count} answers that instrument {_instrument.Id} codes for {item.Indicator}"));
        }
        return problems.Count > 0 ? problems : new Coding(school!, wave!, stage!, role!, respondent, weight, observations);
    }

    /// <summary>The fields an instrument reads, besides the respondent's key.</summary>
    public static HashSet<string> FieldsAskedFor(Instrument instrument) =>
        instrument.Items.Select(item => item.Field)
            .Concat(new[] { instrument.Wave.Field, instrument.Stage?.Field, instrument.School?.Field, instrument.Organisation?.Field, instrument.Role?.Field, instrument.Weight?.Field, instrument.Group?.Field, instrument.Stratum?.Field }.OfType<string>())
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>The answers of a field that an instrument codes, as they stand in it.</summary>
    public static IEnumerable<string> AnswersCoded(Instrument instrument, Answer answer) =>
        instrument.Items.Where(item => IsCalled(answer, item.Field)).SelectMany(item => item.Codes.Keys)
            .Concat(new[] { instrument.Wave, instrument.Stage, instrument.Organisation, instrument.Role, instrument.Group, instrument.Stratum }
                .Where(term => term?.Field is { } field && IsCalled(answer, field)).SelectMany(term => term!.Codes?.Keys ?? []));

    public static bool IsCalled(Answer answer, string field) => answer.Field == field || answer.Alias == field;

    /// <summary>A six-digit unique reference number, or a problem.</summary>
    public static string? School(string? text, string where, List<Problem> problems)
    {
        if (text is null)
        {
            problems.Add(Problems.FieldMissing.At(where, "should hold the school's unique reference number"));
            return null;
        }
        var urn = text.Trim();
        if (UrnPattern().IsMatch(urn)) return urn;
        problems.Add(Problems.SchoolInvalid.At(where, "should be six digits such as 100001"));
        return null;
    }

    /// <summary>Before an organisation's id where a school's number would stand.</summary>
    public const string OfOrganisation = "org~";

    /// <summary>The key of an organisation by its id, whatever its case; null where the text is no id.</summary>
    public static string? Organisation(string text) => text.Trim().ToLowerInvariant() is var id && PutInstrument.IsId(id) ? OfOrganisation + id : null;

    /// <summary>No survey weight is near this; beyond it squares of weights would stop being numbers.</summary>
    public const double LargestWeight = 1_000_000;

    /// <summary>A weight: from zero to <see cref="LargestWeight"/>.</summary>
    public static double Weight(string? text, string where, List<Problem> problems)
    {
        if (double.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight)
            && weight is >= 0 and <= LargestWeight) return weight;
        problems.Add(Problems.WeightInvalid.At(where, "should be a number from 0 to 1,000,000, with a decimal point"));
        return 0;
    }

    /// <summary>Codes by answer, found whatever the case and the blanks round it.</summary>
    public static FrozenDictionary<string, string> Lookup(IReadOnlyDictionary<string, string> codes) =>
        codes.GroupBy(code => code.Key.Trim(), StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(group => group.Key, group => group.First().Value, StringComparer.OrdinalIgnoreCase);

    private static string? Organisation(string? text, string where, List<Problem> problems)
    {
        if (text is null) return null;
        if (Organisation(text) is { } key) return key;
        problems.Add(Problems.OrganisationInvalid.At(where, "should be, or be coded as, an id: lower-case letters, digits and hyphens"));
        return null;
    }

    private static string? Resolve(Term? term, RedactedAnswers answers, List<Problem> problems, string? otherwise = null)
    {
        if (term is null) return otherwise;
        if (term.Value is not null) return term.Value;
        var values = Find(answers, term.Field!)?.Values ?? [];
        if (values.Count == 0)
        {
            problems.Add(Problems.FieldMissing.At(term.Field!, "should be answered: the instrument needs it"));
            return null;
        }
        if (term.Codes is null) return values[0].Text;
        var codes = Lookup(term.Codes);
        var coded = values.Select(value => Code(codes, value)).ToList();
        if (coded.Contains(null))
        {
            problems.Add(Problems.AnswerUnknown.At(term.Field!, $"should be one of the {term.Codes.Count} answers the instrument codes"));
            return null;
        }
        // Several ticked: kept as ticked, in one order ("leader+senco").
        return string.Join('+', coded.SelectMany(code => code!.Split('+')).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    private static string? Code(FrozenDictionary<string, string> codes, AnswerValue value) =>
        (value.Ref is { } reference && codes.TryGetValue(reference.Trim(), out var code))
        || (value.Id is { } id && codes.TryGetValue(id.Trim(), out code))
        || codes.TryGetValue(value.Text.Trim(), out code)
            ? code
            : null;

    private static Answer? Find(RedactedAnswers answers, string field)
    {
        // For each item of each response: without an enumerator and a closure.
        for (var at = 0; at < answers.Fields.Count; at++)
            if (IsCalled(answers.Fields[at], field)) return answers.Fields[at];
        return null;
    }

    private static string? Text(RedactedAnswers answers, string field) => Find(answers, field)?.Values is [{ } value, ..] ? value.Text : null;

    [GeneratedRegex("^[0-9]{6}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex UrnPattern();
}
