using System.Buffers;

namespace WholeSchoolSend.Core.Statistics;

/// <summary>
/// What each school contributes to the linearised deviation of an estimator, from which its variance and covariance follow.
/// </summary>
/// <remarks>
/// One-stage ultimate cluster variance by Taylor linearisation: Woodruff (1971), J. Am. Stat. Assoc. 66:411-414; Binder (1983), Int. Stat. Rev. 51:279-292:
/// V = sum_h f_h n_h/(n_h-1) sum_i (z_hi - zbar_h)^2 with f_h = 1 or 1 - n_h/N_h. A stratum with one school (n_h = 1) adds z^2, centred at 0, as
/// survey.lonely.psu = "adjust" in R. The school is taken as drawn with replacement, so sampling within schools is covered and not modelled;
/// with few schools the estimate is itself unstable, which the degrees of freedom carry.
/// The working vector is rented: it lives for one computation and never leaves it.
/// </remarks>
internal readonly struct Influence : IDisposable
{
    private readonly SampleDesign _design;
    private readonly double[] _rented;

    public Influence(SampleDesign design)
    {
        _design = design;
        _rented = ArrayPool<double>.Shared.Rent(design.SchoolCount);
        Values.Clear();
    }

    private Span<double> Values => _rented.AsSpan(0, _design.SchoolCount);

    /// <summary>The influence of a ratio Σwy/Σw: z = (A - ratio B)/W.</summary>
    public static Influence OfRatio(DomainTotals domain)
    {
        var influence = new Influence(domain.Design);
        influence.AddRatio(domain, 1);
        return influence;
    }

    /// <summary>Adds a multiple of the influence of a domain's ratio.</summary>
    public void AddRatio(DomainTotals domain, double multiple) =>
        Add(domain, multiple / domain.Sum.SumOfWeights, -multiple * domain.Ratio / domain.Sum.SumOfWeights);

    /// <summary>Adds a linear form of each school's totals: ofSum A + ofWeight B.</summary>
    public void Add(DomainTotals domain, double ofSum, double ofWeight)
    {
        DomainTotals.RequireSameDesign(_design, domain);
        var values = Values;
        foreach (ref readonly var row in domain.Schools.Span)
            values[row.School] += (ofSum * row.WeightedSum) + (ofWeight * row.SumOfWeights);
    }

    public double Variance() => Covariance(this, this);

    public static double Covariance(Influence first, Influence second)
    {
        var design = first._design;
        var strata = design.StratumCount;
        ReadOnlySpan<double> x = first.Values;
        ReadOnlySpan<double> y = second.Values;
        Span<double> work = strata <= 128 ? stackalloc double[3 * strata] : new double[3 * strata];
        work.Clear();
        var xMean = work[..strata];
        var yMean = work.Slice(strata, strata);
        var products = work[(2 * strata)..];
        var stratumOf = design.StratumOf;
        for (var i = 0; i < x.Length; i++)
        {
            xMean[stratumOf[i]] += x[i];
            yMean[stratumOf[i]] += y[i];
        }

        for (var h = 0; h < strata; h++)
        {
            var n = design.SchoolsIn[h];
            xMean[h] = n > 1 ? xMean[h] / n : 0;
            yMean[h] = n > 1 ? yMean[h] / n : 0;
        }

        for (var i = 0; i < x.Length; i++)
        {
            var h = stratumOf[i];
            products[h] += (x[i] - xMean[h]) * (y[i] - yMean[h]);
        }

        var covariance = 0.0;
        for (var h = 0; h < strata; h++)
        {
            double n = design.SchoolsIn[h];
            covariance += design.Unsampled(h) * (n > 1 ? n / (n - 1) : 1) * products[h];
        }

        return covariance;
    }

    public void Dispose() => ArrayPool<double>.Shared.Return(_rented);
}
