using System.Numerics;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>Alike people at one school: of which groups (bits) they are.</summary>
/// <param name="Yes">weight of those who said yes.</param>
internal readonly record struct Alike(BigInteger Groups, string School, int N, double W, bool IsSchool = true, double Yes = 0);

/// <summary>What follows from knowing how many of some groups of people there are, or how many of them said yes.</summary>
/// <remarks>
/// Who knows groups A and B and that B is part of A knows A without B. In general: people are atoms, alike in which known groups they are in; a group is a row
/// of zeros and ones over atoms; everything that follows is the row space. A set of atoms follows exactly when its row is orthogonal to the null space. Rounding
/// only blurs this, so it is the attacker's best case. Willenborg and de Waal (2001), Elements of Statistical Disclosure Control, chapter 6 (linear relations in
/// tables); Fellegi (1972), J. Am. Stat. Assoc. 67:7-18.
/// </remarks>
internal static class Knowledge
{
    /// <summary>Every set of up to so many atoms is looked at: 2^14.</summary>
    private const int MostAtoms = 14;

    /// <summary>Beyond, only sets small enough to be withheld, and no more than so many: what cannot be shown to be safe is not.</summary>
    private const int MostSets = 200_000;

    private const double Nothing = 1e-9;

    /// <summary>Does a set of people too small to be shown follow from these groups?</summary>
    public static bool Exposes(IEnumerable<Alike> people, IReadOnlyCollection<int> known, DisclosurePolicy policy) =>
        Parts(people, known).Any(part => ExposesSmall(part, policy) || (part.Count <= MostAtoms && ExposesAny(part, set => IsTooSmall(set, policy))));

    /// <summary>
    /// Does the share of people follow that would be shown only as very small or very large? Of few enough, near 0 or 100 % tells what (nearly) each of them said.
    /// </summary>
    public static bool ExposesExtreme(IEnumerable<Alike> people, IReadOnlyCollection<int> known, DisclosurePolicy policy) =>
        Parts(people, known).Any(part => (policy.Has(DisclosureRule.Differences) && ExposesTrade(part)) || (part.Count <= MostAtoms ? ExposesAny(part, IsExtreme) : ExposesOverlap(part)));

    /// <summary>Does one of these groups share people with one of the others, without being the same people?</summary>
    public static bool Overlap(IReadOnlyCollection<Alike> people, IReadOnlyCollection<int> these, IReadOnlyCollection<int> others)
    {
        return these.Any(one => others.Any(other => people.Any(alike => alike.N > 0 && In(alike, one) && In(alike, other)) && people.Any(alike => alike.N > 0 && In(alike, one) != In(alike, other))));

        static bool In(Alike alike, int group) => !(alike.Groups >> group).IsEven;
    }

    private static bool IsExtreme(List<Atom> set) =>
        PublicFigures.IsExtreme(new Kpis.Figure("share", "%", 100 * set.Sum(atom => atom.Yes) / set.Sum(atom => atom.Weights.Values.Sum()), Base: set.Sum(atom => atom.N)));

    private static bool ExposesAny(List<Atom> atoms, Func<List<Atom>, bool> isSecret)
    {
        var nowhere = NullSpace(Rows(atoms, Bits(atoms)), atoms.Count);
        for (var set = 1; set < 1 << atoms.Count; set++)
        {
            var chosen = set;
            if (nowhere.TrueForAll(basis => Math.Abs(Sum(basis, chosen)) < Nothing) && isSecret([.. atoms.Where((_, index) => (chosen >> index & 1) == 1)])) return true;
        }
        return false;

        static double Sum(double[] basis, int set)
        {
            var sum = 0.0;
            for (var index = 0; index < basis.Length; index++) if ((set >> index & 1) == 1) sum += basis[index];
            return sum;
        }
    }

    /// <summary>What one group has over another, and what two share.</summary>
    private static bool ExposesOverlap(List<Atom> atoms)
    {
        var nowhere = NullSpace(Rows(atoms, Bits(atoms)), atoms.Count);
        var bits = Bits(atoms);
        return bits.SelectMany(one => bits.SelectMany(other => new Func<Atom, bool>[] { atom => Has(atom, one) && Has(atom, other), atom => Has(atom, one) && !Has(atom, other) }))
            .Any(takes => atoms.Exists(atom => takes(atom)) && IsExtreme([.. atoms.Where(takes)])
                && nowhere.TrueForAll(basis => Math.Abs(atoms.Select((atom, index) => takes(atom) ? basis[index] : 0).Sum()) < Nothing));
    }

    /// <summary>
    /// What one group has over another less what the other has over it: where (nearly) all of the one said yes and (nearly) all of the other no, no other numbers are
    /// possible.
    /// </summary>
    private static bool ExposesTrade(List<Atom> atoms)
    {
        var bits = Bits(atoms);
        return bits.Exists(one => bits.Exists(other =>
        {
            var (over, under) = (atoms.Where(atom => Has(atom, one) && !Has(atom, other)).ToList(), atoms.Where(atom => !Has(atom, one) && Has(atom, other)).ToList());
            return over.Count > 0 && under.Count > 0 && atoms.Exists(atom => Has(atom, one) && Has(atom, other)) && PublicFigures.IsNearlyAll(
                over.Sum(atom => atom.N) + under.Sum(atom => atom.N), over.Sum(atom => atom.N - atom.Yes) + under.Sum(atom => atom.Yes));
        }));
    }

    /// <summary>
    /// Does any sum of the groups, added and taken away, come to few people or few schools only? Not just to how many of them said yes: that two of one kind less one of
    /// another come to minus one is possible in one way. A set grows with every atom, so what is large enough needs no look at what contains it.
    /// </summary>
    /// <remarks>A sum that is about a set only is orthogonal to the null space on it: there is one exactly where the null space's columns of the set depend on each other.</remarks>
    private static bool ExposesSmall(List<Atom> atoms, DisclosurePolicy policy)
    {
        var nowhere = NullSpace(Rows(atoms, Bits(atoms)), atoms.Count);
        var looked = 0;
        return From(0, [], []);

        bool From(int first, List<Atom> set, List<double[]> columns)
        {
            for (var index = first; index < atoms.Count; index++)
            {
                if (++looked > MostSets) return true;
                set.Add(atoms[index]);
                var isSmall = set.Sum(atom => atom.N) < policy.MinRespondents
                    || (set.TrueForAll(atom => atom.IsSchools) && set.SelectMany(atom => atom.Weights.Keys).Distinct(StringComparer.Ordinal).Count() < policy.MinSchools);
                if (isSmall && !policy.Has(DisclosureRule.Differences) && nowhere.TrueForAll(basis => Math.Abs(set.Sum(atom => basis[atoms.IndexOf(atom)])) < Nothing)) return true;
                var column = isSmall ? Beyond(columns, [.. nowhere.Select(basis => basis[index])]) : null;
                if (isSmall && policy.Has(DisclosureRule.Differences) && column is null) return true;
                if (isSmall && From(index + 1, set, column is null ? columns : [.. columns, column])) return true;
                set.RemoveAt(set.Count - 1);
            }
            return false;
        }
    }

    /// <summary>What a column has beyond those before it (orthogonal, of length 1), made as long as 1; null where nothing.</summary>
    private static double[]? Beyond(List<double[]> columns, double[] column)
    {
        foreach (var before in columns)
        {
            var along = before.Zip(column, (one, other) => one * other).Sum();
            for (var row = 0; row < column.Length; row++) column[row] -= along * before[row];
        }
        var length = Math.Sqrt(column.Sum(value => value * value));
        return length < 1e-7 ? null : [.. column.Select(value => value / length)];
    }

    private static bool IsTooSmall(List<Atom> people, DisclosurePolicy policy)
    {
        var weights = people.SelectMany(atom => atom.Weights).GroupBy(school => school.Key, StringComparer.Ordinal).Select(school => school.Sum(one => one.Value)).ToList();
        return people.TrueForAll(atom => atom.IsSchools)
            ? policy.IsConfidential(people.Sum(atom => atom.N), weights.Count, weights.Max() / weights.Sum())
            : policy.IsConfidential(people.Sum(atom => atom.N), null, null);
    }

    /// <summary>Atoms that hang together by known groups: what follows in one part has nothing to do with another.</summary>
    private static IEnumerable<List<Atom>> Parts(IEnumerable<Alike> people, IReadOnlyCollection<int> known)
    {
        var left = Atoms(people, known);
        while (left.Count > 0)
        {
            var groups = left[0].Groups;
            while (left.Find(atom => (atom.Groups & groups) != 0 && (atom.Groups | groups) != groups) is { } more) groups |= more.Groups;
            yield return left.Where(atom => (atom.Groups & groups) != 0).ToList();
            left = left.Where(atom => (atom.Groups & groups) == 0).ToList();
        }
    }

    private static List<Atom> Atoms(IEnumerable<Alike> people, IReadOnlyCollection<int> known)
    {
        var mask = known.Aggregate(BigInteger.Zero, (bits, group) => bits | (BigInteger.One << group));
        var atoms = new Dictionary<BigInteger, Atom>();
        foreach (var one in people)
        {
            if (one.N == 0 || (one.Groups & mask) is not { IsZero: false } groups) continue;
            if (!atoms.TryGetValue(groups, out var atom)) atoms.Add(groups, atom = new Atom(groups, one.IsSchool));
            atom.Add(one);
        }
        return [.. atoms.Values.OrderBy(atom => atom.Groups)];
    }

    private static List<int> Bits(List<Atom> atoms)
    {
        var groups = atoms.Aggregate(BigInteger.Zero, (all, atom) => all | atom.Groups);
        return [.. Enumerable.Range(0, (int)groups.GetBitLength()).Where(bit => !(groups >> bit).IsEven)];
    }

    private static double[][] Rows(List<Atom> atoms, IEnumerable<int> groups) => [.. groups.Select(group => atoms.Select(atom => Has(atom, group) ? 1.0 : 0).ToArray())];

    private static bool Has(Atom atom, int group) => !(atom.Groups >> group).IsEven;

    private static List<double[]> NullSpace(double[][] rows, int columns)
    {
        var pivots = Reduce(rows, columns);
        return [.. Enumerable.Range(0, columns).Except(pivots).Select(free =>
        {
            var basis = new double[columns];
            basis[free] = 1;
            for (var row = 0; row < pivots.Count; row++) basis[pivots[row]] = -rows[row][free];
            return basis;
        })];
    }

    /// <summary>Reduced row echelon form in place; the columns of its pivots.</summary>
    private static List<int> Reduce(double[][] rows, int columns)
    {
        var pivots = new List<int>();
        for (var column = 0; column < columns && pivots.Count < rows.Length; column++)
        {
            var at = pivots.Count;
            var best = Enumerable.Range(at, rows.Length - at).MaxBy(row => Math.Abs(rows[row][column]));
            if (Math.Abs(rows[best][column]) < Nothing) continue;
            (rows[at], rows[best]) = (rows[best], rows[at]);
            var pivot = rows[at][column];
            for (var index = 0; index < columns; index++) rows[at][index] /= pivot;
            for (var row = 0; row < rows.Length; row++)
            {
                if (row == at || rows[row][column] == 0) continue;
                var times = rows[row][column];
                for (var index = 0; index < columns; index++) rows[row][index] -= times * rows[at][index];
            }
            pivots.Add(column);
        }
        return pivots;
    }

    private sealed class Atom(BigInteger groups, bool isSchools)
    {
        public BigInteger Groups { get; } = groups;

        public bool IsSchools { get; } = isSchools;

        public int N { get; private set; }

        public double Yes { get; private set; }

        public Dictionary<string, double> Weights { get; } = new(StringComparer.Ordinal);

        public void Add(Alike people)
        {
            N += people.N;
            Yes += people.Yes;
            Weights[people.School] = Weights.GetValueOrDefault(people.School) + people.W;
        }
    }
}
