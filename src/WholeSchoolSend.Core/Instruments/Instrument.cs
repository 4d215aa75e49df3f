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
/// <param name="School">the field that holds the six-digit unique reference number; null for organisations and for a poll without schools.</param>
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
    /// <summary>Whom the answers are about: people at schools (when left out), or organisations.</summary>
    public Subject? Subject { get; init; }

    /// <summary>Which organisation it is: a value, or a field with codes; null unless the subject is organisations.</summary>
    public Term? Organisation { get; init; }

    /// <summary>Id in the address it was put to; not part of the document.</summary>
    [JsonIgnore]
    public string Id { get; init; } = "";

    /// <summary>Counts from 1; a change makes the next.</summary>
    [JsonIgnore]
    public int Version { get; init; }
}

/// <summary>Whom answers are about.</summary>
public enum Subject
{
    [JsonStringEnumMemberName("school")]
    School,

    /// <summary>Organisations, known by an id: each is its own respondent, and counts once at each stage.</summary>
    [JsonStringEnumMemberName("organisation")]
    Organisation,
}

/// <summary>A form of a configured source, by the tool's own form id.</summary>
public sealed record FormBinding(string Source, string Id);

/// <summary>Files a pollster drops under <c>poll-drop/{supplier}/</c> whose names match <paramref name="Files"/> (<c>*</c> stands for any text).</summary>
public sealed record PollBinding(string Supplier, string Files = "*", int HeaderRows = 1, string? Delimiter = null, IReadOnlyList<string>? NotAsked = null)
{
    /// <summary>The sheet of a workbook; its only one, or the first, when left out.</summary>
    public string? Sheet { get; init; }

    /// <summary><c>utf-8</c>, <c>utf-16</c> or <c>windows-1252</c>: text in any other encoding is refused. Found by itself when left out.</summary>
    public string? Encoding { get; init; }

    /// <summary>Numbers are written with a decimal comma.</summary>
    public bool? DecimalComma { get; init; }

    /// <summary><c>day-first</c> (when left out) or <c>iso</c>: how dates in text are written.</summary>
    public string? Dates { get; init; }

    /// <summary>A respondent is several lines, each with one answer.</summary>
    public LongBinding? Long { get; init; }

    /// <summary>Files come in pairs, a description and its data: a data file waits for its description, whatever it is called.</summary>
    public bool? Pair { get; init; }

    /// <summary>When people were asked.</summary>
    public FieldworkBinding? Fieldwork { get; init; }

    /// <summary>Rows that are no respondents of this poll: unfinished interviews, tests.</summary>
    public IReadOnlyList<RowExclusion>? Exclude { get; init; }

    /// <summary>Columns with personal data: nothing of them is kept or reported.</summary>
    public IReadOnlyList<string>? Drop { get; init; }

    /// <summary>How many bad rows refuse the whole file; any when left out.</summary>
    public RefusalLimit? Refuse { get; init; }

    /// <summary>The largest weight over the mean weight beyond which the report says so; <see cref="UsualWeightRatio"/> when left out.</summary>
    public double? WeightRatio { get; init; }

    /// <summary>Survey houses trim weights at 5 to 10 times the mean: beyond twenty something is wrong more often than not.</summary>
    public const double UsualWeightRatio = 20;
}

/// <summary>The columns of a file with one answer in each line.</summary>
public sealed record LongBinding(string Respondent, string Question, string Answer);

/// <summary>First and last day of fieldwork: stated, or found in columns of dates.</summary>
public sealed record FieldworkBinding(DateOnly? From = null, DateOnly? To = null, IReadOnlyList<string>? Fields = null);

/// <summary>A field whose answers put a row out of the poll; each answer says for what reason.</summary>
public sealed record RowExclusion(string Field, IReadOnlyDictionary<string, string> Answers);

/// <summary>A file with more bad rows than this is refused whole; up to it the bad rows are left out, counted and listed.</summary>
/// <param name="Rows">number of rows.</param>
/// <param name="Share">share of the rows read, from 0 to 1. Where both are given a file that passes either is refused.</param>
public sealed record RefusalLimit(int? Rows = null, double? Share = null)
{
    /// <summary>Do so many bad rows refuse the file?</summary>
    public bool IsPassedBy(long refused, long read) =>
        refused > 0 && (Rows is null && Share is null || refused > Rows || (Share is { } share && refused > share * read));
}

/// <summary>A field by name: a question's id or ref, <c>hidden.name</c> for a hidden field, a column's header in a poll file.</summary>
public sealed record FieldName(string Field);

/// <summary>A fixed value, or a field whose answers are translated by codes (without codes the answer itself is the value).</summary>
public sealed record Term(string? Value = null, string? Field = null, IReadOnlyDictionary<string, string>? Codes = null)
{
    /// <summary>Wordings of a form's role question that the evidence lead has looked at; only <see cref="Instrument.Role"/> has any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<AcceptedWording>? Wordings { get; init; }

    /// <summary>Of a poll: what separates several answers in one cell, usually a space.</summary>
    public string? Separator { get; init; }

    /// <summary>Of a poll: columns that are ticked or not, and what a tick in each stands for.</summary>
    public IReadOnlyDictionary<string, string>? Ticked { get; init; }

    /// <summary>Of a poll: what a tick looks like; <c>1</c>, <c>yes</c>, <c>true</c> and the file's own mark when left out.</summary>
    public IReadOnlyList<string>? Ticks { get; init; }

    /// <summary>Of a poll: what a row without an answer is; a problem when left out.</summary>
    public string? Otherwise { get; init; }

    /// <summary>Of a poll: the file's name with <c>{}</c> where the value stands and <c>*</c> for any other text.</summary>
    public string? File { get; init; }

    /// <summary>Can it come to this value?</summary>
    public bool MayBe(string value) => Value is null ? Codes?.Values.Contains(value, StringComparer.Ordinal) != false : Value == value;
}

/// <summary>One question: which indicator it measures, in which field, and what each answer (label, ref or code) is coded as.</summary>
/// <param name="OutOfBase">of a poll: answers that are left out of the base, each with the reason it is counted under.</param>
public sealed record Item(string Indicator, string Field, IReadOnlyDictionary<string, string> Codes, IReadOnlyDictionary<string, string>? OutOfBase = null)
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

