using System.Globalization;
using System.Text;
using CsCheck;

namespace WholeSchoolSend.PollFiles.Tests;

public sealed class CellTextTests
{
    [Theory]
    [InlineData("1", 1)]
    [InlineData(" 0.874114 ", 0.874114)]
    [InlineData(".5", 0.5)]
    [InlineData("-99", -99)]
    [InlineData("1e-3", 0.001)]
    [InlineData("123456789012345678901", 123456789012345678901d)]
    public void A_number_is_read(string text, double number)
    {
        Assert.True(CellText.TryNumber(Encoding.UTF8.GetBytes(text), false, out var read));
        Assert.Equal(number, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-∞")]
    [InlineData("1e999")]
    [InlineData("0x1F")]
    [InlineData("1,234")]
    [InlineData("1,5")]
    [InlineData("1 234")]
    [InlineData("1.2.3")]
    [InlineData("(5)")]
    [InlineData("£5")]
    [InlineData("5%")]
    [InlineData("١")]
    public void What_is_not_plainly_a_number_is_none(string text) => Assert.False(CellText.TryNumber(Encoding.UTF8.GetBytes(text), false, out _));

    [Fact]
    public void The_decimal_comma_is_read_only_where_it_was_agreed()
    {
        Assert.True(CellText.TryNumber("-1,5"u8, true, out var number));
        Assert.Equal(-1.5, number);
        Assert.False(CellText.TryNumber("1.5"u8, true, out _));
        Assert.False(CellText.TryNumber("1.234,5"u8, true, out _));
    }

    [Fact]
    public void Numbers_are_read_to_the_last_bit_as_the_framework_does() =>
        Gen.Select(Gen.Long[0, 999_999_999_999_999_999], Gen.Int[0, 18]).Sample((digits, decimals) =>
        {
            var text = digits.ToString(CultureInfo.InvariantCulture).PadLeft(decimals, '0');
            text = decimals == 0 ? text : text[..^decimals] + "." + text[^decimals..];
            return CellText.TryNumber(Encoding.UTF8.GetBytes(text), false, out var number)
                && BitConverter.DoubleToInt64Bits(number) == BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture));
        });

    [Theory]
    [InlineData("2026-11-03", "2026-11-03T00:00:00")]
    [InlineData("2026-11-03 06:14", "2026-11-03T06:14:00")]
    [InlineData("2026-11-03T06:14:05", "2026-11-03T06:14:05")]
    [InlineData("2026-11-03T06:14:05.25Z", "2026-11-03T06:14:05.2500000Z")]
    public void Iso_dates_are_always_read(string text, string expected)
    {
        foreach (var order in Enum.GetValues<DateOrder>())
        {
            Assert.True(CellText.TryDate(Encoding.UTF8.GetBytes(text), order, out var date));
            Assert.Equal(DateTime.Parse(expected, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind), date);
        }
    }

    [Theory]
    [InlineData("03/11/2026", "2026-11-03T00:00:00")]
    [InlineData("01/04/2020 17:42", "2020-04-01T17:42:00")]
    [InlineData("29-05-1993", "1993-05-29T00:00:00")]
    public void Day_first_is_read_only_where_it_was_agreed(string text, string expected)
    {
        Assert.False(CellText.TryDate(Encoding.UTF8.GetBytes(text), DateOrder.IsoOnly, out _));
        Assert.True(CellText.TryDate(Encoding.UTF8.GetBytes(text), DateOrder.DayFirst, out var date));
        Assert.Equal(DateTime.Parse(expected, CultureInfo.InvariantCulture), date);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-02-29")]
    [InlineData("2026-13-01")]
    [InlineData("11/30/2026")]
    [InlineData("03/11-2026")]
    [InlineData("3/11/2026")]
    [InlineData("03/11/26")]
    [InlineData("2026-11-03 25:00")]
    [InlineData("2026-11-03T06:14:05+01:00")]
    [InlineData("2026-11-03 6:14")]
    [InlineData("2026-11-03Z")]
    [InlineData("46329")]
    public void What_is_not_plainly_a_date_is_none(string text) => Assert.False(CellText.TryDate(Encoding.UTF8.GetBytes(text), DateOrder.DayFirst, out _));

    [Fact]
    public void Any_bytes_are_a_date_or_not_but_never_an_exception() =>
        Gen.OneOf(Gen.Byte.Array[0, 30], Gen.String[Gen.Char["0123456789-/: .TZ"], 0, 30].Select(Encoding.UTF8.GetBytes))
            .Sample(text =>
            {
                CellText.TryDate(text, DateOrder.DayFirst, out _);
                CellText.TryMonth(text, out _);
                CellText.TryNumber(text, false, out _);
                CellText.TryWhole(text, out _);
            });

    [Fact]
    public void Months_and_whole_numbers_are_read_strictly()
    {
        Assert.True(CellText.TryMonth("2026-11"u8, out var month));
        Assert.Equal(new DateOnly(2026, 11, 1), month);
        Assert.False(CellText.TryMonth("2026-13"u8, out _));
        Assert.False(CellText.TryMonth("11/2026"u8, out _));
        Assert.True(CellText.TryWhole(" -99"u8, out var whole));
        Assert.Equal(-99, whole);
        Assert.False(CellText.TryWhole("1.0"u8, out _));
        Assert.False(CellText.TryWhole("99999999999"u8, out _));
    }
}
