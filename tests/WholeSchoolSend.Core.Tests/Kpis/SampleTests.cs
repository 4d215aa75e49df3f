using CsCheck;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Kpis;

public sealed class SampleTests
{
    private static readonly DateOnly Fieldwork = new(2026, 9, 1);

    private static readonly Gen<CellTotal> Cell = Gen.Select(
        Gen.OneOfConst("pre", "single"), Gen.OneOfConst("leader", "senco"), Gen.OneOfConst("first", "second"), Gen.OneOfConst("1", "2", "dk"),
        Gen.OneOfConst(null, "a", "b"), Gen.Int[1, 3], Gen.Double[0.1, 9],
        (stage, role, indicator, code, wording, n, weight) => new CellTotal(stage, role, indicator, code, n, n * weight, n * weight * weight) { Wording = wording });

    private static readonly Gen<EvidenceSource> Source = Gen
        .Select(Gen.Int[100_000, 100_012].HashSet[1, 9], Cell.List[1, 12].List[9])
        .Select((schools, cells) => new EvidenceSource("leaders", "file", [.. schools.Zip(cells, Totals)]));

    [Fact]
    public void Cells_sorted_by_question_add_up_to_the_bits_they_have_in_the_order_of_schools() => Source.List[1, 3].Sample(sources =>
    {
        var series = new WordingSeries("leaders", new StatedWordings([]), sources.SelectMany(source => source.Totals));
        // One in three engaged, and one that goes on as another: its cells are added to the other's.
        var schools = Enumerable.Range(100_000, 13).ToDictionary(
            number => $"{number}", number => new School($"{number}", "", number % 2 == 0 ? "Primary" : "Secondary", "London", true), StringComparer.Ordinal);
        var engagements = schools.Keys.Where((_, at) => at % 3 == 0).Select((urn, line) => new Engagement(urn, new DateOnly(2026, 1, 1), "", line)).ToList();
        var sample = new Sample(sources, new EngagementRegister(schools, [new SchoolLink("100001", "100005", null)], engagements, []), Fieldwork, series);
        var share = new Share("leaders", "single", "first", ["2"], ["1", "2"], ["senco"]);
        foreach (var arms in Enum.GetValues<Arms>())
        {
            using var domain = sample.Domain(share, arms);
            Assert.Equal(InTurn(sample, share, arms), domain.Schools.ToArray());
        }
    });

    private static SchoolTotals Totals(int school, List<CellTotal> cells) => new("autumn", $"{school}", cells.Count, cells, [])
    {
        Wordings = [.. cells.Where(cell => cell.Wording is not null).DistinctBy(cell => (cell.Stage, cell.Indicator, cell.Wording))
            .Select(cell => new WordingTotal(cell.Stage, cell.Indicator, cell.Wording!, cell.N, DateTimeOffset.UnixEpoch))],
    };

    private static SchoolSums[] InTurn(Sample sample, Share share, Arms arms)
    {
        var rows = new SortedDictionary<int, SchoolSums>();
        foreach (var (totals, engaged, _, position) in sample.Schools.Where(school => arms == Arms.Both || school.Engaged == (arms == Arms.Engaged)))
            foreach (var cell in totals.Cells.Where(cell => cell.Stage == share.Stage && cell.Indicator == share.Indicator && share.Roles.Contains(cell.Role)
                && share.Valid.Contains(cell.Code) && sample.Counts(cell)))
                rows[position] = rows.GetValueOrDefault(position, SchoolSums.None(position)).Plus(cell.N, cell.W, cell.Q, share.Success.Contains(cell.Code));
        return [.. rows.Values];
    }
}
