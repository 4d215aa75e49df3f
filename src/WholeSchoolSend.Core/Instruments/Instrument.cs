using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Instruments;

/// <summary>
/// How a form's or a poll file's fields become observations. An instrument is data: put by the evidence lead, checked against
/// <c>instrument.schema.json</c>, every version kept.
/// </summary>
/// <param name="Collection">what is analysed and stored together; it cannot change.</param>
/// <param name="Form">the form it maps, or null for a poll.</param>
/// <param name="Poll">the poll files it maps, or null for a form.</param>
/// <param name="Wave">the round of fieldwork: a value, or a field with codes.</param>
/// <param name="Stage"><c>pre</c>, <c>post</c> or <c>single</c> (when left out).</param>
/// <param name="School">the field that holds the six-digit unique reference number; null only for a poll without schools.</param>
/// <param name="Respondent">the field that holds the respondent's key; it is stored as a pseudonym only.</param>
/// <param name="Role">role as ticked; <c>other</c> when left out.</param>
/// <param name="Weight">the field that holds the survey weight; weight 1 when left out.</param>
/// <param name="Group">a poll without schools says who is engaged; null otherwise.</param>
/// <param name="Stratum">a poll without schools may bring strata; null otherwise.</param>
public sealed record Instrument(
    string Title,
    string Collection,
    FormBinding? Form,
    PollBinding? Poll,
    Term Wave,
    Term? Stage,
    FieldName? School,
    FieldName? Respondent,
    Term? Role,
    FieldName? Weight,
    Term? Group,
    Term? Stratum,
    IReadOnlyList<Item> Items)
{
    /// <summary>Id in the address it was put to; not part of the document.</summary>
    [JsonIgnore]
    public string Id { get; init; } = "";

    /// <summary>Counts from 1; a change makes the next.</summary>
    [JsonIgnore]
    public int Version { get; init; }
}

/// <summary>A form of a configured source, by the tool's own form id.</summary>
public sealed record FormBinding(string Source, string Id);

/// <summary>Files a pollster drops under <c>poll-drop/{supplier}/</c> whose names match <paramref name="Files"/> (<c>*</c> stands for any text).</summary>
public sealed record PollBinding(string Supplier, string Files = "*", int HeaderRows = 1, string? Delimiter = null, IReadOnlyList<string>? NotAsked = null);

/// <summary>A field by name: a question's id or ref, <c>hidden.name</c> for a hidden field, a column's header in a poll file.</summary>
public sealed record FieldName(string Field);

/// <summary>A fixed value, or a field whose answers are translated by codes (without codes the answer itself is the value).</summary>
public sealed record Term(string? Value = null, string? Field = null, IReadOnlyDictionary<string, string>? Codes = null)
{
    /// <summary>Wordings of a form's role question that the evidence lead has looked at; only <see cref="Instrument.Role"/> has any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<AcceptedWording>? Wordings { get; init; }
}

/// <summary>One question: which indicator it measures, in which field, and what each answer (label, ref or code) is coded as.</summary>
public sealed record Item(string Indicator, string Field, IReadOnlyDictionary<string, string> Codes)
{
    /// <summary>Wordings of a form's question that the evidence lead has looked at, in the order they came into use; null: none yet.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<AcceptedWording>? Wordings { get; init; }
}

/// <summary>What the evidence lead says of one wording of a question.</summary>
/// <param name="Hash">of the wording, as <c>GET /api/instruments/{id}/wordings</c> lists it.</param>
/// <param name="Same">
/// true: it is still the question of the entry before (for the first entry: the one that was asked first), and counts with it; false: it is
/// another question from here on, a series of its own.
/// </param>
public sealed record AcceptedWording(string Hash, bool Same, string? Note = null);

