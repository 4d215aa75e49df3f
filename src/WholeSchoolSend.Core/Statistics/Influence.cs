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
/// A stratum with nobody in the domain has z = 0 throughout and adds nothing: it is not looked at. Schools stand stratum by stratum, so that each stratum's
/// sums are formed one after the other, in school order.
/// The working vector is rented: it lives for one computation and never leaves it.
/// </remarks>
internal sealed class Influence : IDisposable
{
    private readonly SampleDesign _design;
    private readonly double[] _rented;
    private readonly bool[] _strata;
    private double[]? _means;

    public Influence(SampleDesign design)
    {
        _design = design;
        _rented = ArrayPool<double>.Shared.Rent(design.SchoolCount);
        _strata = new bool[design.StratumCount];
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
        var placeOf = _design.PlaceOf;
        foreach (ref readonly var row in domain.Schools.Span)
            values[placeOf[row.School]] += (ofSum * row.WeightedSum) + (ofWeight * row.SumOfWeights);
        for (var h = 0; h < _strata.Length; h++) _strata[h] |= domain.Strata[h];
        _means = null;
    }

    public double Variance() => Covariance(this, this);

    public static double Covariance(Influence first, Influence second)
    {
        var design = first._design;
        var (xMeans, yMeans) = (first._means ??= first.Means(), second._means ??= second.Means());
        var (total, start) = (0.0, 0);
        for (var h = 0; h < design.StratumCount; h++)
        {
            var n = design.SchoolsIn[h];
            if (first._strata[h] && second._strata[h])
            {
                ReadOnlySpan<double> x = first.Values.Slice(start, n);
                ReadOnlySpan<double> y = second.Values.Slice(start, n);
                var (xMean, yMean, products) = (xMeans[h], yMeans[h], 0.0);
                for (var i = 0; i < x.Length; i++) products += (x[i] - xMean) * (y[i] - yMean);
                total += design.Unsampled(h) * (n > 1 ? n / (n - 1.0) : 1) * products;
            }
            start += n;
        }
        return total;
    }

    // Two passes, means first: where every stratum is constant the deviations are then 0 but for rounding, and not a difference of large squares.
    private double[] Means()
    {
        var means = new double[_design.StratumCount];
        var start = 0;
        for (var h = 0; h < means.Length; h++)
        {
            var n = _design.SchoolsIn[h];
            var sum = 0.0;
            if (_strata[h] && n > 1)
                foreach (var value in Values.Slice(start, n)) sum += value;
            means[h] = sum / n;
            start += n;
        }
        return means;
    }

    public void Dispose() => ArrayPool<double>.Shared.Return(_rented);
}
