using CsCheck;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Disclosure;

public sealed class PublicFiguresTests
{
    private static readonly DisclosurePolicy Policy = new();
    private static readonly Target Seventy = new(TargetRelation.AtLeast, 70, "%");

    // facts of practice: ONS 10, DfE School and College Voice 30 and 100, Sport England three schools, NCHS 30 points and 8 df.
    [Theory]
    [InlineData(0, 9, CellStatus.NoData)]
    [InlineData(9, 9, CellStatus.Confidential)]
    [InlineData(10, 9, CellStatus.Unreliable)]
    [InlineData(12, 2, CellStatus.Confidential)]
    [InlineData(29, 20, CellStatus.Unreliable)]
    [InlineData(30, 20, CellStatus.SmallBase)]
    [InlineData(99, 50, CellStatus.SmallBase)]
    [InlineData(100, 50, CellStatus.Shown)]
    public void Thresholds_are_those_of_the_policy(int respondents, int schools, CellStatus status) => Assert.Equal(status, Policy.StatusOf(AFigure(respondents, schools)));

    [Fact]
    public void A_dominant_school_a_wide_interval_and_few_degrees_of_freedom_count_too()
    {
        Assert.Equal(CellStatus.Confidential, Policy.StatusOf(AFigure() with { LargestShare = 0.51 }));
        Assert.Equal(CellStatus.Unreliable, Policy.StatusOf(AFigure() with { Lower = 50, Upper = 80 }));
        Assert.Equal(CellStatus.Unreliable, Policy.StatusOf(AFigure() with { Lower = null, Upper = null }));
        Assert.Equal(CellStatus.SmallBase, Policy.StatusOf(AFigure() with { DegreesOfFreedom = 7 }));
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(12, 10)]
    [InlineData(13, 15)]
    [InlineData(17, 15)]
    [InlineData(18, 20)]
    [InlineData(32, 30)]
    [InlineData(33, 35)]
    [InlineData(1182, 1180)]
    public void Bases_are_rounded_to_five(int value, int rounded) => Assert.Equal(rounded, PublicFigures.RoundToNearest(value, 5));

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(2.5, 3)]
    [InlineData(69.5, 70)]
    [InlineData(69.49, 69)]
    [InlineData(12.5, 13)]
    [InlineData(69.49999999999989, 70)]
    [InlineData(19.999999999999996, 20)]
    public void Percentages_are_rounded_half_up(double value, double rounded) => Assert.Equal(rounded, PublicFigures.Round(value, 0));

    [Fact]
    public void Rounding_never_turns_a_figures_relation_to_its_target()
    {
        Assert.Equal(69.6, Engaged(AFigure() with { Value = 69.6, Lower = 65, Upper = 75 }).Value);
        Assert.Equal(68, Engaged(AFigure() with { Value = 68.4, Lower = 65, Upper = 75 }).Value);
        Assert.Equal(68.4, Engaged(AFigure(500, 90) with { Value = 68.4, Lower = 65, Upper = 75 }).Value);
    }

    [Theory]
    [InlineData(9, 9, "c")]
    [InlineData(20, 9, "u")]
    [InlineData(0, 0, "x")]
    public void What_is_withheld_takes_everything_made_from_it_along(int respondents, int schools, string symbol)
    {
        var result = PublicFigures.Of(AResult(AFigure(respondents, schools) with { Value = respondents == 0 ? null : 90 }), Seventy, Policy);
        Assert.Equal(Verdict.Insufficient, result.Verdict);
        Assert.Equal((symbol, null, null, null), (result.Figures[0].Symbol, result.Figures[0].Value, result.Figures[0].Base, result.Figures[0].Lower));
        Assert.Equal(("c", null), (result.Figures[2].Symbol, result.Figures[2].Value));
        // It says how it stands there, and nothing of the test that was made with what is withheld.
        Assert.Equal((null, null, "as published, not tested"), (result.Figures[3].P, result.Figures[3].PValue, result.Figures[3].Method));
        Assert.Equal(52, result.Figures[3].Value);
        Assert.NotNull(result.Figures[1].Value);
    }

    [Fact]
    public void No_public_figure_carries_more_than_is_meant_for_everybody() =>
        Gen.Select(Gen.Int[0, 300], Gen.Int[0, 60], Gen.Double[0, 100]).Sample((respondents, schools, value) =>
        {
            foreach (var figure in PublicFigures.Of(AResult(AFigure(respondents, schools) with { Value = value, Lower = value * 0.9, Upper = value + ((100 - value) * 0.1) }), Seventy, Policy).Figures)
            {
                Assert.True(figure is { StandardError: null, DegreesOfFreedom: null, EffectiveSize: null, DesignEffect: null, SumOfWeights: null, LargestShare: null, PValue: null });
                Assert.True(figure.Base is null or >= 30 && (figure.Base ?? 0) % 5 == 0);
                Assert.True(figure.Symbol is null || figure is { Value: null, Lower: null, Upper: null, Base: null, Schools: null, P: null });
                Assert.False(figure is { Name: "engaged", Base: < 100, Value: < 5 or > 95 });
            }
        });

    [Theory]
    [InlineData("difference")]
    [InlineData("difference-standardised")]
    [InlineData("wider-standardised")]
    [InlineData("since-previous")]
    [InlineData("trend")]
    [InlineData("published-2016-assumed")]
    public void What_cannot_be_worked_out_is_absent_and_says_why(string name)
    {
        var result = PublicFigures.Of(AResult(AFigure()) with { Figures = [AFigure(), AFigure() with { Name = "wider" }, new Figure(name, "pp", Reason: "nobody knows")] }, Seventy, Policy);
        Assert.Equal(("z", "nobody knows", null), (result.Figures[2].Symbol, result.Figures[2].Reason, result.Figures[2].Value));
        Assert.Equal(75, result.Figures[0].Value);
    }

    [Fact]
    public void A_mix_and_means_without_a_value_stop_nothing()
    {
        var mixed = PublicFigures.Of(AResult(AFigure()) with { Figures = [AFigure(), new Figure("mix-leader", "%", Base: 100)] }, Seventy, Policy);
        Assert.Equal(["engaged"], mixed.Figures.Select(figure => figure.Name));
        var means = PublicFigures.Of(
            AResult(AFigure()) with { Figures = [AFigure() with { Name = "engaged-mean", Unit = "points" }, AFigure() with { Name = "wider-mean", Unit = "points" }, new Figure("difference-of-means", "points")] }, null, Policy);
        Assert.Equal((75.0, "z"), (means.Figures[0].Value, means.Figures[2].Symbol));
    }

    [Theory]
    [InlineData(0, 0, "x", ReasonCode.NoData)]
    [InlineData(9, 9, "c", ReasonCode.Protected)]
    [InlineData(40, 2, "c", ReasonCode.Protected)]
    [InlineData(20, 9, "u", ReasonCode.TooFewRespondents)]
    public void Absent_figures_and_their_verdict_say_why_by_code(int respondents, int schools, string symbol, ReasonCode code)
    {
        var absent = AFigure(respondents, schools) with { Value = respondents == 0 ? null : 75 };
        var share = PublicFigures.Of(AResult(absent), Seventy, Policy);
        Assert.Equal((Verdict.Insufficient, code, symbol, code), (share.Verdict, share.ReasonCode, share.Figures[0].Symbol, share.Figures[0].ReasonCode));
        Assert.Equal(("c", ReasonCode.PartWithheld), (share.Figures[2].Symbol, share.Figures[2].ReasonCode));
        var mean = PublicFigures.Of(Means(absent, AFigure()), null, Policy);
        Assert.Equal((Verdict.Insufficient, code, symbol, code), (mean.Verdict, mean.ReasonCode, mean.Figures[0].Symbol, mean.Figures[0].ReasonCode));
        Assert.Equal(("c", ReasonCode.PartWithheld), (mean.Figures[2].Symbol, mean.Figures[2].ReasonCode));
    }

    [Fact]
    public void A_wide_interval_has_a_reason_of_its_own_and_secondary_suppression_none()
    {
        var wide = PublicFigures.Of(AResult(AFigure(40) with { Lower = 50, Upper = 85 }), Seventy, Policy);
        Assert.Equal(("u", ReasonCode.IntervalTooWide), (wide.Figures[0].Symbol, wide.Figures[0].ReasonCode));
        // Which of the two withholds it is told nobody.
        Assert.Equal(PublicFigures.Of(AResult(AFigure(9, 9)), Seventy, Policy).Figures[0], PublicFigures.Of(AResult(AFigure()), Seventy, Policy, ["engaged"]).Figures[0]);
    }

    [Fact]
    public void A_mean_of_few_is_marked_as_a_share_of_few_is()
    {
        var means = PublicFigures.Of(Means(AFigure(60, 40), AFigure()), null, Policy);
        Assert.Equal(["small_base"], means.Figures[0].Marks);
        Assert.Null(means.Figures[1].Marks);
    }

    // At any size what (nearly) all said is what each said: of 100 up to two may have said otherwise.
    [Theory]
    [InlineData(100, 98, true)]
    [InlineData(100, 97, false)]
    [InlineData(100, 100, true)]
    [InlineData(1000, 100, true)]
    [InlineData(1000, 0, true)]
    [InlineData(1000, 99.8, true)]
    [InlineData(1000, 99.5, false)]
    [InlineData(99, 95, false)]
    [InlineData(99, 95.5, true)]
    public void Who_all_said_the_same_is_not_told_exactly(int respondents, double value, bool isMasked)
    {
        var shown = PublicFigures.Of(AResult(AFigure(respondents, 90) with { Value = value, Lower = value, Upper = value }), Seventy, Policy).Figures[0];
        Assert.Equal(isMasked, shown.Marks?.Contains(value > 50 ? "over_95" : "under_5") == true);
        Assert.Equal(isMasked, shown.Lower is null);
    }

    /// <summary>Of a masked figure nothing public depends on the number, nor on the verdict and the tests that were made with it.</summary>
    [Fact]
    public void Whatever_a_masked_figure_is_its_public_result_is_the_same() =>
        Gen.Select(Gen.Int[30, 400], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Double[0, 1], Gen.OneOfConst(Verdict.MetConfident, Verdict.MetPoint), Gen.OneOfConst(Verdict.MetConfident, Verdict.MetPoint), Gen.OneOfConst(0, 1, 2))
            .Sample((people, one, other, p, first, second, which) =>
            {
                var width = people < 100 ? 4.99 : 299.0 / people;
                var (left, right) = (Public(one, first, p / 2), Public(other, second, 1 - (p / 2)));
                Assert.Equal(Json(left), Json(right));

                ReadingResult Public(double at, Verdict verdict, double pValue)
                {
                    var value = 100 - (width * at);
                    var figure = AFigure(people, 90) with { Value = value, Lower = value - 3, Upper = 100 };
                    Figure[] made =
                    [
                        new("difference", "pp", value - 70, value - 75, value - 65, PValue: pValue), new("wider-standardised", "%", 70, Base: 200, Schools: 90), new("difference-standardised", "pp", value - 70, PValue: pValue),
                        new("since-previous", "pp", value - 60, PValue: pValue, Source: "w0"), new("published-2016", "%", 52, PValue: pValue, Source: "NAHT"), new("published-2016-assumed", "pp", value - 52, PValue: pValue),
                        new("rao-scott", "F", value, PValue: pValue), new("mix-leader", "%", value, Base: 60),
                    ];
                    var result = which switch
                    {
                        0 => AResult(figure) with { Figures = [figure, AFigure() with { Name = "wider" }, .. made], Verdict = verdict },
                        // The other arm: the verdict is on the first, which is shown.
                        1 => AResult(AFigure()) with { Figures = [AFigure(), figure with { Name = "wider" }, .. made[..3]] },
                        _ => AResult(figure) with { Figures = [figure with { Name = "post" }, AFigure() with { Name = "pre" }, new("change", "%", value, PValue: pValue), new("against-target", "pp", value, PValue: pValue)], Verdict = verdict },
                    };
                    return PublicFigures.Of(result, Seventy, Policy);
                }
            });

    private static string Json(ReadingResult result) => System.Text.Json.JsonSerializer.Serialize(result);

    private static ReadingResult Means(Figure engaged, Figure wider) => AResult(AFigure()) with
    {
        Figures = [engaged with { Name = "engaged-mean", Unit = "points" }, wider with { Name = "wider-mean", Unit = "points" }, new Figure("difference-of-means", "points", 0.2, 0.1, 0.3, PValue: 0.01, Method: "t")],
    };

    [Fact]
    public void A_masked_figure_does_not_come_back_from_what_was_made_from_it()
    {
        foreach (var value in new[] { 100.0, 97, 4, 0 })
        {
            var result = PublicFigures.Of(AResult(AFigure(60, 40) with { Value = value, Lower = value * 0.96, Upper = value }), Seventy, Policy);
            Assert.Equal((value < 50 ? 5 : 95, null, null), (result.Figures[0].Value, result.Figures[0].Lower, result.Figures[0].Upper));
            Assert.Equal(["small_base", value < 50 ? "under_5" : "over_95"], result.Figures[0].Marks);
            Assert.Equal(("c", null), (result.Figures[2].Symbol, result.Figures[2].Value));
            Assert.Equal(new Figure("published-2016", "%", 52, Method: "as published, not tested", Source: "NAHT Edge, May 2016"), result.Figures[3]);
        }
    }

    private static Figure Engaged(Figure figure) => PublicFigures.Of(AResult(figure), Seventy, Policy).Figures[0];

    private static Figure AFigure(int respondents = 200, int schools = 90) =>
        new("engaged", "%", 75, 70, 80, respondents, schools, 2.5, 80, 180, 1.1, 200, 0.02, Method: "m");

    private static ReadingResult AResult(Figure engaged) => new(
        "K1", "K1.leaders", "w", Verdict.MetPoint, null,
        [engaged, AFigure() with { Name = "wider" }, new Figure("difference", "pp", 3.4, -1, 8, StandardError: 2, DegreesOfFreedom: 60, PValue: 0.02, Method: "t"), new Figure("published-2016", "%", 52, PValue: 0.0004, DegreesOfFreedom: 50, Method: "t", Source: "NAHT Edge, May 2016")]);
}
