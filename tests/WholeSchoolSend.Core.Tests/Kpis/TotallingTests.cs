using CsCheck;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Kpis;

public sealed class TotallingTests
{
    private static readonly DateTimeOffset Monday = new(2026, 11, 2, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_one_persons_answers_the_latest_submitted_counts_whatever_row_it_stands_in()
    {
        var early = ARow("p1", "3", minutes: 0);
        var late = ARow("p1", "5", minutes: 1);
        foreach (var rows in new[] { new[] { early, late }, [late, early] })
            Assert.Equal(new CellTotal("pre", "teacher", "cpd-confidence", "5", 1, 2, 4), Assert.Single(Assert.Single(Totalling.BySchool(rows)).Cells));
    }

    [Fact]
    public void Without_a_pseudonym_each_counts()
    {
        var totals = Assert.Single(Totalling.BySchool([ARow(null, "3", 0), ARow(null, "3", 0), ARow("p", "3", 0)]));
        Assert.Equal((3, 3), (totals.Respondents, totals.Cells[0].N));
    }

    [Fact]
    public void Who_answered_before_and_after_is_a_pair_with_the_weight_before()
    {
        var totals = Assert.Single(Totalling.BySchool([ARow("p1", "2", 0), ARow("p1", "5", 9, "post", 7), ARow("p2", "2", 0), ARow("p3", "4", 9, "post")]));
        Assert.Equal([new PairTotal("cpd-confidence", "2", "5", 1, 2, 4)], totals.Pairs);
        Assert.Equal(3, totals.Respondents);
    }

    [Fact]
    public void Waves_are_apart() =>
        Assert.Equal(["w1", "w2"], Totalling.BySchool([ARow("p", "1", 0, wave: "w2"), ARow("p", "2", 0, wave: "w1")]).Select(totals => totals.Wave));

    [Fact]
    public void Responses_in_any_order_give_the_same_totals()
    {
        // Rows come in key order from storage; this shows that nothing but the sums' rounding depends on it: whole weights, any order, equal.
        var row = Gen.Select(Gen.Int[0, 5], Gen.Int[1, 5], Gen.Int[0, 1_000_000], Gen.Bool, Gen.Int[1, 4])
            .Select((person, code, minutes, post, weight) => ARow(person == 0 ? null : $"p{person}", $"{code}", minutes, post ? "post" : "pre", weight));
        row.Array[1, 12].Where(rows => rows.Select(one => one.Submitted).Distinct().Count() == rows.Length)
            .SelectMany(rows => Gen.Shuffle(rows.ToArray()).Select(shuffled => (rows, shuffled)))
            .Sample((rows, shuffled) => Assert.Equal(Text(Totalling.BySchool(rows)), Text(Totalling.BySchool(shuffled))), iter: 500);
    }

    private static string Text(IReadOnlyList<SchoolTotals> totals) =>
        string.Join('\n', totals.Select(one => System.Text.Json.JsonSerializer.Serialize(one, TotalsJson.Default.SchoolTotals)));

    private static CountedResponse ARow(string? person, string code, int minutes, string stage = "pre", double weight = 2, string wave = "w1") =>
        new(new Coding("100001", wave, stage, "teacher", person, weight, [new Observation("cpd-confidence", code)]), Monday.AddMinutes(minutes));
}
