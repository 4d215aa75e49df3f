using System.Text.Json;
using System.Text.RegularExpressions;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Instruments;

/// <summary>Takes an instrument in: checks it against its schema, the catalogue and the other instruments, and adds it as the next version.</summary>
public sealed partial class PutInstrument(IInstruments instruments, InstrumentShelf shelf, Catalogue catalogue)
{
    public static JsonSchema Schema { get; } = JsonSchema.Embedded("instrument.schema.json");

    private static readonly HashSet<string> Stages = ["pre", "post", "single"];
    private static readonly HashSet<string> Roles = ["leader", "senco", "leader+senco", "teacher", "other"];
    private static readonly HashSet<string> Groups = ["engaged", "wider"];

    /// <summary>The instrument as stored (the same version when nothing changed), or everything that is wrong with it.</summary>
    public async Task<Checked<Instrument>> RunAsync(string id, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        if (!IsId(id)) return Problems.IdInvalid.At("", "the id in the address should be lower-case letters, digits and hyphens, at most 64");
        var document = Schema.Check(json);
        if (document.Value is null) return document.Problems.ToList();

        var instrument = document.Value.Deserialize(InstrumentsJson.Default.Instrument)!;
        var others = await instruments.AllAsync(cancellation);
        var before = others.FirstOrDefault(other => other.Id == id);
        var rest = others.Where(other => other.Id != id).ToList();
        var problems = Check(instrument, before, rest).Concat(CheckWordings(instrument, rest)).ToList();
        if (problems.Count > 0) return problems;

        if (before is not null && Same(before, instrument)) return before;
        var next = instrument with { Id = id, Version = (before?.Version ?? 0) + 1 };
        if (!await instruments.AddAsync(next, cancellation)) return Problems.ChangedMeanwhile.At("", "another version was put at the same moment: read it and put yours again");
        shelf.Forget();
        return next;
    }

    /// <summary>Is this an id as instruments, waves, suppliers and collections have it?</summary>
    public static bool IsId(string text) => IdPattern().IsMatch(text);

    private IEnumerable<Problem> Check(Instrument instrument, Instrument? before, IEnumerable<Instrument> others)
    {
        if ((instrument.Form is null) == (instrument.Poll is null))
            yield return Problems.DocumentInvalid.At("", "should have either form or poll");
        if (before is not null && before.Collection != instrument.Collection)
            yield return Problems.CollectionFixed.At("/collection", $"should stay {before.Collection}: what is stored lies there");
        // Stored responses are found by their collection's forms, whoever looks: to count, to audit, to erase.
        if (before is not null && (before.Form is null) != (instrument.Form is null))
            yield return Problems.DocumentInvalid.At("", $"should stay a {(before.Form is null ? "poll" : "form")}: put the other as an instrument of its own");
        if (instrument.Form is { } form && others.FirstOrDefault(other => other.Form == form) is { } taken)
            yield return Problems.FormTaken.At("/form", $"is mapped by {taken.Id} already");
        if (instrument.Poll is { } poll)
        {
            if (poll.Supplier == "register") yield return Problems.IdInvalid.At("/poll/supplier", "should be another id: register is kept for the schools register");
            if (others.FirstOrDefault(other => other.Poll?.Supplier == poll.Supplier && Overlap(other.Poll.Files, poll.Files)) is { } claimed)
                yield return Problems.FormTaken.At("/poll/files", $"should match no file that {claimed.Id} maps too: its files are {claimed.Poll!.Files}");
        }
        var isOfOrganisations = instrument.Subject == Subject.Organisation;
        foreach (var problem in CheckSubject(instrument, isOfOrganisations)) yield return problem;
        if (instrument.School is null && instrument.Poll is null && !isOfOrganisations)
            yield return Problems.DocumentInvalid.At("/school", "is required for a form");
        if (instrument.Poll is not null && !isOfOrganisations && (instrument.School is null) == (instrument.Group is null))
            yield return Problems.DocumentInvalid.At("/group", "is given exactly when a poll has no school");
        if (instrument.Stratum is not null && instrument.Group is null)
            yield return Problems.DocumentInvalid.At("/stratum", "is given only when a poll has no school");

        foreach (var problem in PollRules.Check(instrument)) yield return problem;
        foreach (var problem in Check("/wave", instrument.Wave, null, IsId)
            .Concat(Check("/stage", instrument.Stage, Stages, null))
            .Concat(Check("/organisation", instrument.Organisation, null, IsId))
            .Concat(Check("/role", instrument.Role, Roles, null))
            .Concat(Check("/group", instrument.Group, Groups, null))
            .Concat(Check("/stratum", instrument.Stratum, null, null)))
            yield return problem;

        var measured = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (item, index) in instrument.Items.Select((item, index) => (item, index)))
        {
            if (!measured.Add(item.Indicator))
                yield return Problems.DocumentInvalid.At($"/items/{index}/indicator", $"should measure {item.Indicator} once");
            if (!catalogue.Indicator.TryGetValue(item.Indicator, out var indicator))
            {
                yield return Problems.IndicatorUnknown.At($"/items/{index}/indicator", $"should be one of {string.Join(", ", catalogue.Indicators.Select(known => known.Id))}");
                continue;
            }
            foreach (var problem in Contradictions($"/items/{index}/codes", item.Codes)) yield return problem;
            foreach (var problem in Contradictions($"/items/{index}/outOfBase", item.OutOfBase)) yield return problem;
            foreach (var (answer, code) in item.Codes)
                if (!indicator.Codes.Contains(code))
                    yield return Problems.AnswerCodeUnknown.At($"/items/{index}/codes/{answer}", $"should be one of {string.Join(", ", indicator.Codes)}");
        }
    }

    /// <summary>A collection is of schools or of organisations, as the catalogue measures it: the two are never counted together.</summary>
    private IEnumerable<Problem> CheckSubject(Instrument instrument, bool isOfOrganisations)
    {
        if (isOfOrganisations != (instrument.Organisation is not null))
            yield return Problems.DocumentInvalid.At("/organisation", "is given exactly when subject is organisation");
        if (catalogue.SubjectOf(instrument.Collection) is { } subject && (subject == Subject.Organisation) != isOfOrganisations)
            yield return Problems.DocumentInvalid.At("/subject", $"should be {(isOfOrganisations ? "school" : "organisation")}: that is whom the catalogue counts in {instrument.Collection}");
        if (!isOfOrganisations) yield break;
        if (instrument.Poll is not null && instrument.Organisation is { Field: null })
            yield return Problems.DocumentInvalid.At("/organisation", "should be a field: each row says which organisation it is of");
        (string Name, bool IsGiven)[] members =
            [("school", instrument.School is not null), ("group", instrument.Group is not null), ("weight", instrument.Weight is not null)];
        foreach (var (name, _) in members.Where(member => member.IsGiven))
            yield return Problems.DocumentInvalid.At($"/{name}", "belongs to people at schools: an organisation counts once");
    }

    private static IEnumerable<Problem> CheckWordings(Instrument instrument, IEnumerable<Instrument> rest)
    {
        (string At, Term? Term)[] others =
            [("/wave", instrument.Wave), ("/stage", instrument.Stage), ("/organisation", instrument.Organisation), ("/group", instrument.Group),
             ("/stratum", instrument.Stratum)];
        foreach (var (at, term) in others)
            if (term?.Wordings is not null) yield return Problems.DocumentInvalid.At($"{at}/wordings", "belongs to an item or to the role");
        if (instrument.Role is { Wordings: not null, Field: null }) yield return Problems.DocumentInvalid.At("/role/wordings", "belongs to a field");
        var places = instrument.Items.Select((item, index) => (At: $"/items/{index}", item.Indicator, item.Wordings))
            .Append((At: "/role", Indicator: SeenWording.Role, instrument.Role?.Wordings));
        var stated = new StatedWordings(rest);
        foreach (var (at, indicator, wordings) in places)
        {
            if (wordings is null) continue;
            if (instrument.Form is null) yield return Problems.DocumentInvalid.At($"{at}/wordings", "belongs to a form: poll files do not tell how they asked");
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var ((wording, root), index) in StatedWordings.Roots(wordings).Select((entry, index) => (entry, index)))
            {
                if (!seen.Add(wording)) yield return Problems.DocumentInvalid.At($"{at}/wordings/{index}/hash", "should stand in the list once");
                // The instruments of a collection measure one thing together: they must agree on what was one question.
                else if (stated.RootOf(instrument.Collection, indicator, wording) is { } other && other != root)
                {
                    var series = other == StatedWordings.First ? "what was asked first" : other;
                    yield return Problems.DocumentInvalid.At(
                        $"{at}/wordings/{index}", $"should be of the same series as in the other instruments of {instrument.Collection}: there it is of {series}");
                }
            }
        }
    }

    /// <summary>Is there a file name that both patterns match? Worked from the ends of the patterns to their beginnings.</summary>
    private static bool Overlap(string one, string other)
    {
        var rest = new bool[one.Length + 1, other.Length + 1];
        for (var i = one.Length; i >= 0; i--)
            for (var j = other.Length; j >= 0; j--)
            {
                var (a, b) = (i < one.Length ? one[i] : '\0', j < other.Length ? other[j] : '\0');
                rest[i, j] = (a, b) switch
                {
                    ('\0', '\0') => true,
                    ('*', _) => rest[i + 1, j] || (b != '\0' && rest[i, j + 1]),
                    (_, '*') => rest[i, j + 1] || (a != '\0' && rest[i + 1, j]),
                    _ => a != '\0' && b != '\0' && char.ToUpperInvariant(a) == char.ToUpperInvariant(b) && rest[i + 1, j + 1],
                };
            }
        return rest[0, 0];
    }

    /// <summary>Answers that are one answer but for case and blanks, and are coded differently.</summary>
    private static IEnumerable<Problem> Contradictions(string at, IReadOnlyDictionary<string, string>? codes) =>
        (codes ?? new Dictionary<string, string>()).GroupBy(code => code.Key.Trim(), StringComparer.OrdinalIgnoreCase)
            .Where(same => same.Select(code => code.Value).Distinct(StringComparer.Ordinal).Count() > 1)
            .Select(same => Problems.DocumentInvalid.At($"{at}/{same.First().Key}", "should be coded one way: case and blanks round an answer do not matter"));

    private static IEnumerable<Problem> Check(string at, Term? term, HashSet<string>? allowed, Func<string, bool>? fits)
    {
        if (term is null) yield break;
        var sources = new[] { term.Value is not null, term.Field is not null, term.Ticked is not null, term.File is not null }.Count(given => given);
        if (sources != 1) yield return Problems.DocumentInvalid.At(at, "should have either value or field");
        if (term.Codes is not null && term.Field is null && term.File is null) yield return Problems.DocumentInvalid.At($"{at}/codes", "belongs to a field");
        if (allowed is not null && term.Field is not null && term.Codes is null) yield return Problems.DocumentInvalid.At($"{at}/codes", $"is required with a field: what stands for {string.Join(", ", allowed)}");
        foreach (var problem in Contradictions($"{at}/codes", term.Codes)) yield return problem;
        var stated = (term.Codes ?? new Dictionary<string, string>()).Select(code => ($"{at}/codes/{code.Key}", code.Value))
            .Concat((term.Ticked ?? new Dictionary<string, string>()).Select(tick => ($"{at}/ticked/{tick.Key}", tick.Value)))
            .Concat(term.Otherwise is null ? [] : [($"{at}/otherwise", term.Otherwise)]);
        foreach (var (where, value) in term.Value is null ? stated : stated.Append(($"{at}/value", term.Value)))
        {
            if (allowed is not null && !allowed.Contains(value)) yield return Problems.DocumentInvalid.At(where, $"should be one of {string.Join(", ", allowed)}");
            if (fits is not null && !fits(value)) yield return Problems.IdInvalid.At(where, "should be an id: lower-case letters, digits and hyphens");
        }
    }

    private static bool Same(Instrument before, Instrument after) =>
        JsonSerializer.SerializeToUtf8Bytes(before, InstrumentsJson.Default.Instrument)
            .AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(after, InstrumentsJson.Default.Instrument));

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex IdPattern();
}
