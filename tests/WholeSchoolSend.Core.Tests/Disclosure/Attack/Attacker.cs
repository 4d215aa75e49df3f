using System.Numerics;
using Google.OrTools.Sat;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Core.Tests.Disclosure.Attack;

/// <summary>What an attack came to.</summary>
/// <param name="Targets">groups too small to be told, and shares shown only as very small or large.</param>
/// <param name="Recovered">targets of which the attacker knows for certain how many said yes.</param>
internal sealed record Attacked(int Documents, int Figures, int Targets, IReadOnlyList<string> Recovered);

/// <summary>
/// Somebody with every public document who knows who took part, at which school, in which role, and whether they gave a valid answer, but not what they
/// answered. Every figure is a range that a weighed sum of unknown whole numbers lies in; the solver says whether only one number is possible.
/// </summary>
/// <remarks>
/// Stronger than anybody real: rounded bases and weights only blur what is known exactly here. It knows nothing of our rules: what readings count is read
/// from the catalogue's measures, what is published from the documents.
/// </remarks>
internal sealed class Attacker
{
    private const int Least = 10;
    private const int LeastSchools = 3;

    private readonly List<Range> _ranges = [];
    private readonly List<Target> _targets = [];
    private readonly Dictionary<int, Person> _answers = [];
    private readonly string _indicator;
    private int _figures;

    private Attacker(string indicator) => _indicator = indicator;

    /// <summary>Attacks both questions of a programme.</summary>
    public static Attacked Attack(Programme programme, Catalogue catalogue)
    {
        var sum = new Attacked(programme.Issues.Count, 0, 0, []);
        foreach (var indicator in (string[])["every-teacher-responsible", "key-area-1"])
        {
            var attacker = new Attacker(indicator);
            attacker.Read(programme, catalogue);
            var recovered = attacker.Solve();
            sum = new Attacked(sum.Documents, sum.Figures + attacker._figures, sum.Targets + attacker._targets.Count, [.. sum.Recovered, .. recovered]);
        }
        return sum;
    }

    private void Read(Programme programme, Catalogue catalogue)
    {
        var readings = catalogue.Readings().Where(entry => entry.Reading.Measure.IndicatorOf == _indicator).ToList();
        foreach (var person in programme.Issues.SelectMany(issue => issue.Moment.People)) _answers[person.Id] = person;
        foreach (var (wave, document, moment) in programme.Issues)
            foreach (var (kpi, reading) in readings)
            {
                var result = document.Kpis.Single(one => one.Id == kpi.Id).Readings.FirstOrDefault(one => one.Id == reading.Id)?.Results.FirstOrDefault(one => one.Wave == wave);
                if (result is not null) Read(reading, result, wave, moment);
            }
        foreach (var wave in programme.Issues.Select(issue => issue.Wave).Distinct().ToList())
            Choose(readings.Select(entry => entry.Reading.Measure).ToList(), wave, programme.Issues.Select(issue => issue.Moment).ToList());
    }

    private void Read(Reading reading, SnapshotResult result, string wave, Moment moment)
    {
        foreach (var figure in result.Figures.Where(figure => figure.Value is not null))
        {
            var tolerance = figure.Value!.Value == Math.Truncate(figure.Value.Value) && figure.Unit != "points" ? 0.5 : 0.05;
            List<(HashSet<int> People, double Part)> sums = (figure.Name, reading.Measure) switch
            {
                ("engaged", Share share) => [Part(People(share, wave, moment, true), 1)],
                ("wider", Share share) => [Part(People(share, wave, moment, false), 1)],
                ("difference", Share share) => [Part(People(share, wave, moment, true), 1), Part(People(share, wave, moment, false), -1)],
                ("wider-standardised", Share share) => Standardised(share, wave, moment),
                ("since-previous", Share share) => [Part(People(share, wave, moment, true), 1), Part(People(share, figure.Source!, moment, true), -1)],
                ("engaged", MixedShare mixed) => [.. mixed.Parts.Select(part => Part(People(mixed.Of(part), wave, moment, true), part.Part))],
                ("wider", MixedShare mixed) => [.. mixed.Parts.Select(part => Part(People(mixed.Of(part), wave, moment, false), part.Part))],
                ("engaged-mean", Score score) => [Part(People(score, wave, moment, true), 1)],
                ("wider-mean", Score score) => [Part(People(score, wave, moment, false), 1)],
                _ => [],
            };
            if (sums.Count == 0 || sums.Any(sum => sum.People.Count == 0)) continue;
            _figures++;
            var isScore = reading.Measure is Score;
            var (lower, upper) = (figure.Value.Value - tolerance, figure.Value.Value + tolerance);
            // What a bound means is public: beyond 5 and 95 of under 100, of more whatever fewer than three answered otherwise.
            var bound = sums[0].People.Count < 100 ? 5 : 300.0 / sums[0].People.Count;
            if (figure.Marks?.Contains("under_5") == true) (lower, upper) = (0, bound);
            if (figure.Marks?.Contains("over_95") == true) (lower, upper) = (100 - bound, 100);
            // A verdict or a test would narrow it down: neither is told of a bound but what follows from it.
            if (figure is { Name: "engaged", Lower: null, Marks.Count: > 0 })
            {
                Assert.True(result.Verdict is null or Verdict.MetPoint or Verdict.NotMetPoint or Verdict.Insufficient, $"{reading.Id}: {result.Verdict} beside a bound");
                Assert.All(result.Figures, one => Assert.Null(one.P));
            }
            _ranges.Add(new Range([.. sums.Select(sum => (sum.People, (isScore ? 1.0 : 100.0) * sum.Part / sum.People.Count))], isScore, lower, upper));
            // A share that is not told must not be known by the person.
            if (figure.Marks?.Any(mark => mark is "under_5" or "over_95") == true && sums.Count == 1) Aim($"{reading.Id} {figure.Name} masked", People(reading.Measure, wave, moment, figure.Name == "engaged"));
        }

        static (HashSet<int> People, double Part) Part(IEnumerable<Person> people, double part) => (people.Select(person => person.Id).ToHashSet(), part);

        static List<(HashSet<int> People, double Part)> Standardised(Share share, string wave, Moment moment)
        {
            var (engaged, wider) = (People(share, wave, moment, true), People(share, wave, moment, false).ToLookup(person => moment.Phases[person.School]));
            return [.. engaged.GroupBy(person => moment.Phases[person.School]).Select(phase => Part(wider[phase.Key], (double)phase.Count() / engaged.Count))];
        }
    }

    private static List<Person> People(Measure measure, string wave, Moment moment, bool engaged)
    {
        var (roles, valid, success) = measure switch
        {
            Share share => (share.Roles, share.Valid, share.Success),
            Score score => (score.Roles, (IReadOnlyList<string>)["1", "2", "3", "4", "5"], ["4", "5"]),
            _ => throw new NotSupportedException(),
        };
        return moment.People.Where(person => person.Wave == wave && moment.Engaged.Contains(person.School) == engaged && roles.Contains(person.Role)
            && valid.Contains(measure.IndicatorOf == "key-area-1" ? person.Area : person.Responsible)).ToList();
    }

    /// <summary>Groups that must not be told: every reading's people, what two of them share, what one has over another, by phase, and whoever came or went.</summary>
    private void Choose(List<Measure> measures, string wave, List<Moment> moments)
    {
        var shares = measures.OfType<Share>().Concat(measures.OfType<MixedShare>().SelectMany(mixed => mixed.Parts.Select(mixed.Of))).ToList();
        foreach (var engaged in (bool[])[true, false])
        {
            var groups = moments.Select(moment => shares.Select(share => People(share, wave, moment, engaged)).ToList()).ToList();
            for (var then = 0; then < groups.Count; then++)
                for (var one = 0; one < shares.Count; one++)
                {
                    var name = $"{wave} {(engaged ? "engaged" : "wider")} {string.Join('/', shares[one].Roles)}";
                    var people = groups[then][one];
                    AimSmall(name, people);
                    foreach (var phase in people.GroupBy(person => moments[then].Phases[person.School])) AimSmall($"{name} {phase.Key}", phase.ToList());
                    for (var other = 0; other < shares.Count; other++)
                        for (var later = then; later < groups.Count; later++)
                        {
                            var others = groups[later][other].Select(person => person.Id).ToHashSet();
                            AimSmall($"{name} without {string.Join('/', shares[other].Roles)} {later - then} issues later", people.Where(person => !others.Contains(person.Id)).ToList());
                            AimSmall($"{name} and {string.Join('/', shares[other].Roles)} {later - then} issues later", people.Where(person => others.Contains(person.Id)).ToList());
                            var mine = people.Select(person => person.Id).ToHashSet();
                            AimSmall($"{name} not yet {string.Join('/', shares[other].Roles)} {later - then} issues later", groups[later][other].Where(person => !mine.Contains(person.Id)).ToList());
                        }
                }
        }
    }

    private void AimSmall(string name, List<Person> all)
    {
        var people = all.Where(MightSayYes).ToList();
        var schools = people.GroupBy(person => person.School).Select(school => school.Count()).ToList();
        if (people.Count > 0 && (people.Count < Least || schools.Count < LeastSchools || 2 * schools.Max() > people.Count)) Aim(name, people);
    }

    private void Aim(string name, List<Person> people)
    {
        var ids = people.Where(MightSayYes).Select(person => person.Id).ToHashSet();
        if (ids.Count == 0 || _targets.Exists(target => target.People.SetEquals(ids))) return;
        _targets.Add(new Target(name, ids, people.Where(person => ids.Contains(person.Id)).Sum(Yes)));
    }

    /// <summary>What is asked is known of nobody who gave no valid answer; nor is it a secret that they did not.</summary>
    private bool MightSayYes(Person person) => _indicator != "every-teacher-responsible" || person.Responsible != "dk";

    private static int Score(Person person) => int.Parse(person.Area, System.Globalization.CultureInfo.InvariantCulture);

    private int Yes(Person person) => (_indicator == "key-area-1" ? person.Area is "4" or "5" : person.Responsible == "fully") ? 1 : 0;

    private List<string> Solve()
    {
        var recovered = new List<string>();
        if (_ranges.Count == 0) return recovered;
        // What really was said must be possible, or the attacker misreads the documents and finds nothing because of it.
        foreach (var range in _ranges)
            Assert.InRange(range.Sums.Sum(sum => sum.Times * sum.People.Sum(id => range.IsScore ? Score(_answers[id]) : Yes(_answers[id]))), range.Lower - 1e-6, range.Upper + 1e-6);

        // Alike people, in the same sums and targets, are one unknown for each answer.
        var sets = _ranges.SelectMany(range => range.Sums.Select(sum => sum.People)).Concat(_targets.Select(target => target.People)).ToList();
        var ids = sets.SelectMany(set => set).Distinct().ToList();
        var classes = ids.GroupBy(id => sets.Select((set, bit) => set.Contains(id) ? BigInteger.One << bit : 0).Aggregate((left, right) => left | right)).Select(same => same.ToHashSet()).ToList();
        var answers = _indicator == "key-area-1" ? 5 : 2;

        var model = new CpModel();
        var counts = classes.Select((same, index) => Enumerable.Range(0, answers).Select(answer => model.NewIntVar(0, same.Count, $"{index}~{answer}")).ToArray()).ToList();
        for (var index = 0; index < classes.Count; index++) model.Add(LinearExpr.Sum(counts[index]) == classes[index].Count);
        const double scale = 1e7;
        foreach (var range in _ranges)
        {
            var terms = new List<(IntVar Count, long Times)>();
            for (var index = 0; index < classes.Count; index++)
            {
                var times = range.Sums.Where(sum => sum.People.Overlaps(classes[index])).Sum(sum => sum.Times);
                if (times == 0) continue;
                for (var answer = 0; answer < answers; answer++)
                {
                    var worth = range.IsScore ? answer + 1 : answers == 5 ? (answer >= 3 ? 1 : 0) : answer;
                    if (worth != 0) terms.Add((counts[index][answer], (long)Math.Round(times * worth * scale)));
                }
            }
            if (terms.Count > 0)
                model.AddLinearConstraint(
                    LinearExpr.WeightedSum(terms.Select(term => term.Count), terms.Select(term => term.Times)), (long)Math.Floor((range.Lower * scale) - 10_000), (long)Math.Ceiling((range.Upper * scale) + 10_000));
        }

        var open = _targets.ToList();
        while (open.Count > 0)
        {
            var target = open[0];
            var mine = classes.Select((same, index) => (same, index)).Where(one => target.People.Overlaps(one.same)).SelectMany(one => counts[one.index][(answers == 5 ? 3 : 1)..]).ToList();
            if (!Looks(LinearExpr.Sum(mine) <= target.Yes - 1) && !Looks(LinearExpr.Sum(mine) >= target.Yes + 1))
            {
                recovered.Add($"{target.Name} ({target.People.Count})");
                open.RemoveAt(0);
            }

            // Is another number possible? Then whatever else is another number there is safe, too.
            bool Looks(BoundedLinearExpression other)
            {
                model.Add(other);
                var solver = new CpSolver { StringParameters = "num_workers:1,max_time_in_seconds:20" };
                var status = solver.Solve(model);
                model.Model.Constraints.RemoveAt(model.Model.Constraints.Count - 1);
                Assert.NotEqual(CpSolverStatus.Unknown, status);
                if (status is not (CpSolverStatus.Optimal or CpSolverStatus.Feasible)) return false;
                open.RemoveAll(one => classes.Select((same, index) => (same, index)).Where(pair => one.People.Overlaps(pair.same))
                    .Sum(pair => counts[pair.index][(answers == 5 ? 3 : 1)..].Sum(count => solver.Value(count))) != one.Yes);
                return true;
            }
        }
        return recovered;
    }

    private sealed record Range(IReadOnlyList<(HashSet<int> People, double Times)> Sums, bool IsScore, double Lower, double Upper);

    private sealed record Target(string Name, HashSet<int> People, int Yes);
}
