namespace WholeSchoolSend.Simulation;

/// <summary>One cell of a school's totals: how many, Σw, Σw².</summary>
internal sealed record Cell(int N, decimal W, decimal Q);

/// <summary>A share and what it rests on.</summary>
internal sealed record ExpectedShare(int Base, int Schools, decimal Weights, decimal Yes)
{
    public double Value => (double)(100 * Yes / Weights);
}

/// <summary>
/// What the figures must be, worked from the script alone: of each response the version that counts, of each person at a school the latest, the file that was
/// dropped last. It knows nothing of how the app does it, or in what order things happened to be done.
/// </summary>
internal sealed class Oracle
{
    private readonly IReadOnlyList<ScriptEvent> _happened;

    public Oracle(IReadOnlyList<ScriptEvent> happened)
    {
        _happened = happened;
        Version = happened.OfType<PutForm>().Select(put => put.Version).DefaultIfEmpty(1).Max();
        var delivered = happened.OfType<Deliver>().SelectMany(deliver => deliver.Responses).Where(said => Script.Code(said.Answer, Version) is not null);
        var announced = happened.OfType<Announce>().Select(announce => announce.Response);
        Counted =
        [
            .. delivered.GroupBy(said => said.Id).Select(versions => versions.Any(said => said.Updated is not null) ? versions.MaxBy(said => said.Updated)! : versions.MinBy(said => said.Submitted)!),
            // A vendor tells when a response was last changed; that is when it was submitted.
            .. announced.GroupBy(said => said.Id).Select(versions => versions.MaxBy(said => said.Updated)!).Select(said => said with { Submitted = said.Updated!.Value }),
        ];
        Erasures = [.. happened.OfType<Erase>()];
        var erased = AllSaid.Where(said => Erasures.Any(erase => Covers(erase, said))).Select(said => said.Id).ToHashSet();
        Erased = [.. AllSaid.Where(said => erased.Contains(said.Id))];
        Counted = [.. Counted.Where(said => !erased.Contains(said.Id))];
        Respondents = [.. Counted.GroupBy(said => (said.Urn, said.Key)).Select(person => person.MaxBy(said => said.Submitted)!)];
        Engaged = happened.OfType<DropEngagements>().Last().Urns.ToHashSet();
    }

    /// <summary>The newest version of the form's instrument.</summary>
    public int Version { get; }

    /// <summary>The version of each response that counts.</summary>
    public IReadOnlyList<Said> Counted { get; }

    public IReadOnlyList<Erase> Erasures { get; }

    /// <summary>Every version of every response of whom an erasure covers: one version is enough.</summary>
    public IReadOnlyList<Said> Erased { get; }

    /// <summary>Every version of every other response, those that wait in quarantine as well.</summary>
    public IEnumerable<Said> Kept => AllSaid.Except(Erased);

    private IEnumerable<Said> AllSaid => _happened.OfType<Deliver>().SelectMany(deliver => deliver.Responses)
        .Concat(_happened.OfType<Announce>().Select(announce => announce.Response));

    /// <summary>Of each person at a school the response that counts.</summary>
    public IReadOnlyList<Said> Respondents { get; }

    public IReadOnlySet<string> Engaged { get; }

    /// <summary>The poll file that counts; null: none does.</summary>
    public DropPoll? Poll => _happened.Aggregate((DropPoll?)null, (counts, what) => what switch
    {
        DropPoll { IsGood: true } drop => drop,
        Withdraw withdraw when withdraw.File == counts?.File => null,
        _ => counts,
    });

    /// <summary>Poll files that counted at some time, or could have.</summary>
    public IEnumerable<DropPoll> Polls => _happened.OfType<DropPoll>().Where(drop => drop.IsGood);

    public IEnumerable<IReadOnlySet<string>> EngagedAtSomeTime => _happened.OfType<DropEngagements>().Select(drop => drop.Urns.ToHashSet());

    public SortedDictionary<string, Cell> FormCells() => Cells(Respondents.Select(said => (said.Urn, said.Role, Code(said), said.Weight)));

    public SortedDictionary<string, Cell> PollCells() => Cells(Rows(Poll, Erasures).Select(row => (row.Urn, row.Role, row.Answer, row.Weight)));

    public ExpectedShare Form(bool engaged) => Share(Respondents.Select(said => (said.Urn, Code(said), said.Weight)), Engaged, engaged);

    /// <param name="without">erasures that had been done by then.</param>
    public static ExpectedShare Of(DropPoll? poll, IReadOnlyCollection<Erase> without, IReadOnlySet<string> engagedSchools, bool engaged) =>
        Share(Rows(poll, without).Select(row => (row.Urn, row.Answer, row.Weight)), engagedSchools, engaged);

    public static bool Covers(Erase erase, PollRow row) => erase.By switch
    {
        ErasedBy.School => row.Urn == erase.Whom,
        ErasedBy.Response => false,
        _ => row.Key == erase.Whom,
    };

    private static bool Covers(Erase erase, Said said) => erase.By == ErasedBy.Response
        ? said.Id == erase.Whom
        : said.Submitted < erase.Until && (erase.By == ErasedBy.School ? said.Urn : said.Key) == erase.Whom;

    private static IEnumerable<PollRow> Rows(DropPoll? poll, IReadOnlyCollection<Erase> without) => (poll?.Rows ?? []).Where(row => !without.Any(erase => Covers(erase, row)));

    private string Code(Said said) => Script.Code(said.Answer, Version)!;

    private static SortedDictionary<string, Cell> Cells(IEnumerable<(string Urn, string Role, string Code, decimal Weight)> answers)
    {
        var cells = new SortedDictionary<string, Cell>(StringComparer.Ordinal);
        foreach (var (urn, role, code, weight) in answers)
        {
            var key = $"{urn} {role} {code}";
            var before = cells.GetValueOrDefault(key) ?? new Cell(0, 0, 0);
            cells[key] = new Cell(before.N + 1, before.W + weight, before.Q + (weight * weight));
        }
        return cells;
    }

    private static ExpectedShare Share(IEnumerable<(string Urn, string Code, decimal Weight)> answers, IReadOnlySet<string> engagedSchools, bool engaged)
    {
        var valid = answers.Where(answer => answer.Code is "fully" or "partly" or "not" && engagedSchools.Contains(answer.Urn) == engaged).ToList();
        return new ExpectedShare(
            valid.Count, valid.Select(answer => answer.Urn).Distinct().Count(), valid.Sum(answer => answer.Weight), valid.Where(answer => answer.Code == "fully").Sum(answer => answer.Weight));
    }
}
