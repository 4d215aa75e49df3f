using System.Globalization;
using System.Text;
using WholeSchoolSend.Core.Polls;

namespace WholeSchoolSend.Core.Tests.Polls;

/// <summary>What is remembered of cells: two texts are one only if every byte is.</summary>
public sealed class PackedCellTests
{
    [Fact]
    public void Cells_that_differ_in_one_byte_or_in_length_are_different_numbers_and_none_is_0()
    {
        var cells = new List<byte[]>();
        for (var length = 0; length <= PackedCell.Longest; length++)
        {
            cells.Add(new byte[length]);
            for (var at = 0; at < length; at++)
                for (var octet = 1; octet <= byte.MaxValue; octet++)
                {
                    var cell = new byte[length];
                    cell[at] = (byte)octet;
                    cells.Add(cell);
                }
            cells.Add([.. Enumerable.Repeat((byte)0xFF, length)]);
        }
        // One byte of 0xFF comes twice, and so does the empty cell.
        var distinct = cells.Select(Convert.ToHexString).Distinct().Count();

        Assert.Equal(distinct, cells.Select(cell => PackedCell.Of(cell)).Distinct().Count());
        Assert.DoesNotContain(UInt128.Zero, cells.Select(cell => PackedCell.Of(cell)));
    }

    [Fact]
    public void A_lookup_asks_once_for_a_cell_of_any_length_and_keeps_meanings_apart()
    {
        var asked = new List<string>();
        var lookup = new Utf8Lookup<string>(text =>
        {
            asked.Add(text);
            return text.EndsWith('7') ? null : $"<{text}>";
        });
        var cells = Enumerable.Range(0, 5_000).Select(number => new string('x', number % 40) + number.ToString(CultureInfo.InvariantCulture)).ToList();

        for (var again = 0; again < 2; again++)
            foreach (var cell in cells)
            {
                Assert.Equal(!cell.EndsWith('7'), lookup.TryFind(Encoding.UTF8.GetBytes(cell), out var found));
                Assert.Equal(cell.EndsWith('7') ? null : $"<{cell}>", found);
            }
        Assert.Equal(cells, asked);
    }

    [Theory]
    [InlineData("")]
    [InlineData("respondent number ")]
    public void Every_respondent_is_new_once(string prefix)
    {
        var set = new RespondentSet();
        var keys = Enumerable.Range(0, 50_000).Select(number => Encoding.UTF8.GetBytes(prefix + number.ToString(CultureInfo.InvariantCulture))).ToList();

        Assert.All(keys, key => Assert.True(set.Add(key)));
        Assert.All(keys, key => Assert.False(set.Add(key)));
        Assert.True(set.Add(Encoding.UTF8.GetBytes(prefix + "50000")));
    }
}
