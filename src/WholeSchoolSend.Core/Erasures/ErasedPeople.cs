using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Erasures;

/// <summary>What is known of a response that is held somewhere, or that comes.</summary>
/// <param name="Instrument">null: none maps its form.</param>
/// <param name="School">as coded; null where it is not.</param>
/// <param name="Wave">as coded; null where it is not.</param>
/// <param name="Respondent">the pseudonym; null where there is none, or it is not coded.</param>
public sealed record HeldResponse(
    string Identity, string Source, string? Instrument, string? School, string? Wave, string? Respondent, DateTimeOffset Submitted, RedactedAnswers Answers);

/// <summary>
/// Everybody who was erased, as far as they can be recognised without being known: by the keyed hash of their key, looked for in pseudonyms, and in
/// texts wherever a word of its length begins and ends.
/// </summary>
public sealed class ErasedPeople
{
    public static readonly ErasedPeople Nobody = new([], new Dictionary<string, string>(), null);

    private readonly IReadOnlyList<Erasure> _erasures;
    private readonly IReadOnlyDictionary<string, string> _tombstones;
    private readonly Pseudonyms? _pseudonyms;

    public ErasedPeople(IReadOnlyList<Erasure> erasures, IReadOnlyDictionary<string, string> tombstones, Pseudonyms? pseudonyms) =>
        (_erasures, _tombstones, _pseudonyms) = (erasures, tombstones, pseudonyms);

    public bool IsEmpty => _erasures.Count == 0 && _tombstones.Count == 0;

    public IReadOnlyList<Erasure> Erasures => _erasures;

    /// <summary>Only these of them.</summary>
    public ErasedPeople Of(Erasure erasure) => new([erasure], _tombstones.Where(one => one.Value == erasure.Id).ToDictionary(StringComparer.Ordinal), _pseudonyms);

    /// <summary>Only these of them, as far as files are concerned.</summary>
    public ErasedPeople Of(IReadOnlyCollection<string> ids) => new([.. _erasures.Where(erasure => ids.Contains(erasure.Id))], _tombstones, _pseudonyms);

    /// <summary>By which erasure a response of this identity was erased; null: it was not.</summary>
    public string? OfIdentity(string identity) => _tombstones.GetValueOrDefault(identity);

    /// <summary>The erasure a response falls under: its own, or its person's or school's from before the request.</summary>
    public string? Covering(HeldResponse response)
    {
        if (IsEmpty) return null;
        if (_tombstones.TryGetValue(response.Identity, out var erased)) return erased;
        var digests = Values(response).Where(value => value.Id == Redaction.Pseudonym).Select(value => value.Text).Append(response.Respondent ?? "")
            .Distinct(StringComparer.Ordinal).Select(_pseudonyms!.OfErased).ToHashSet(StringComparer.Ordinal);
        foreach (var erasure in _erasures)
            if (Covers(erasure, response, digests)) return erasure.Id;
        return null;
    }

    /// <summary>The erasure under which a body falls that nobody could decode; what cannot be searched falls under whichever there is.</summary>
    /// <param name="source">null where a crash left nothing that says it.</param>
    /// <param name="most">how many words are tried at most; where that is too few, nothing is found.</param>
    public (string Erasure, bool IsUnsearchable)? In(string? source, RawDelivery raw, int most = int.MaxValue)
    {
        var concerned = _erasures.Where(erasure => source is null || erasure.Sources?.Contains(source, StringComparer.Ordinal) != false).ToList();
        if (concerned.Count == 0) return null;
        if (raw.Headers.TryGetValue("content-encoding", out var encoding) && encoding is not ("" or "identity")) return (concerned[0].Id, true);
        var views = TextViews.Of(raw.Body.Span).Concat(raw.Headers.Values).Concat(raw.Query.Values).Select(TextViews.Normal).Distinct(StringComparer.Ordinal).ToList();
        foreach (var alike in concerned.GroupBy(erasure => (IsEmail: erasure.Of == ErasureOf.Email, erasure.Length)))
        {
            var wanted = alike.DistinctBy(erasure => erasure.Digest).ToDictionary(erasure => erasure.Digest, StringComparer.Ordinal);
            // A word is tried once, however often it stands in however many readings, and for however many who were erased.
            var tried = new HashSet<string>(StringComparer.Ordinal);
            foreach (var view in views)
            {
                foreach (var (at, length) in Words(alike.Key.IsEmail, alike.Key.Length, view))
                {
                    if (!tried.GetAlternateLookup<ReadOnlySpan<char>>().Add(view.AsSpan(at, length))) continue;
                    if (--most < 0) return null;
                    if (wanted.TryGetValue(DigestOf(view.AsSpan(at, length)), out var erasure)) return (erasure.Id, false);
                }
            }
        }
        return null;
    }

    /// <summary>Does a text hold the e-mail address somebody was erased by?</summary>
    public bool HoldsEmail(Erasure erasure, string text) => erasure.Of == ErasureOf.Email && IsIn(erasure, text);

    /// <summary>Does a text hold what an erasure is about, as a word or words of its own?</summary>
    public bool IsIn(Erasure erasure, string text) => (erasure.Of != ErasureOf.Email || text.AsSpan().ContainsAny('@', '\uFF20', '\uFE6B')) && IsInNormal(erasure, TextViews.Normal(text));

    /// <summary>The rows of a poll file that fall under an erasure; null where none can.</summary>
    public ErasedRows? RowsOf(string instrument, string? wave)
    {
        var concerned = _erasures.Where(erasure => erasure.Of != ErasureOf.Response && erasure.Instruments?.Contains(instrument, StringComparer.Ordinal) != false
            && (wave is null || erasure.Waves.Contains(wave, StringComparer.Ordinal))).ToList();
        return concerned.Count == 0 ? null : new ErasedRows(concerned, this);
    }

    /// <summary>Is a text, as a whole, the key of this erasure?</summary>
    internal bool IsKey(Erasure erasure, string text) =>
        TextViews.Normal(text.Trim()) is var key && key.Length == erasure.Length && IsDigestOf(erasure, key);

    /// <param name="digests">of all pseudonyms in the response.</param>
    private bool Covers(Erasure erasure, HeldResponse response, HashSet<string> digests)
    {
        if (erasure.Of == ErasureOf.Response) return erasure.Identity == response.Identity;
        if (response.Submitted > erasure.Until || !IsInScope(erasure, response)) return false;
        if (erasure.Of == ErasureOf.School)
            return response.School == erasure.School || Values(response).Any(value => value.Text.Trim() == erasure.School);
        return digests.Contains(erasure.Digest) || Values(response).Any(value => value.Id != Redaction.Pseudonym && HoldsEmail(erasure, value.Text));
    }

    private static IEnumerable<AnswerValue> Values(HeldResponse response) => response.Answers.Fields.SelectMany(field => field.Values);

    private static bool IsInScope(Erasure erasure, HeldResponse response) =>
        (erasure.Wave is null || response.Wave is null || erasure.Wave == response.Wave)
        && (erasure.Instruments is { } instruments && response.Instrument is { } instrument
            ? instruments.Contains(instrument, StringComparer.Ordinal)
            : response.Source.Length == 0 || erasure.Sources?.Contains(response.Source, StringComparer.Ordinal) != false);

    private bool IsInNormal(Erasure erasure, string text)
    {
        foreach (var (at, length) in Words(erasure.Of == ErasureOf.Email, erasure.Length, text))
            if (IsDigestOf(erasure, text.AsSpan(at, length))) return true;
        return false;
    }

    /// <summary>Where a key of this length may stand.</summary>
    private static IEnumerable<(int At, int Length)> Words(bool isEmail, int length, string text)
    {
        if (!isEmail)
        {
            for (var at = 0; at + length <= text.Length; at++)
                if (IsWord(text, at, length)) yield return (at, length);
            yield break;
        }
        // Only round the sign every address has: a long body is looked through as fast as it is read.
        var tried = 0;
        for (var sign = text.IndexOf('@', StringComparison.Ordinal); sign >= 0; sign = text.IndexOf('@', sign + 1))
        {
            for (var at = Math.Max(tried, sign - length + 2); at < sign && at + length <= text.Length; at++)
                if (IsWord(text, at, length) && !IsPartOfAnAddress(text, at, length)) yield return (at, length);
            tried = sign;
        }
    }

    /// <summary>Letters and digits go on within a word, everything else may end it.</summary>
    private static bool IsWord(string text, int at, int length) =>
        !(at > 0 && char.IsLetterOrDigit(text[at - 1]) && char.IsLetterOrDigit(text[at]))
        && !(at + length < text.Length && char.IsLetterOrDigit(text[at + length]) && char.IsLetterOrDigit(text[at + length - 1]));

    /// <summary>Is there more of an address before it or behind it? Then it is somebody else's, with a longer name or at another place.</summary>
    private static bool IsPartOfAnAddress(string text, int at, int length)
    {
        var end = at + length;
        return (at > 1 && text[at - 1] is ('.' or '_' or '-' or '+') && char.IsLetterOrDigit(text[at - 2]))
            || (end + 1 < text.Length && text[end] is ('.' or '-') && char.IsLetterOrDigit(text[end + 1]));
    }

    private bool IsDigestOf(Erasure erasure, ReadOnlySpan<char> candidate) => DigestOf(candidate) == erasure.Digest;

    private string DigestOf(ReadOnlySpan<char> candidate) => _pseudonyms!.OfErased(_pseudonyms.Of(candidate.ToString()));
}

/// <summary>Recognises the rows of a poll file that are of somebody who was erased.</summary>
public sealed class ErasedRows
{
    private readonly List<Erasure> _erasures;
    private readonly ErasedPeople _people;
    private readonly Dictionary<string, int> _found = new(StringComparer.Ordinal);

    internal ErasedRows(List<Erasure> erasures, ErasedPeople people) => (_erasures, _people) = (erasures, people);

    public bool LooksForEmail => _erasures.Exists(erasure => erasure.Of == ErasureOf.Email);

    /// <summary>The same, before anything was found.</summary>
    public ErasedRows Again() => new(_erasures, _people);

    /// <summary>How many rows were found, by erasure.</summary>
    public IReadOnlyDictionary<string, int> Found => _found;

    /// <summary>All that were looked for in this wave, by id.</summary>
    public IEnumerable<string> Known(string wave) => _erasures.Where(erasure => IsAbout(erasure, wave)).Select(erasure => erasure.Id);

    /// <summary>Notes and tells whether a row falls under an erasure.</summary>
    /// <param name="emails">cells that hold an <c>@</c>.</param>
    public bool Take(string wave, string? respondent, string? school, IReadOnlyList<string> emails)
    {
        foreach (var erasure in _erasures)
        {
            if (!IsAbout(erasure, wave) || !IsOf(erasure, respondent, school, emails)) continue;
            _found[erasure.Id] = _found.GetValueOrDefault(erasure.Id) + 1;
            return true;
        }
        return false;
    }

    private bool IsOf(Erasure erasure, string? respondent, string? school, IReadOnlyList<string> emails) => erasure.Of switch
    {
        ErasureOf.School => school == erasure.School,
        ErasureOf.Email => (respondent is not null && _people.IsKey(erasure, respondent)) || emails.Any(cell => _people.IsIn(erasure, cell)),
        _ => respondent is not null && _people.IsKey(erasure, respondent),
    };

    private static bool IsAbout(Erasure erasure, string wave) => erasure.Waves.Contains(wave, StringComparer.Ordinal);
}
