namespace WholeSchoolSend.Core.Statistics;

/// <summary>How many equally weighted, unclustered answers a weighted sample is worth.</summary>
public static class EffectiveSize
{
    /// <summary>Kish's effective sample size, (Σw)²/Σw².</summary>
    /// <remarks>
    /// Kish (1965), Survey Sampling; Kish (1992), J. Off. Stat. 8:183-200. It knows the weights but not the schools: only for poll tables that come without
    /// school ids. Where schools are known the design effect of the estimate itself is used.
    /// </remarks>
    public static double Kish(double sumOfWeights, double sumOfSquaredWeights)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sumOfWeights);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sumOfSquaredWeights);
        return sumOfWeights * sumOfWeights / sumOfSquaredWeights;
    }

    /// <summary>Kish's design effect of weighting, n Σw²/(Σw)².</summary>
    public static double KishDesignEffect(int responses, double sumOfWeights, double sumOfSquaredWeights)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(responses);
        return responses / Kish(sumOfWeights, sumOfSquaredWeights);
    }
}
