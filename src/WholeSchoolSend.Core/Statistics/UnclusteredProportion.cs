namespace WholeSchoolSend.Core.Statistics;

/// <summary>Shares from a poll that came without schools, so that nothing is known about clusters.</summary>
public static class UnclusteredProportion
{
    /// <summary>The weighted share with the variance p(1-p)/n_eff, n_eff Kish's effective size; nothing when nobody carries weight.</summary>
    /// <param name="sum">the sums over everybody in the domain; its position means nothing here.</param>
    /// <remarks>
    /// Kish (1965), Survey Sampling, section 11.7: the loss of precision by unequal weights. It takes respondents as drawn one by one: where several are from one
    /// school, and we are not told, the interval is too narrow. Degrees of freedom n_eff - 1, rounded down.
    /// </remarks>
    public static ProportionEstimate? Estimate(SchoolSums sum)
    {
        if (!(sum.SumOfWeights > 0)) return null;
        var p = sum.WeightedSum / sum.SumOfWeights;
        var size = EffectiveSize.Kish(sum.SumOfWeights, sum.SumOfSquaredWeights);
        return new ProportionEstimate(
            p, p * (1 - p) / size, (int)Math.Floor(size) - 1, sum.Responses, sum.Successes, 0, 0, sum.SumOfWeights, sum.SumOfSquaredWeights)
        {
            Method = "weighted proportion, no schools known, Kish effective size",
        };
    }
}
