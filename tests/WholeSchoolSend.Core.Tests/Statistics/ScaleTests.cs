using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics;

public sealed class ScaleTests
{
    private const int Schools = 25_000;

    [Fact]
    public void Readings_from_25000_schools_allocate_no_more_than_a_few_kilobytes_each()
    {
        var design = SampleDesign.Of(Enumerable.Range(0, Schools).Select(i => new SampledSchool($"{100000 + i}", $"{i % 2}|{i % 63}")));
        DomainTotals[] domains =
        [
            .. Enumerable.Range(0, 3).Select(role => Domain(design, engaged: true, role)),
            .. Enumerable.Range(0, 3).Select(role => Domain(design, engaged: false, role)),
        ];
        _ = Evaluate(domains);   // warms the pool

        var before = GC.GetAllocatedBytesForCurrentThread();
        var readings = Evaluate(domains);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(12, readings);
        Assert.InRange(allocated, 0, readings * 8192);
    }

    private static int Evaluate(DomainTotals[] domains)
    {
        var readings = 0;
        foreach (var domain in domains)
        {
            var e = Proportion.Estimate(domain)!;
            Assert.NotNull(ProportionIntervals.KornGraubardCapped(e));
            Assert.NotNull(ProportionIntervals.Wilson(e));
            readings++;
        }

        for (var role = 0; role < 3; role++)
        {
            Assert.NotNull(DomainDifference.MoverWilson(DomainDifference.Estimate(domains[role], domains[role + 3])!));
            Assert.NotNull(RaoScott.Test(domains[role], domains[role + 3]));
            readings += 2;
        }

        return readings;
    }

    private static DomainTotals Domain(SampleDesign design, bool engaged, int role)
    {
        var rows = new List<SchoolSums>();
        for (var i = 0; i < design.SchoolCount; i++)
        {
            if ((i % 2 == 0) != engaged) continue;
            var (w, yes) = (1 + (i % 7 / 10.0), (i + role) % 3 != 0);
            rows.Add(SchoolSums.None(i).Plus(1, w, w * w, yes).Plus(1, w, w * w, i % 5 == 0));
        }

        return DomainTotals.Of(design, rows.ToArray());
    }
}
