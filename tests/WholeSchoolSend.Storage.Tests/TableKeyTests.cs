using CsCheck;

namespace WholeSchoolSend.Storage.Tests;

public sealed class TableKeyTests
{
    // Every character that has a meaning in keys, often; the rest of UTF-16, unpaired surrogates included, sometimes.
    private static readonly Gen<char> AnyChar = Gen.Frequency((6, Gen.Char["~!/\\#?% -uh0Aa\u0000\u0001\u007f\u0085é"]), (1, Gen.Char));
    private static readonly Gen<string> AnyText = Gen.Frequency(
        (10, Gen.String[AnyChar, 0, 6]), (1, Gen.String[AnyChar, 100, 220]));
    private static readonly Gen<string[]> AnyParts = AnyText.Array[1, 3];

    [Fact]
    public void Two_texts_never_share_a_key() =>
        Gen.Select(AnyParts, AnyParts).Sample(
            (a, b) => a.SequenceEqual(b, StringComparer.Ordinal) == (TableKey.From(a) == TableKey.From(b)), iter: 200_000);

    [Fact]
    public void Long_texts_that_differ_at_their_end_do_not_share_a_key()
    {
        var text = new string('x', 500);

        Assert.NotEqual(TableKey.From(text + "a"), TableKey.From(text + "b"));
        Assert.InRange(TableKey.From(text, text, text).Length, 1, TableKey.MaxLength);
    }

    [Fact]
    public void A_key_has_only_characters_that_Azure_takes() =>
        AnyParts.Sample(parts => TableKey.From(parts).All(c => c is >= ' ' and <= '~' and not ('/' or '\\' or '#' or '?' or '%')));

    [Fact]
    public void A_range_holds_exactly_the_keys_below_its_parts() =>
        Gen.Select(AnyParts, AnyParts).Sample((above, other) =>
        {
            var (from, to) = TableKey.Below(above);
            string[] below = [.. above.Concat(other).Take(3)];
            var isBelow = below.Length > above.Length;
            return Within(TableKey.From(below)) == isBelow
                && Within(TableKey.From(other)) == (other.Length > above.Length && other.Take(above.Length).SequenceEqual(above, StringComparer.Ordinal));

            bool Within(string key) => string.CompareOrdinal(key, from) >= 0 && string.CompareOrdinal(key, to) < 0;
        }, iter: 100_000);

    [Fact]
    public void The_empty_part_sorts_before_every_other() =>
        AnyText.Where(text => text.Length > 0).Sample(text => string.CompareOrdinal(TableKey.From("S", "1", ""), TableKey.From("S", "1", text)) < 0);

    [Fact]
    public void Later_times_sort_first() =>
        Gen.Select(Gen.DateTimeOffset, Gen.DateTimeOffset).Sample((a, b) =>
            Math.Sign(b.CompareTo(a)) == Math.Sign(string.CompareOrdinal(TableKey.NewestFirst(a), TableKey.NewestFirst(b))));

    [Theory]
    [InlineData("R~100001~abc", "R", "100001", "abc")]
    [InlineData("R~org!7Eacme~abc", "R", "org~acme", "abc")]
    [InlineData("Leaders survey (final) v2.xlsx", "Leaders survey (final) v2.xlsx")]
    [InlineData("a!2Fb!23!3F!5C!25!21", "a/b#?\\%!")]
    [InlineData("!20x!20", " x ")]
    [InlineData("caf!u00E9", "café")]
    [InlineData("S~100001~!-", "S", "100001", "")]
    public void A_key_reads_as_its_text(string key, params string[] parts) => Assert.Equal(key, TableKey.From(parts));
}
