using System.Buffers;

namespace WholeSchoolSend.Core.Statistics;

/// <summary>
/// The totals of all schools that have somebody in a domain (a role, a group, a wave with a valid answer), on the design they were sampled by.
/// </summary>
/// <remarks>
/// Holds the rows it is given without copying them; whoever made them does not change them afterwards. Rows that were rented are given back by disposing.
/// </remarks>
public sealed class DomainTotals : IDisposable
{
    private readonly bool[] _strata;
    private SchoolSums[]? _rented;

    private DomainTotals(SampleDesign design, ReadOnlyMemory<SchoolSums> schools, SchoolSums sum, double largestWeight, int schoolCount, bool[] strata)
    {
        (Design, Schools, Sum, LargestWeight, SchoolCount, _strata) = (design, schools, sum, largestWeight, schoolCount, strata);
        StratumCount = strata.AsSpan().Count(true);
    }

    /// <summary>The sample.</summary>
    public SampleDesign Design { get; }

    /// <summary>One row per school, in rising order of position.</summary>
    public ReadOnlyMemory<SchoolSums> Schools { get; }

    /// <summary>Respondents in the domain.</summary>
    public int Responses => Sum.Responses;

    /// <summary>Respondents in the domain whose answer is a success, unweighted.</summary>
    public int Successes => Sum.Successes;

    /// <summary>Schools with weight in the domain.</summary>
    public int SchoolCount { get; }

    /// <summary>Strata with such a school.</summary>
    public int StratumCount { get; }

    /// <summary>Schools less strata, as in survey::degf of the subset; below 1 there is no design-based interval.</summary>
    public int DegreesOfFreedom => SchoolCount - StratumCount;

    /// <summary>Nobody in the domain carries weight, so nothing can be estimated.</summary>
    public bool IsEmpty => !(Sum.SumOfWeights > 0);

    /// <summary>The sums over all schools; its position means nothing.</summary>
    public SchoolSums Sum { get; }

    /// <summary>Σw of the school that has most.</summary>
    public double LargestWeight { get; }

    /// <summary>By stratum: has it a school with weight in the domain?</summary>
    internal ReadOnlySpan<bool> Strata => _strata;

    /// <summary>Σwy / Σw.</summary>
    internal double Ratio => Sum.WeightedSum / Sum.SumOfWeights;

    /// <summary>Gathers the rows of a domain: at most one per school, in rising order of position, weights not negative.</summary>
    public static DomainTotals Of(SampleDesign design, ReadOnlyMemory<SchoolSums> schools)
    {
        ArgumentNullException.ThrowIfNull(design);
        var (responses, successes, count, last) = (0, 0, 0, -1);
        double w = 0, a = 0, q = 0, s = 0, largest = 0;
        var strata = new bool[design.StratumCount];
        foreach (ref readonly var row in schools.Span)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(row.School, last, nameof(schools));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row.School, design.SchoolCount, nameof(schools));
            ArgumentOutOfRangeException.ThrowIfNegative(row.SumOfWeights, nameof(schools));
            last = row.School;
            responses += row.Responses;
            successes += row.Successes;
            w += row.SumOfWeights;
            a += row.WeightedSum;
            q += row.SumOfSquaredWeights;
            s += row.WeightedSumOfSquares;
            if (row.SumOfWeights > 0)
            {
                count++;
                strata[design.StratumOf[row.School]] = true;
                largest = Math.Max(largest, row.SumOfWeights);
            }
        }

        return new DomainTotals(design, schools, new SchoolSums(-1, responses, successes, w, a, q, s), largest, count, strata);
    }

    /// <summary>The same of rows in an array from the shared pool, to which it goes back when the domain is disposed.</summary>
    internal static DomainTotals OfRented(SampleDesign design, SchoolSums[] rented, int rows)
    {
        var domain = Of(design, rented.AsMemory(0, rows));
        domain._rented = rented;
        return domain;
    }

    public void Dispose()
    {
        if (_rented is not null) ArrayPool<SchoolSums>.Shared.Return(_rented);
        _rented = null;
    }

    /// <summary>The schools and strata of several domains together: (schools, strata, schools that are in more than one).</summary>
    internal static (int Schools, int Strata, int Shared) Union(params ReadOnlySpan<DomainTotals> domains)
    {
        var design = domains[0].Design;
        var rented = ArrayPool<byte>.Shared.Rent(design.SchoolCount);
        var times = rented.AsSpan(0, design.SchoolCount);
        times.Clear();
        var (schools, shared) = (0, 0);
        var strata = new bool[design.StratumCount];
        foreach (var domain in domains)
        {
            RequireSameDesign(design, domain);
            for (var h = 0; h < strata.Length; h++) strata[h] |= domain._strata[h];
            foreach (ref readonly var row in domain.Schools.Span)
            {
                if (!(row.SumOfWeights > 0)) continue;
                ref var time = ref times[row.School];
                if (time == 0) schools++;
                else if (time == 1) shared++;
                time = (byte)Math.Min(2, time + 1);
            }
        }

        ArrayPool<byte>.Shared.Return(rented);
        return (schools, strata.AsSpan().Count(true), shared);
    }

    internal static void RequireSameDesign(SampleDesign design, DomainTotals domain)
    {
        if (!ReferenceEquals(design, domain.Design))
            throw new ArgumentException("Domains that are compared must stand on the same sample design.", nameof(domain));
    }
}
