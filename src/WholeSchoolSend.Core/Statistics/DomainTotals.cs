namespace WholeSchoolSend.Core.Statistics;

/// <summary>
/// The totals of all schools that have somebody in a domain (a role, a group, a wave with a valid answer), on the design they were sampled by.
/// </summary>
/// <remarks>Holds the rows it is given without copying them; whoever made them does not change them afterwards.</remarks>
public sealed class DomainTotals
{
    private DomainTotals(SampleDesign design, ReadOnlyMemory<SchoolSums> schools, SchoolSums sum, int schoolCount, int stratumCount)
    {
        (Design, Schools, Sum, SchoolCount, StratumCount) = (design, schools, sum, schoolCount, stratumCount);
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

    /// <summary>Σwy / Σw.</summary>
    internal double Ratio => Sum.WeightedSum / Sum.SumOfWeights;

    /// <summary>Gathers the rows of a domain: at most one per school, in rising order of position, weights not negative.</summary>
    public static DomainTotals Of(SampleDesign design, ReadOnlyMemory<SchoolSums> schools)
    {
        ArgumentNullException.ThrowIfNull(design);
        var (responses, successes, count, last) = (0, 0, 0, -1);
        double w = 0, a = 0, q = 0, s = 0;
        Span<bool> seen = design.StratumCount <= 512 ? stackalloc bool[design.StratumCount] : new bool[design.StratumCount];
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
                seen[design.StratumOf[row.School]] = true;
            }
        }

        return new DomainTotals(design, schools, new SchoolSums(-1, responses, successes, w, a, q, s), count, seen.Count(true));
    }

    /// <summary>The schools and strata of several domains together: (schools, strata, schools that are in more than one).</summary>
    internal static (int Schools, int Strata, int Shared) Union(params ReadOnlySpan<DomainTotals> domains)
    {
        var design = domains[0].Design;
        var times = System.Buffers.ArrayPool<byte>.Shared.Rent(design.SchoolCount);
        var present = times.AsSpan(0, design.SchoolCount);
        present.Clear();
        foreach (var domain in domains)
        {
            RequireSameDesign(design, domain);
            foreach (ref readonly var row in domain.Schools.Span)
            {
                if (row.SumOfWeights > 0) present[row.School] = (byte)Math.Min(2, present[row.School] + 1);
            }
        }

        var (schools, shared) = (0, 0);
        var strata = new bool[design.StratumCount];
        for (var i = 0; i < present.Length; i++)
        {
            if (present[i] == 0) continue;
            schools++;
            if (present[i] > 1) shared++;
            strata[design.StratumOf[i]] = true;
        }

        System.Buffers.ArrayPool<byte>.Shared.Return(times);
        return (schools, strata.AsSpan().Count(true), shared);
    }

    internal static void RequireSameDesign(SampleDesign design, DomainTotals domain)
    {
        if (!ReferenceEquals(design, domain.Design))
            throw new ArgumentException("Domains that are compared must stand on the same sample design.", nameof(domain));
    }
}
