namespace WholeSchoolSend.Core.Statistics;

/// <summary>A school of the sample and the stratum it was drawn from.</summary>
public sealed record SampledSchool(string School, string Stratum);

/// <summary>
/// The schools of a sample with their strata: everyone who took part, whether or not they answered a given question.
/// </summary>
/// <remarks>
/// The school is the primary sampling unit. The variance of a domain counts all schools of a stratum (n_h), also those with nobody in the domain:
/// Binder (1983), Int. Stat. Rev. 51:279-292. A school id that occurs in two strata is two units.
/// Schools stand in ordinal order of id, whatever order they came in, so that sums are formed in one order and give the same bits every time.
/// </remarks>
public sealed class SampleDesign
{
    private readonly SampledSchool[] _schools;
    private readonly int[] _stratumOf;
    private readonly string[] _strata;
    private readonly int[] _schoolsIn;
    private readonly int[] _placeOf;
    private readonly double[]? _populations;

    private SampleDesign(SampledSchool[] schools, int[] stratumOf, string[] strata, int[] schoolsIn, double[]? populations)
    {
        (_schools, _stratumOf, _strata, _schoolsIn, _populations) = (schools, stratumOf, strata, schoolsIn, populations);
        _placeOf = Places(stratumOf, schoolsIn);
    }

    /// <summary>Number of schools.</summary>
    public int SchoolCount => _schools.Length;

    /// <summary>Number of strata.</summary>
    public int StratumCount => _strata.Length;

    /// <summary>Strata with a single school: their spread cannot be estimated and enters as the square of the school's deviation ("adjust").</summary>
    public int LonelyStratumCount => _schoolsIn.Count(n => n == 1);

    /// <summary>The school at a position.</summary>
    public SampledSchool this[int position] => _schools[position];

    internal ReadOnlySpan<int> StratumOf => _stratumOf;

    internal ReadOnlySpan<int> SchoolsIn => _schoolsIn;

    /// <summary>Where each school stands when schools are put stratum by stratum, in school order within each.</summary>
    internal ReadOnlySpan<int> PlaceOf => _placeOf;

    /// <summary>A sample from a population so large, or so incompletely answering, that no finite population correction applies.</summary>
    public static SampleDesign Of(IEnumerable<SampledSchool> schools) => Arrange(schools, null);

    /// <summary>A sample with the number of schools in each stratum of the population, for the finite population correction 1 - n_h/N_h.</summary>
    public static SampleDesign Of(IEnumerable<SampledSchool> schools, IReadOnlyDictionary<string, double> populations)
    {
        ArgumentNullException.ThrowIfNull(populations);
        return Arrange(schools, populations);
    }

    /// <summary>The position of a school, or a negative number when it is not in the sample.</summary>
    public int PositionOf(string school, string stratum) => Array.BinarySearch(_schools, new SampledSchool(school, stratum), BySchool.Order);

    /// <summary>The share of a stratum's population that was not drawn, 1 - n_h/N_h; 1 without populations.</summary>
    internal double Unsampled(int stratum) => _populations is null ? 1 : 1 - (_schoolsIn[stratum] / _populations[stratum]);

    private static SampleDesign Arrange(IEnumerable<SampledSchool> schools, IReadOnlyDictionary<string, double>? populations)
    {
        ArgumentNullException.ThrowIfNull(schools);
        var arranged = schools.ToArray();
        if (!IsStrictlyOrdered(arranged)) arranged = [.. arranged.Distinct().Order(BySchool.Order)];

        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var stratumOf = new int[arranged.Length];
        for (var i = 0; i < arranged.Length; i++)
        {
            var stratum = arranged[i].Stratum;
            if (!numbers.TryGetValue(stratum, out var number)) numbers.Add(stratum, number = numbers.Count);
            stratumOf[i] = number;
        }

        var schoolsIn = new int[numbers.Count];
        foreach (var stratum in stratumOf) schoolsIn[stratum]++;
        string[] strata = [.. numbers.Keys];
        return new SampleDesign(arranged, stratumOf, strata, schoolsIn, populations is null ? null : Sizes(strata, schoolsIn, populations));
    }

    private static int[] Places(int[] stratumOf, int[] schoolsIn)
    {
        var next = new int[schoolsIn.Length];
        for (var h = 1; h < next.Length; h++) next[h] = next[h - 1] + schoolsIn[h - 1];
        var places = new int[stratumOf.Length];
        for (var i = 0; i < places.Length; i++) places[i] = next[stratumOf[i]]++;
        return places;
    }

    private static double[] Sizes(string[] strata, int[] schoolsIn, IReadOnlyDictionary<string, double> populations)
    {
        var sizes = new double[strata.Length];
        for (var h = 0; h < strata.Length; h++)
        {
            sizes[h] = populations[strata[h]];
            ArgumentOutOfRangeException.ThrowIfLessThan(sizes[h], schoolsIn[h], nameof(populations));
        }

        return sizes;
    }

    private static bool IsStrictlyOrdered(SampledSchool[] schools)
    {
        for (var i = 1; i < schools.Length; i++)
        {
            if (BySchool.Order.Compare(schools[i - 1], schools[i]) >= 0) return false;
        }

        return true;
    }

    private sealed class BySchool : IComparer<SampledSchool>
    {
        public static readonly BySchool Order = new();

        public int Compare(SampledSchool? x, SampledSchool? y)
        {
            var bySchool = string.CompareOrdinal(x?.School, y?.School);
            return bySchool != 0 ? bySchool : string.CompareOrdinal(x?.Stratum, y?.Stratum);
        }
    }
}
