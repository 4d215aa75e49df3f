using CsCheck;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics;

/// <summary>Respondents of a made-up sample and the totals of its schools.</summary>
internal sealed record ASample(IReadOnlyList<ASample.Answer> Answers)
{
    internal sealed record Answer(string School, string Stratum, double Weight, bool Yes, bool Leader);

    /// <summary>Samples with two to twenty schools in one to four strata and unequal weights.</summary>
    public static readonly Gen<ASample> Any =
        from strata in Gen.Int[1, 4]
        from schools in Gen.Int[2, 20]
        from share in Gen.Double[0.02, 0.98]
        from answers in (
            from school in Gen.Int[0, schools - 1]
            from weight in Gen.Double[0.2, 3]
            from yes in Gen.Double[0, 1]
            from leader in Gen.Bool
            select new Answer($"{100000 + school}", $"stratum {school % strata}", weight, yes < share, leader)).List[2, 60]
        select new ASample(answers);

    /// <summary>One school per row of (yes, no) counts, all in one stratum, weights 1.</summary>
    public static ASample Of(params (int Yes, int No)[] schools) => new(
    [
        .. schools.SelectMany((s, i) => Enumerable.Range(0, s.Yes + s.No).Select(k => new Answer($"{100000 + i}", "all", 1, k < s.Yes, true))),
    ]);

    public SampleDesign Design => SampleDesign.Of(Answers.Select(a => new SampledSchool(a.School, a.Stratum)));

    public DomainTotals Totals(Func<Answer, bool>? where = null, SampleDesign? design = null)
    {
        var sample = design ?? Design;
        var totals = new SortedDictionary<int, SchoolSums>();
        foreach (var a in Answers.Where(where ?? (_ => true)))
        {
            var position = sample.PositionOf(a.School, a.Stratum);
            totals[position] = totals.GetValueOrDefault(position, SchoolSums.None(position)).Plus(1, a.Weight, a.Weight * a.Weight, a.Yes);
        }

        return DomainTotals.Of(sample, totals.Values.ToArray());
    }

    public ProportionEstimate Estimate() => Proportion.Estimate(Totals())!;
}
