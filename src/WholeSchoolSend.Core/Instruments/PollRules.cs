using WholeSchoolSend.Core.Polls;

namespace WholeSchoolSend.Core.Instruments;

/// <summary>What an instrument of a poll may say and one of a form may not, and what in it must agree.</summary>
internal static class PollRules
{
    public static IEnumerable<Problem> Check(Instrument instrument)
    {
        foreach (var (at, term) in Terms(instrument)) foreach (var problem in Check(at, term, instrument.Poll is not null)) yield return problem;
        foreach (var (item, index) in instrument.Items.Select((item, index) => (item, index)))
        {
            if (item.OutOfBase is not { } outOfBase) continue;
            if (instrument.Poll is null) yield return Problems.DocumentInvalid.At($"/items/{index}/outOfBase", "belongs to a poll");
            var codes = InstrumentMap.Lookup(item.Codes);
            foreach (var answer in outOfBase.Keys.Where(answer => codes.ContainsKey(answer.Trim())))
                yield return Problems.DocumentInvalid.At($"/items/{index}/outOfBase/{answer}", "should be either coded or out of the base, not both");
            foreach (var (answer, reason) in outOfBase.Where(answer => answer.Value == ExclusionReasons.NotAsked))
                yield return Problems.DocumentInvalid.At($"/items/{index}/outOfBase/{answer}", $"should be another reason: {reason} counts what nobody asked");
        }
        if (instrument.Poll is not { } poll) yield break;

        if (poll.Fieldwork is { } fieldwork)
        {
            if ((fieldwork.From is null) != (fieldwork.To is null) || (fieldwork.From is null) == (fieldwork.Fields is null))
                yield return Problems.DocumentInvalid.At("/poll/fieldwork", "should have from and to, or fields");
            if (fieldwork.To < fieldwork.From) yield return Problems.DatesInvalid.At("/poll/fieldwork/to", $"should be {fieldwork.From:yyyy-MM-dd} or later");
        }
        foreach (var (exclusion, index) in (poll.Exclude ?? []).Select((exclusion, index) => (exclusion, index)))
            foreach (var (answer, reason) in exclusion.Answers.Where(answer => answer.Value == ExclusionReasons.WeightZero))
                yield return Problems.DocumentInvalid.At($"/poll/exclude/{index}/answers/{answer}",
                    $"should be another reason: {reason} counts rows that weigh nothing");
        var read = Columns(instrument).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (column, index) in (poll.Drop ?? []).Select((column, index) => (column, index)))
            if (read.Contains(column.Trim()) && !IsRespondent(instrument, column))
                yield return Problems.DocumentInvalid.At($"/poll/drop/{index}", "should be no column that this instrument reads");
        if (poll.Long is { } layout && instrument.Respondent is { } respondent && !Same(respondent.Field, layout.Respondent))
            yield return Problems.DocumentInvalid.At("/respondent/field", $"should be {layout.Respondent}, as in /poll/long/respondent");
    }

    /// <summary>Every column of a poll file that the instrument reads.</summary>
    public static IEnumerable<string> Columns(Instrument instrument) =>
        InstrumentMap.FieldsAskedFor(instrument)
            .Concat(Terms(instrument).SelectMany(term => term.Term.Ticked?.Keys ?? []))
            .Concat(new[] { instrument.Respondent?.Field }.OfType<string>())
            .Concat(instrument.Poll?.Fieldwork?.Fields ?? [])
            .Concat(instrument.Poll?.Exclude?.Select(exclusion => exclusion.Field) ?? [])
            .Select(column => column.Trim());

    /// <summary>An e-mail address may say who a respondent is, so that nobody counts twice, and still be nothing to keep.</summary>
    private static bool IsRespondent(Instrument instrument, string column) =>
        instrument.Respondent is { } respondent && Same(respondent.Field, column) && !InstrumentMap.FieldsAskedFor(instrument).Contains(respondent.Field);

    private static bool Same(string one, string other) => one.Trim().Equals(other.Trim(), StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(string At, Term Term)> Terms(Instrument instrument) =>
        new[] { ("/wave", instrument.Wave), ("/stage", instrument.Stage), ("/organisation", instrument.Organisation), ("/role", instrument.Role),
            ("/group", instrument.Group), ("/stratum", instrument.Stratum) }
            .Where(term => term.Item2 is not null).Select(term => (term.Item1, term.Item2!));

    private static IEnumerable<Problem> Check(string at, Term term, bool isPoll)
    {
        var isRole = isPoll && at == "/role";
        if (term.Ticked is not null && !isRole) yield return Problems.DocumentInvalid.At($"{at}/ticked", "belongs to the role of a poll");
        if (term.Separator is not null && !isRole) yield return Problems.DocumentInvalid.At($"{at}/separator", "belongs to the role of a poll");
        if (term.Otherwise is not null && !isRole) yield return Problems.DocumentInvalid.At($"{at}/otherwise", "belongs to the role of a poll");
        if (term.Separator is not null && term.Field is null) yield return Problems.DocumentInvalid.At($"{at}/separator", "belongs to a field");
        if (term.Ticks is not null && term.Ticked is null) yield return Problems.DocumentInvalid.At($"{at}/ticks", "belongs to ticked");
        if (term.Otherwise is not null && term.Field is null && term.Ticked is null) yield return Problems.DocumentInvalid.At($"{at}/otherwise",
            "belongs to field or ticked");
        if (term.File is null) yield break;
        if (!isPoll || at != "/wave") yield return Problems.DocumentInvalid.At($"{at}/file", "belongs to the wave of a poll");
        if (term.File.Split("{}").Length != 2) yield return Problems.DocumentInvalid.At($"{at}/file", "should have {} once, where the wave stands");
    }
}
