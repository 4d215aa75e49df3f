using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>What stands in a numeric cell of an SPSS file: a number, nothing ("system-missing"), or seconds since the Gregorian calendar began.</summary>
internal static class SavNumber
{
    /// <summary>Room for any number or date.</summary>
    public const int MaxText = 32;

    private const double Exact = 1L << 53;
    private static readonly DateTime Gregorian = new(1582, 10, 14);

    /// <summary>The lowest of all numbers stands for nothing.</summary>
    public static bool IsMissing(double value, bool nanToo) => value == double.MinValue || (nanToo && double.IsNaN(value));

    /// <summary>The shortest text that reads back as the same number: 2, not 2.0.</summary>
    public static int Write(double value, Span<byte> text)
    {
        if (Math.Abs(value) < Exact && (long)value is var whole && whole == value)
        {
            if (whole is >= 0 and < 10)
            {
                text[0] = (byte)('0' + whole);
                return 1;
            }
            Utf8Formatter.TryFormat(whole, text, out var digits);
            return digits;
        }
        value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        return length;
    }

    /// <summary>ISO text; the number itself where the seconds are in no year of four digits.</summary>
    public static int WriteDate(double value, bool withTime, Span<byte> text)
    {
        if (!TryDate(value, out var date)) return Write(value, text);
        ReadOnlySpan<char> format = !withTime && date.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ss.FFF";
        date.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        return length;
    }

    // To the millisecond: a double has no more to say about an instant in this century than microseconds, and SPSS shows hundredths.
    public static bool TryDate(double value, out DateTime date)
    {
        date = default;
        if (!(value >= -49_916_217_600 && value < 265_621_679_999)) return false;   // years 1 to 9999
        date = Gregorian.AddMilliseconds(Math.Round(value * 1000));
        return true;
    }

    public static string Text(double value, SavColumn column, bool nanIsMissing)
    {
        if (IsMissing(value, nanIsMissing)) return "";
        Span<byte> text = stackalloc byte[MaxText];
        return Encoding.ASCII.GetString(text[..(column.IsDate ? WriteDate(value, column.HasTime, text) : Write(value, text))]);
    }
}
