using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>The public figures of one wave as one run gives them, and what stands behind them.</summary>
internal sealed record WaveDraft(IReadOnlyList<ReadingResult> Results, Issue Issue);

/// <summary>Drafts public figures from one run: rounded, and with everything withheld that must be. Nothing of a draft is public yet.</summary>
internal sealed class PublicDraft(
    Catalogue catalogue, DisclosurePolicy policy, RunFrame frame, IReadOnlyList<ReadingResult> readings, Evidence evidence, PastRead past, string? latest)
{
    private readonly Samples _samples = new(catalogue, evidence);
    private readonly IReadOnlyList<Telling> _tellings = Relations.Of(catalogue);
    private readonly HashSet<string> _accepted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Target?> _targets = catalogue.Readings().ToDictionary(
        entry => entry.Reading.Id, entry => entry.Reading.Undecided is null ? entry.Reading.Target ?? entry.Kpi.Target : null, StringComparer.Ordinal);

    /// <summary>What is not about a wave: reach, milestones, examples.</summary>
    public IEnumerable<ReadingResult> OfAllTime() => readings.Where(result => result.Wave is null).Select(result => PublicFigures.Of(result, _targets[result.Reading], policy));

    /// <summary>Somebody must put the wave's evidence in order first.</summary>
    public bool IsHeld(string wave) => readings.Any(result => result.Wave == wave && result.IsHeld);

    /// <summary>Every issue of a wave so far, oldest first; null for one of which is not known what stood behind it.</summary>
    public Task<IReadOnlyList<Issue?>> PastAsync(string wave, CancellationToken cancellation) => past.OfAsync(wave, latest, cancellation);

    /// <summary>The figures of a wave's readings.</summary>
    /// <param name="published">what other waves show: changes are shown since these only.</param>
    public async Task<WaveDraft> OfAsync(string wave, Func<string, bool> ofReading, IReadOnlyList<ReadingResult> published, CancellationToken cancellation)
    {
        var results = readings.Where(result => result.Wave == wave && !result.IsHeld && ofReading(result.Reading)).ToList();
        var answers = SchoolAnswers.Of(catalogue, _samples, wave);
        var withholding = Withholding.Of(_tellings, results, answers, policy);
        var shown = new List<ReadingResult>();
        foreach (var result in results)
        {
            IReadOnlyCollection<string> withheld = [.. withholding.Of(result.Reading), .. await UnissuedChangesAsync(result, published, cancellation)];
            shown.Add(PublicFigures.Of(result, _targets[result.Reading], policy, withheld));
        }
        var collections = withholding.Issued.Select(figure => figure.Question.Collection).ToHashSet(StringComparer.Ordinal);
        return new WaveDraft(
            [.. Adjusted(Apart(Joined(shown), results), results)],
            new Issue(withholding.Issued, answers.Where(school => collections.Contains(school.Collection)).ToList()));
    }

    /// <summary>This wave's draft goes into the document: later waves may show their changes since.</summary>
    public void Accept(string wave) => _accepted.Add(wave);

    /// <summary>
    /// Changes since waves that do not show what they rest on: an earlier figure that is withheld, masked or not issued would come back from what it changed
    /// to, and one that has changed since its issue would be issued through the back door.
    /// </summary>
    private async Task<List<string>> UnissuedChangesAsync(ReadingResult result, IReadOnlyList<ReadingResult> published, CancellationToken cancellation)
    {
        var unissued = new List<string>();
        if (!policy.Has(DisclosureRule.Changes)) return unissued;
        foreach (var figure in result.Figures.Where(figure => figure.Name is "since-previous" or "trend"))
        {
            var order = frame.Waves.Select(wave => wave.Id).ToList();
            var since = readings.Where(one => one.Reading == result.Reading && order.IndexOf(one.Wave!) >= order.IndexOf(figure.Source!) && order.IndexOf(one.Wave!) < order.IndexOf(result.Wave!))
                .Where(one => figure.Name == "trend" || one.Wave == figure.Source)
                .Select(one => one.Wave!);
            foreach (var wave in since)
                if (!await StandsAsync(result.Reading, wave, published, cancellation))
                {
                    unissued.Add(figure.Name);
                    break;
                }
        }
        return unissued;
    }

    /// <summary>Does the wave show the reading, of the answers there are now?</summary>
    private async Task<bool> StandsAsync(string reading, string wave, IReadOnlyList<ReadingResult> published, CancellationToken cancellation)
    {
        var engaged = published.FirstOrDefault(result => result.Reading == reading && result.Wave == wave)?.Figures.FirstOrDefault(figure => figure.Name == "engaged");
        if (engaged is not { Symbol: null, Lower: not null }) return false;
        if (_accepted.Contains(wave)) return true;
        if (await PastAsync(wave, cancellation) is not [.., { } last]) return false;
        var question = _tellings.First(telling => telling.Reading == reading).Question;
        return Lines(last.Answers).SequenceEqual(Lines(SchoolAnswers.Of(catalogue, _samples, wave)), StringComparer.Ordinal);

        IEnumerable<string> Lines(IEnumerable<SchoolAnswers> answers) => answers.Where(school => school.Collection == question.Collection)
            .SelectMany(school => school.Answers.Where(question.Takes).Select(answer => FormattableString.Invariant($"{school.School}|{school.Engaged}|{school.Phase}|{answer.Key}|{answer.N}|{answer.W:R}")))
            .Order(StringComparer.Ordinal);
    }

    /// <summary>What joins readings says what their public verdicts say: of one that is withheld, or told as a bound only, its own would tell.</summary>
    private IEnumerable<ReadingResult> Joined(List<ReadingResult> results)
    {
        var joined = catalogue.Readings().Where(entry => entry.Reading.Measure is AllMet).ToDictionary(entry => entry.Reading.Id, entry => (AllMet)entry.Reading.Measure, StringComparer.Ordinal);
        return results.Select(result =>
        {
            if (!joined.TryGetValue(result.Reading, out var all) || result.Verdict is null or Verdict.Insufficient) return result;
            var parts = results.Where(part => all.Readings.Contains(part.Reading)).Select(part => part.Verdict).ToList();
            return parts.Any(verdict => verdict is null or Verdict.Insufficient)
                ? result with { Verdict = Verdict.Insufficient, Reason = "not every part can be decided", ReasonCode = ReasonCode.PartUndecided }
                : result with { Verdict = parts.Max() };
        });
    }

    /// <summary>Two readings must not tell by the difference of what they hold apart how few somebody is.</summary>
    private IEnumerable<ReadingResult> Apart(IEnumerable<ReadingResult> results, List<ReadingResult> unrounded)
    {
        var told = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var apart = unrounded.ToDictionary(result => result.Reading, result => result.HeldApart?.Respondents, StringComparer.Ordinal);
        var byPriority = _tellings.Select(telling => telling.Reading).Distinct(StringComparer.Ordinal).ToList();
        var hidden = new HashSet<string>(StringComparer.Ordinal);
        foreach (var result in unrounded.Where(result => result.HeldApart?.Respondents >= policy.MinRespondents).OrderBy(result => byPriority.IndexOf(result.Reading)))
        {
            var question = _tellings.FirstOrDefault(telling => telling.Reading == result.Reading)?.Question.ToString() ?? result.Reading;
            var counts = told.TryGetValue(question, out var known) ? known : told[question] = [];
            var count = apart[result.Reading]!.Value;
            if (policy.Has(DisclosureRule.Secondary) && counts.Exists(other => other != count && Math.Abs(other - count) < policy.MinRespondents)) hidden.Add(result.Reading);
            else counts.Add(count);
        }
        return results.Select(result => hidden.Contains(result.Reading) ? result with { HeldApart = new HeldApart(null, null) } : result);
    }

    /// <summary>A p-value adjusted for tests of which one is withheld would tell of it.</summary>
    private IEnumerable<ReadingResult> Adjusted(IEnumerable<ReadingResult> results, List<ReadingResult> unrounded)
    {
        var all = results.ToList();
        var broken = catalogue.Families.Where(family => family.Tests.Any(test => IsTest(unrounded, test) && !IsTest(all, test))).Select(family => $"{family.Id}: ").ToList();
        return all.Select(result => result with
        {
            Figures = [.. result.Figures.Select(figure => figure.Family is { } name && broken.Exists(family => name.StartsWith(family, StringComparison.Ordinal))
                ? figure with { Family = null, HolmP = null, DiscoveryP = null }
                : figure)],
        });

        static bool IsTest(List<ReadingResult> results, FamilyTest test) =>
            results.Find(result => result.Reading == test.Reading)?.Figures.Any(figure => figure.Name == test.Figure && (figure.PValue is not null || figure.P is not null)) == true;
    }
}
