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
    private const int OnStack = 256;

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

    public double Variance()
    {
        Span<double> work = stackalloc double[2 * OnStack];
        if (_design.StratumCount > OnStack) work = new double[2 * _design.StratumCount];
        var mean = work[.._design.StratumCount];
        var squares = work.Slice(_design.StratumCount, _design.StratumCount);
        squares.Clear();
        Means(mean);
        ReadOnlySpan<double> values = Values;
        var stratumOf = _design.StratumOf[..values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var h = stratumOf[i];
            var deviation = values[i] - mean[h];
            squares[h] += deviation * deviation;
        }

        return Total(squares);
    }

    public static double Covariance(Influence first, Influence second)
    {
        var design = first._design;
        Span<double> work = stackalloc double[3 * OnStack];
        if (design.StratumCount > OnStack) work = new double[3 * design.StratumCount];
        var xMean = work[..design.StratumCount];
        var yMean = work.Slice(design.StratumCount, design.StratumCount);
        var products = work.Slice(2 * design.StratumCount, design.StratumCount);
        products.Clear();
        first.Means(xMean);
        second.Means(yMean);
        ReadOnlySpan<double> x = first.Values;
        ReadOnlySpan<double> y = second.Values[..x.Length];
        var stratumOf = design.StratumOf[..x.Length];
        for (var i = 0; i < x.Length; i++)
        {
            var h = stratumOf[i];
            products[h] += (x[i] - xMean[h]) * (y[i] - yMean[h]);
        }

        return first.Total(products);
    }

    // Two passes, means first: where every stratum is constant the deviations are then 0 but for rounding, and not a difference of large squares.
    private void Means(Span<double> means)
    {
        means.Clear();
        ReadOnlySpan<double> values = Values;
        var stratumOf = _design.StratumOf[..values.Length];
        for (var i = 0; i < values.Length; i++) means[stratumOf[i]] += values[i];
        for (var h = 0; h < means.Length; h++) means[h] = _design.SchoolsIn[h] > 1 ? means[h] / _design.SchoolsIn[h] : 0;
    }

    private double Total(ReadOnlySpan<double> products)
    {
        var total = 0.0;
        for (var h = 0; h < products.Length; h++)
        {
            double n = _design.SchoolsIn[h];
            total += _design.Unsampled(h) * (n > 1 ? n / (n - 1) : 1) * products[h];
        }

        return total;
    }

    public void Dispose() => ArrayPool<double>.Shared.Return(_rented);
}
