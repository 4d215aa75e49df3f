using System.Text.Json;
using WholeSchoolSend.Core.Statistics;
using static WholeSchoolSend.Core.Tests.Statistics.Reference.ReferenceSample;

namespace WholeSchoolSend.Core.Tests.Statistics.Reference;

/// <summary>Works a reference case with our estimators and names the results as the reference does. An unknown kind gives nothing.</summary>
internal static class ReferenceEvaluation
{
    private const string PeriodColumn = "period";

    public static IReadOnlyDictionary<string, object?>? Of(ReferenceCase c) => c.Kind switch
    {
        "design_proportion" => DesignProportion(c),
        "design_mean" => DesignMeanOf(c),
        "design_difference" => DesignDifference(c),
        "poststratified_proportion" => PostStratified(c),
        "one_sample_published" => OneSample(c),
        "aggregate_rows" => AggregateRows(c),
        "p_value_family" => PValueFamily(c),
        "p_adjust" => Adjust(c),
        "prepost_stacked_proportion" => PrePostProportion(c),
        "prepost_stacked_mean" => PrePostMean(c),
        "paired_numeric" => PairedNumeric(c),
        "paired_numeric_cluster_weighted" => PairedNumericWeighted(c),
        "paired_binary" => PairedBinary(c),
        "clustered_mcnemar" => ClusteredMcNemar(c),
        "partial_overlap_t" => OverlapT(c),
        "partial_overlap_z8" => OverlapZ(c),
        "trend" => TrendOf(c),
        "counts_one" => CountsOne(c.Input),
        "counts_two" => CountsTwo(c.Input),
        "kish" => Kish(c.Input),
        "incremental_replay" => Replay(c),
        _ => null,
    };

    private static Dictionary<string, object?> DesignProportion(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        return Fields(sample.Share(Where(table, c.Input), Code(table, Variable(c), c.Input)));
    }

    private static Dictionary<string, object?> Fields(DomainTotals domain)
    {
        var e = Proportion.Estimate(domain)!;
        var exact = CountProportion.ClopperPearson((int)Math.Round(e.Responses * e.Value), e.Responses);
        return new()
        {
            ["n"] = e.Responses,
            ["n_success"] = e.Successes,
            ["n_psu"] = e.Schools,
            ["n_strata"] = e.Strata,
            ["sum_w"] = e.SumOfWeights,
            ["sum_wy"] = domain.Sum.WeightedSum,
            ["sum_w2"] = e.SumOfSquaredWeights,
            ["p"] = e.Value,
            ["var"] = e.Variance,
            ["se"] = e.StandardError,
            ["df"] = e.DegreesOfFreedom,
            ["n_eff_kish"] = e.KishEffectiveSize,
            ["deff_kish"] = e.KishDesignEffect,
            ["deff_replace"] = e.DesignEffect,
            ["deff_without_replacement"] = e.DesignEffectWithoutReplacement,
            ["n_eff_design"] = e.DesignEffectiveSize,
            ["n_eff_beta"] = e.KornGraubardEffectiveSize,
            ["n_eff_beta_nchs"] = e.CappedEffectiveSize,
            ["ci.mean"] = ProportionIntervals.Wald(e),
            ["ci.xlogit"] = ProportionIntervals.Logit(e),
            ["ci.logit"] = ProportionIntervals.Logit(e),
            ["ci.asin"] = ProportionIntervals.Arcsine(e),
            ["ci.beta"] = ProportionIntervals.KornGraubard(e),
            ["ci.likelihood"] = ProportionIntervals.Likelihood(e),
            ["ci.wilson"] = ProportionIntervals.Wilson(e),
            ["ci.beta_nchs"] = ProportionIntervals.KornGraubardCapped(e),
            ["ci.degenerate_clopper_pearson_n"] = e.DegreesOfFreedom < 1 ? null : e.Value is <= 0 or >= 1 ? ProportionIntervals.KornGraubardCapped(e) : exact,
        };
    }

    private static Dictionary<string, object?> DesignMeanOf(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var domain = sample.Mean(Where(table, c.Input), table.Number(Variable(c)));
        var e = DesignMean.Estimate(domain)!;
        return new()
        {
            ["n"] = e.Responses,
            ["n_psu"] = e.Schools,
            ["sum_w"] = e.SumOfWeights,
            ["sum_wy"] = domain.Sum.WeightedSum,
            ["sum_wy2"] = domain.Sum.WeightedSumOfSquares,
            ["sum_w2"] = e.SumOfSquaredWeights,
            ["mean"] = e.Value,
            ["se"] = e.StandardError,
            ["var"] = e.Variance,
            ["df"] = e.DegreesOfFreedom,
            ["deff_replace"] = e.DesignEffect,
            ["ci_t"] = e.Interval,
        };
    }

    private static Dictionary<string, object?> DesignDifference(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var (first, second) = TwoDomains(c, table, sample, Code(table, Variable(c), c.Input), "a", "b");
        return DifferenceFields(first, second);
    }

    private static Dictionary<string, object?> DifferenceFields(DomainTotals first, DomainTotals second)
    {
        var d = DomainDifference.Estimate(first, second)!;
        var raoScott = RaoScott.Test(first, second);
        Dictionary<string, object?> fields = new()
        {
            ["diff"] = d.Value,
            ["se"] = d.StandardError,
            ["cov_ab"] = d.Covariance,
            ["corr_ab"] = d.Correlation,
            ["t"] = d.Statistic,
            ["df_design"] = d.DesignDegreesOfFreedom,
            ["df_R_svyttest"] = d.TestAsRegression?.DegreesOfFreedom,
            ["df_satterthwaite"] = d.SatterthwaiteDegreesOfFreedom,
            ["p_df_design"] = d.TestWithDesignDegreesOfFreedom?.PValue,
            ["p_R_svyttest"] = d.TestAsRegression?.PValue,
            ["p_satterthwaite"] = d.TestWithSatterthwaite?.PValue,
            ["p_z"] = d.TestAsNormal?.PValue,
            ["ci_wald_df_design"] = DomainDifference.Wald(d, d.TestWithDesignDegreesOfFreedom),
            ["ci_wald_R_svyttest"] = DomainDifference.Wald(d, d.TestAsRegression),
            ["ci_wald_satterthwaite"] = DomainDifference.Wald(d, d.TestWithSatterthwaite),
            ["rao_scott_F"] = raoScott?.F,
            ["rao_scott_ndf"] = 1,
            ["rao_scott_ddf"] = raoScott?.DegreesOfFreedom,
            ["rao_scott_F_p"] = raoScott?.PValue,
            ["rao_scott_chisq_p"] = raoScott?.ChiSquarePValue,
        };
        AddArm("a", d.First);
        AddArm("b", d.Second);
        AddMover("wilson", ProportionIntervals.Wilson);
        AddMover("xlogit", ProportionIntervals.Logit);
        AddMover("beta", ProportionIntervals.KornGraubard);
        fields["ci_mover_corr_wilson"] = DomainDifference.MoverWilson(d);
        return fields;

        void AddArm(string name, ProportionEstimate arm)
        {
            fields[name + ".n"] = arm.Responses;
            fields[name + ".n_psu"] = arm.Schools;
            fields[name + ".p"] = arm.Value;
            fields[name + ".se"] = arm.StandardError;
            fields[name + ".df"] = arm.DegreesOfFreedom;
        }

        void AddMover(string name, Func<ProportionEstimate, Interval?> interval)
        {
            var (i1, i2) = (interval(d.First), interval(d.Second));
            fields["ci_mover_" + name] = i1 is null || i2 is null ? null : Mover.Difference(d.First.Value, i1, d.Second.Value, i2);
            fields["ci_mover_corr_" + name] = i1 is null || i2 is null ? null : Mover.Difference(d.First.Value, i1, d.Second.Value, i2, d.Correlation);
        }
    }

    private static Dictionary<string, object?> PostStratified(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var code = Code(table, Variable(c), c.Input);
        var post = table.Column(c.Input.GetProperty("post").GetString()!);
        var where = Where(table, c.Input);
        var totals = c.Input.GetProperty("totals").EnumerateObject().ToArray();
        StandardCell[] cells = [.. totals.Select(t => new StandardCell(sample.Share(row => where(row) && post(row) == t.Name, code), t.Value.GetDouble()))];
        var e = DirectStandardisation.Estimate(cells)!;
        var factors = DirectStandardisation.WeightFactors(cells);

        // The same weights taken as fixed: each cell's rows reweighted, then added up school by school.
        var reweighted = cells.Zip(factors).SelectMany(c => c.First.Domain.Schools.ToArray().Select(s => s.Reweighted(c.Second)))
            .GroupBy(s => s.School)
            .OrderBy(g => g.Key)
            .Select(g => g.Aggregate((x, y) => new SchoolSums(
                x.School,
                x.Responses + y.Responses,
                x.Successes + y.Successes,
                x.SumOfWeights + y.SumOfWeights,
                x.WeightedSum + y.WeightedSum,
                x.SumOfSquaredWeights + y.SumOfSquaredWeights,
                x.WeightedSumOfSquares + y.WeightedSumOfSquares)))
            .ToArray();
        Dictionary<string, object?> fields = new()
        {
            ["p"] = e.Value,
            ["se"] = e.StandardError,
            ["df"] = e.DegreesOfFreedom,
            ["se_if_weights_treated_as_fixed"] = Proportion.Estimate(DomainTotals.Of(sample.Design, reweighted))!.StandardError,
        };
        for (var i = 0; i < totals.Length; i++) fields["weight_factor_by_cell." + totals[i].Name] = factors[i];
        return fields;
    }

    private static Dictionary<string, object?> OneSample(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var e = Proportion.Estimate(sample.Share(Where(table, c.Input), Code(table, Variable(c), c.Input)))!;
        var p0 = c.Input.GetProperty("p0").GetDouble();
        var (constant, regression, score) = (PublishedFigure.AsConstant(e, p0), PublishedFigure.AsConstantRegression(e, p0), PublishedFigure.Score(e, p0));
        Dictionary<string, object?> fields = new()
        {
            ["p"] = e.Value,
            ["se"] = e.StandardError,
            ["df"] = e.DegreesOfFreedom,
            ["p0"] = p0,
            ["diff"] = e.Value - p0,
            ["t"] = constant?.Statistic,
            ["p_df_design"] = constant?.PValue,
            ["R_svyttest_t"] = regression?.Statistic,
            ["R_svyttest_df"] = regression?.DegreesOfFreedom,
            ["R_svyttest_p"] = regression?.PValue,
            ["score_z"] = score?.Statistic,
            ["score_p"] = score?.PValue,
            ["one_sided_greater_p_df_design"] = PublishedFigure.GreaterPValue(e, p0),
        };
        if (!c.Input.TryGetProperty("n0", out var n0) || n0.ValueKind != JsonValueKind.Number) return fields;

        var assumed = PublishedFigure.WithAssumedBase(e, p0, n0.GetDouble(), c.Input.GetProperty("deff0").GetDouble());
        fields["with_n.n0"] = assumed.AssumedBase;
        fields["with_n.deff0"] = assumed.AssumedDesignEffect;
        fields["with_n.var0"] = assumed.PublishedVariance;
        fields["with_n.se"] = assumed.StandardError;
        fields["with_n.t"] = assumed.Test?.Statistic;
        fields["with_n.df_satterthwaite"] = assumed.Test?.DegreesOfFreedom;
        fields["with_n.p_satterthwaite"] = assumed.Test?.PValue;
        fields["with_n.p_z"] = assumed.NormalTest?.PValue;
        fields["with_n.ci_wald_satterthwaite"] = assumed.Wald;
        fields["with_n.ci_mover_wilson"] = assumed.MoverWilson;
        return fields;
    }

    private static Dictionary<string, object?> AggregateRows(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var domain = sample.Share(Where(table, c.Input), Code(table, Variable(c), c.Input));
        var rows = domain.Schools.ToArray()
            .Select(s => (School: sample.Design[s.School], Totals: s))
            .OrderBy(r => r.School.Stratum, StringComparer.Ordinal)
            .ThenBy(r => double.TryParse(r.School.School, out var number) ? number : 0)
            .ThenBy(r => r.School.School, StringComparer.Ordinal)
            .ToArray();
        Dictionary<string, object?> fields = new() { ["n_rows"] = rows.Length };
        for (var i = 0; i < rows.Length; i++)
        {
            var (school, totals) = rows[i];
            fields[$"rows[{i}].stratum"] = school.Stratum;
            fields[$"rows[{i}].psu"] = school.School;
            fields[$"rows[{i}].n"] = totals.Responses;
            fields[$"rows[{i}].x"] = totals.Successes;
            fields[$"rows[{i}].W"] = totals.SumOfWeights;
            fields[$"rows[{i}].WY"] = totals.WeightedSum;
            fields[$"rows[{i}].W2"] = totals.SumOfSquaredWeights;
        }

        foreach (var (stratum, count) in Enumerable.Range(0, sample.Design.SchoolCount).CountBy(i => sample.Design[i].Stratum))
            fields["psu_in_full_sample_by_stratum." + stratum] = count;
        return fields;
    }

    private static Dictionary<string, object?> PValueFamily(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var used = c.Input.GetProperty("p_used").GetString()!;
        double[] p =
        [
            .. Texts(c.Input, "variables").Select(variable =>
            {
                var (first, second) = TwoDomains(c, table, sample, Code(table, variable, c.Input), "a", "b");
                return (double)DifferenceFields(first, second)[used]!;
            }),
        ];
        return new()
        {
            ["p"] = p,
            ["holm"] = MultipleComparisons.Holm(p),
            ["bh"] = MultipleComparisons.BenjaminiHochberg(p),
            ["hochberg"] = MultipleComparisons.Hochberg(p),
            ["bonferroni"] = MultipleComparisons.Bonferroni(p),
        };
    }

    private static Dictionary<string, object?> Adjust(ReferenceCase c)
    {
        double[] p = [.. c.Input.GetProperty("p").EnumerateArray().Select(v => v.GetDouble())];
        return new()
        {
            ["holm"] = MultipleComparisons.Holm(p),
            ["bh"] = MultipleComparisons.BenjaminiHochberg(p),
            ["hochberg"] = MultipleComparisons.Hochberg(p),
            ["bonferroni"] = MultipleComparisons.Bonferroni(p),
        };
    }

    private static Dictionary<string, object?> PrePostProportion(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var (pre, post) = TwoDomains(c, table, sample, Code(table, Variable(c), c.Input), "pre", "post");
        var e = PrePost.Estimate(pre, post)!;
        var (relative, points) = (c.Input.GetProperty("target_rel").GetDouble(), c.Input.GetProperty("target_pp").GetDouble());
        var fieller = e.AgainstRelativeTarget(relative);
        var fields = Change(e);
        fields["n_pre"] = e.PreResponses;
        fields["n_post"] = e.PostResponses;
        fields["n_psu"] = e.Schools;
        fields["var_pre"] = e.PreVariance;
        fields["var_post"] = e.PostVariance;
        fields["diff_t"] = e.DifferenceTest?.Statistic;
        fields["ratio_ci"] = e.RatioInterval;
        fields["rel_increase"] = e.RelativeIncrease;
        fields["target_rel"] = relative;
        fields["target_pp"] = points;
        fields["fieller_lin_est"] = fieller.Estimate;
        fields["fieller_lin_se"] = fieller.StandardError;
        fields["p_one_sided_rel_target"] = fieller.PValue;
        fields["p_one_sided_pp_target"] = e.AgainstPointsTarget(points).PValue;
        fields["rel_point_met"] = e.RelativeIncrease >= relative;
        fields["rel_confidently_met"] = e.RelativeIncreaseInterval?.Lower >= relative;
        fields["pp_point_met"] = e.Difference >= points;
        fields["pp_confidently_met"] = e.DifferenceInterval?.Lower >= points;
        return fields;
    }

    private static Dictionary<string, object?> PrePostMean(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var (low, high) = (c.Input.GetProperty("scale_lo").GetDouble(), c.Input.GetProperty("scale_hi").GetDouble());
        var number = table.Number(Variable(c));
        var e = PrePost.Estimate(Stage("pre"), Stage("post"))!;
        var fields = Change(e);
        fields["scale"] = FormattableString.Invariant($"0-100 (100*(x-{low})/{high - low})");
        fields["rel_increase_if_scale_1_to_5"] = ((low + (e.Post / 100 * (high - low))) / (low + (e.Pre / 100 * (high - low)))) - 1;
        return fields;

        DomainTotals Stage(string name)
        {
            var by = table.Column(c.Input.GetProperty("by").GetString()!);
            var where = Where(table, c.Input);
            var stage = c.Input.GetProperty(name).ToString();
            return sample.Mean(row => where(row) && by(row) == stage, row => 100 * (number(row) - low) / (high - low));
        }
    }

    private static Dictionary<string, object?> Change(PrePostEstimate e) => new()
    {
        ["df"] = e.DegreesOfFreedom,
        ["est_pre"] = e.Pre,
        ["est_post"] = e.Post,
        ["cov_pre_post"] = e.Covariance,
        ["diff"] = e.Difference,
        ["diff_se"] = e.DifferenceStandardError,
        ["diff_p"] = e.DifferenceTest?.PValue,
        ["diff_ci"] = e.DifferenceInterval,
        ["ratio"] = e.Ratio,
        ["log_ratio_se"] = e.LogRatioStandardError,
        ["rel_increase_ci"] = e.RelativeIncreaseInterval,
    };

    private static Dictionary<string, object?> PairedNumeric(ReferenceCase c)
    {
        var pairs = MatchedPairs.Read(c);
        var histogram = pairs.Histogram();
        var bySchool = pairs.HistogramsBySchool();
        var (t, rank, clustered) = (PairedMeans.Estimate(histogram)!, SignedRank.Test(histogram), SignedRank.Clustered(bySchool));
        var fields = Clustered(DesignMean.Estimate(pairs.Differences())!, bySchool.Count);
        fields["diff_histogram_minus4_to_4"] = histogram.Counts;
        fields["mean_pre"] = pairs.Overlap().PrePaired.Sum / histogram.Pairs;
        fields["mean_post"] = pairs.Overlap().PostPaired.Sum / histogram.Pairs;
        fields["mean_diff"] = t.Value;
        fields["sd_diff"] = t.StandardDeviation;
        fields["paired_t_R"] = t.Test?.Statistic;
        fields["paired_t_df"] = t.Test?.DegreesOfFreedom;
        fields["paired_t_p_R"] = t.Test?.PValue;
        fields["paired_t_ci_R"] = t.Interval;
        fields["wilcoxon_V_R"] = rank.RankSum;
        fields["wilcoxon_n_nonzero"] = rank.Changed;
        fields["wilcoxon_var"] = rank.Variance;
        fields["wilcoxon_z"] = rank.Test?.Statistic;
        fields["wilcoxon_p_R"] = rank.Test?.PValue;
        fields["wilcoxon_cc_p_R"] = rank.Corrected?.PValue;
        fields["clustered_signed_rank_z"] = clustered?.Statistic;
        fields["clustered_signed_rank_p"] = clustered?.PValue;
        return fields;
    }

    private static Dictionary<string, object?> PairedNumericWeighted(ReferenceCase c)
    {
        var pairs = MatchedPairs.Read(c);
        return Clustered(DesignMean.Estimate(pairs.Differences())!, pairs.HistogramsBySchool().Count);
    }

    private static Dictionary<string, object?> Clustered(MeanEstimate e, int clusters)
    {
        var test = e.TestAgainst(0);
        return new()
        {
            ["n_pairs"] = e.Responses,
            ["n_clusters"] = clusters,
            ["cluster_mean_diff"] = e.Value,
            ["cluster_se"] = e.StandardError,
            ["cluster_df"] = e.DegreesOfFreedom,
            ["cluster_t"] = test?.Statistic,
            ["cluster_p"] = test?.PValue,
            ["cluster_ci"] = e.Interval,
        };
    }

    private static Dictionary<string, object?> PairedBinary(ReferenceCase c)
    {
        var pairs = c.Input.TryGetProperty("dataset", out _)
            ? MatchedPairs.Read(c).Counts()
            : new PairCounts(Int(c.Input, "a"), Int(c.Input, "b"), Int(c.Input, "c"), Int(c.Input, "d"));
        var (plain, corrected) = (MatchedShares.McNemar(pairs), MatchedShares.McNemarCorrected(pairs));
        return new()
        {
            ["a_yes_yes"] = pairs.YesYes,
            ["b_yes_no"] = pairs.YesNo,
            ["c_no_yes"] = pairs.NoYes,
            ["d_no_no"] = pairs.NoNo,
            ["n"] = pairs.Pairs,
            ["p_pre"] = pairs.Pre,
            ["p_post"] = pairs.Post,
            ["diff_post_minus_pre"] = pairs.Difference,
            ["mcnemar_chisq_R"] = plain?.Statistic,
            ["mcnemar_p_R"] = plain?.PValue,
            ["mcnemar_cc_chisq_R"] = corrected?.Statistic,
            ["mcnemar_cc_p_R"] = corrected?.PValue,
            ["mcnemar_exact_p_R"] = MatchedShares.ExactPValue(pairs),
            ["mcnemar_midp"] = MatchedShares.MidPValue(pairs),
            ["newcombe_phi"] = MatchedShares.Phi(pairs),
            ["newcombe_paired_ci"] = MatchedShares.Newcombe(pairs),
            ["wald_se"] = MatchedShares.StandardError(pairs),
            ["wald_ci"] = MatchedShares.Wald(pairs),
        };
    }

    private static Dictionary<string, object?> ClusteredMcNemar(ReferenceCase c)
    {
        var schools = MatchedPairs.Read(c).CountsBySchool();
        var (obuchowski, durkalski, yang) = (MatchedShares.Obuchowski(schools), MatchedShares.Durkalski(schools), MatchedShares.Yang(schools));
        return new()
        {
            ["K"] = schools.Count,
            ["sum_b"] = schools.Sum(s => s.YesNo),
            ["sum_c"] = schools.Sum(s => s.NoYes),
            ["obuchowski_chisq"] = obuchowski?.Statistic,
            ["obuchowski_p"] = obuchowski?.PValue,
            ["durkalski_chisq"] = durkalski?.Statistic,
            ["durkalski_p"] = durkalski?.PValue,
            ["yang_chisq"] = yang?.Statistic,
            ["yang_p"] = yang?.PValue,
        };
    }

    private static Dictionary<string, object?> OverlapT(ReferenceCase c)
    {
        var fields = Overlap(MatchedPairs.Read(c).Overlap(), PartialOverlap.Means, out var e);
        fields["t"] = e?.Test?.Statistic;
        fields["df"] = e?.Test?.DegreesOfFreedom;
        return fields;
    }

    private static Dictionary<string, object?> OverlapZ(ReferenceCase c)
    {
        var fields = Overlap(MatchedPairs.Read(c).OverlapOfShares(), PartialOverlap.Shares, out var e);
        fields["z8"] = e?.Test?.Statistic;
        return fields;
    }

    private static Dictionary<string, object?> Overlap(OverlapTotals totals, Func<OverlapTotals, OverlapEstimate?> estimate, out OverlapEstimate? e)
    {
        e = estimate(totals);
        return new()
        {
            ["n_post_only"] = totals.PostOnly.Count,
            ["n_pre_only"] = totals.PreOnly.Count,
            ["n_pairs"] = totals.PrePaired.Count,
            ["r"] = e?.Correlation,
            ["estimate_post_minus_pre"] = e?.Value,
            ["se"] = e?.StandardError,
            ["p"] = e?.Test?.PValue,
        };
    }

    private static Dictionary<string, object?> TrendOf(ReferenceCase c)
    {
        var (table, sample) = Open(c);
        var (where, code) = (Where(table, c.Input), Code(table, Variable(c), c.Input));
        var wave = table.Number(c.Input.GetProperty("wave").GetString()!);
        WaveTotals[] waves =
        [
            .. table.Rows.Select(row => wave(row)!.Value).Distinct().Order()
                .Select(time => new WaveTotals(time, sample.Share(row => where(row) && wave(row) == time, code)))
                .Where(w => !w.Domain.IsEmpty),
        ];
        var (linear, logit) = (Trend.Linear(waves)!, Trend.Logit(waves)!);
        Dictionary<string, object?> fields = new()
        {
            ["waves"] = waves.Select(w => w.Time).ToArray(),
            ["p_by_wave"] = waves.Select(w => Proportion.Estimate(w.Domain)!.Value).ToArray(),
            ["se_by_wave"] = waves.Select(w => Proportion.Estimate(w.Domain)!.StandardError).ToArray(),
            ["df_design"] = linear.DesignDegreesOfFreedom,
            ["df_R"] = linear.DegreesOfFreedom,
            ["linear_intercept"] = linear.Intercept,
            ["linear_slope"] = linear.Slope,
            ["linear_slope_se"] = linear.SlopeStandardError,
            ["linear_slope_t"] = linear.Test?.Statistic,
            ["linear_slope_p_R"] = linear.Test?.PValue,
            ["linear_slope_ci_R"] = linear.SlopeInterval,
            ["logit_intercept"] = logit.Intercept,
            ["logit_slope"] = logit.Slope,
            ["logit_slope_se"] = logit.SlopeStandardError,
            ["logit_slope_t"] = logit.Test?.Statistic,
            ["logit_slope_p_R"] = logit.Test?.PValue,
        };
        for (var i = 0; i < waves.Length; i++)
            fields[$"cov_waves[{i}]"] = waves.Select(w => Trend.Covariance(waves[i].Domain, w.Domain)).ToArray();
        return fields;
    }

    private static Dictionary<string, object?> CountsOne(JsonElement input)
    {
        var (x, n) = (Int(input, "x"), Int(input, "n"));
        return new()
        {
            ["x"] = x,
            ["n"] = n,
            ["p"] = (double)x / n,
            ["wilson_R"] = CountProportion.Wilson(x, n),
            ["wilson_formula"] = CountProportion.Wilson(x, n),
            ["clopper_pearson_R"] = CountProportion.ClopperPearson(x, n),
            ["wald"] = CountProportion.Wald(x, n),
        };
    }

    private static Dictionary<string, object?> CountsTwo(JsonElement input)
    {
        var (x1, n1, x2, n2) = (Int(input, "x1"), Int(input, "n1"), Int(input, "x2"), Int(input, "n2"));
        var (pooled, unpooled) = (CountDifference.PooledZ(x1, n1, x2, n2), CountDifference.UnpooledZ(x1, n1, x2, n2));
        return new()
        {
            ["x1"] = x1,
            ["n1"] = n1,
            ["x2"] = x2,
            ["n2"] = n2,
            ["diff"] = ((double)x1 / n1) - ((double)x2 / n2),
            ["newcombe"] = CountDifference.Newcombe(x1, n1, x2, n2),
            ["wald_R"] = CountDifference.Wald(x1, n1, x2, n2),
            ["z_pooled"] = pooled?.Statistic,
            ["p_pooled"] = pooled?.PValue,
            ["chisq_R"] = pooled?.Statistic * pooled?.Statistic,
            ["p_chisq_R"] = pooled?.PValue,
            ["z_unpooled"] = unpooled?.Statistic,
            ["p_unpooled"] = unpooled?.PValue,
            ["fisher_p_R"] = CountDifference.Fisher(x1, n1, x2, n2),
        };
    }

    private static Dictionary<string, object?> Kish(JsonElement input)
    {
        double[] w = [.. input.GetProperty("w").EnumerateArray().Select(v => v.GetDouble())];
        var (sum, squares) = (w.Sum(), w.Sum(x => x * x));
        return new() { ["n"] = w.Length, ["n_eff"] = EffectiveSize.Kish(sum, squares), ["deff"] = EffectiveSize.KishDesignEffect(w.Length, sum, squares) };
    }

    /// <summary>Batch by batch: the last event of a respondent wins, an erasure removes; the totals are then made from the live rows.</summary>
    private static Dictionary<string, object?> Replay(ReferenceCase c)
    {
        var table = CsvTable.Read(Path.Combine(c.Folder, c.Input.GetProperty("dataset").GetString()!));
        var (key, order) = (table.Column(c.Input.GetProperty("key").GetString()!), table.Number(c.Input.GetProperty("order").GetString()!));
        var (batch, action, role) = (table.Number("batch"), table.Column("action"), table.Column("role"));
        var live = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var events in table.Rows.GroupBy(row => batch(row)!.Value).Where(g => g.Key <= Int(c.Input, "upto_batch")).OrderBy(g => g.Key))
        {
            foreach (var row in events.OrderBy(row => order(row)))
            {
                if (action(row) == "erase") live.Remove(key(row));
                else live[key(row)] = row;
            }
        }

        var sample = new ReferenceSample(table.With(live.Values), c.Input.GetProperty("design"));
        var code = Code(table, "answer", c.Input);
        Dictionary<string, object?> fields = new() { ["live_rows"] = live.Count };
        foreach (var (name, value) in Fields(sample.Share(_ => true, code))) fields["all_roles." + name] = value;
        foreach (var (name, value) in Fields(sample.Share(row => role(row) == "leader", code))) fields["leaders." + name] = value;
        return fields;
    }

    private static (DomainTotals First, DomainTotals Second) TwoDomains(
        ReferenceCase c, CsvTable table, ReferenceSample sample, Func<string[], bool?> code, string first, string second)
    {
        var by = table.Column(c.Input.GetProperty("by").GetString()!);
        var where = Where(table, c.Input);
        var (a, b) = (c.Input.GetProperty(first).ToString(), c.Input.GetProperty(second).ToString());
        return (sample.Share(row => where(row) && by(row) == a, code), sample.Share(row => where(row) && by(row) == b, code));
    }

    private static (CsvTable Table, ReferenceSample Sample) Open(ReferenceCase c)
    {
        var table = CsvTable.Read(Path.Combine(c.Folder, c.Input.GetProperty("dataset").GetString()!));
        return (table, new ReferenceSample(table, c.Input.GetProperty("design")));
    }

    private static string Variable(ReferenceCase c) => c.Input.GetProperty("variable").GetString()!;

    private static int Int(JsonElement input, string name) => input.GetProperty(name).GetInt32();

    /// <summary>Persons with both answers, per school, and the answers of the others; only counts and sums leave it.</summary>
    private sealed class MatchedPairs
    {
        private const int Steps = 4;
        private readonly List<(SampledSchool School, double Weight, double Pre, double Post)> _pairs = [];
        private readonly List<double> _preOnly = [];
        private readonly List<double> _postOnly = [];
        private readonly double _least;

        private MatchedPairs(double least) => _least = least;

        public static MatchedPairs Read(ReferenceCase c)
        {
            var table = CsvTable.Read(Path.Combine(c.Folder, c.Input.GetProperty("dataset").GetString()!));
            var (key, value, period) = (table.Column(c.Input.GetProperty("pair_key").GetString()!), table.Number(Variable(c)), table.Column(PeriodColumn));
            var school = Text(c.Input, "cluster") is { } cluster ? table.Column(cluster) : _ => "all";
            var stratum = Text(c.Input, "strata") is { } strata ? table.Column(strata) : _ => "all";
            Func<string[], double> weight = Text(c.Input, "weight") is { } w ? row => table.Number(w)(row)!.Value : _ => 1;
            var least = Text(c.Input, "success") is { } success
                ? double.Parse(success["value>=".Length..], System.Globalization.CultureInfo.InvariantCulture)
                : double.NaN;
            var result = new MatchedPairs(least);
            foreach (var person in table.Rows.Where(row => value(row) is not null).GroupBy(key, StringComparer.Ordinal))
            {
                var (pre, post) = (person.FirstOrDefault(row => period(row) == "pre"), person.FirstOrDefault(row => period(row) == "post"));
                if (pre is not null && post is not null)
                    result._pairs.Add((new SampledSchool(school(pre), stratum(pre)), weight(pre), value(pre)!.Value, value(post)!.Value));
                else if (pre is not null) result._preOnly.Add(value(pre)!.Value);
                else if (post is not null) result._postOnly.Add(value(post)!.Value);
            }

            return result;
        }

        public DifferenceHistogram Histogram() => Histogram(_pairs);

        public IReadOnlyList<DifferenceHistogram> HistogramsBySchool() => [.. _pairs.GroupBy(p => p.School.School, StringComparer.Ordinal).Select(Histogram)];

        public PairCounts Counts() => Counts(_pairs);

        public IReadOnlyList<PairCounts> CountsBySchool() => [.. _pairs.GroupBy(p => p.School.School, StringComparer.Ordinal).Select(Counts)];

        public DomainTotals Differences()
        {
            var design = SampleDesign.Of(_pairs.Select(p => p.School));
            var totals = new SortedDictionary<int, SchoolSums>();
            foreach (var (school, w, pre, post) in _pairs)
            {
                var position = design.PositionOf(school.School, school.Stratum);
                totals[position] = totals.GetValueOrDefault(position, SchoolSums.None(position)).Plus(1, w, w * w, post - pre);
            }

            return DomainTotals.Of(design, totals.Values.ToArray());
        }

        public OverlapTotals Overlap() => Overlap(x => x);

        public OverlapTotals OverlapOfShares() => Overlap(x => x >= _least ? 1 : 0);

        private static DifferenceHistogram Histogram(IEnumerable<(SampledSchool School, double Weight, double Pre, double Post)> pairs)
        {
            var counts = new int[(2 * Steps) + 1];
            foreach (var (_, _, pre, post) in pairs) counts[(int)(post - pre) + Steps]++;
            return new DifferenceHistogram(counts);
        }

        private PairCounts Counts(IEnumerable<(SampledSchool School, double Weight, double Pre, double Post)> pairs) =>
            pairs.Aggregate(default(PairCounts), (sum, p) => sum + (p.Pre >= _least, p.Post >= _least) switch
            {
                (true, true) => new PairCounts(1, 0, 0, 0),
                (true, false) => new PairCounts(0, 1, 0, 0),
                (false, true) => new PairCounts(0, 0, 1, 0),
                (false, false) => new PairCounts(0, 0, 0, 1),
            });

        private OverlapTotals Overlap(Func<double, double> code) => new(
            Of(_preOnly.Select(code)),
            Of(_postOnly.Select(code)),
            Of(_pairs.Select(p => code(p.Pre))),
            Of(_pairs.Select(p => code(p.Post))),
            _pairs.Sum(p => code(p.Pre) * code(p.Post)));

        private static Moments Of(IEnumerable<double> values) => values.Aggregate(default(Moments), (sum, value) => sum.With(value));
    }
}
