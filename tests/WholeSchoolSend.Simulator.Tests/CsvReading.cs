namespace WholeSchoolSend.Simulator.Tests;

/// <summary>A strict reader of RFC 4180, so that what the simulator writes is read by somebody else's rules.</summary>
internal static class CsvReading
{
    public static List<List<string>> Rows(string text)
    {
        List<List<string>> rows = [];
        List<string> row = [];
        for (var i = 0; i < text.Length;)
        {
            row.Add(Cell(text, ref i));
            if (i < text.Length && text[i] == ',')
            {
                i++;
                continue;
            }
            Assert.Equal("\r\n", text.Substring(i, 2));
            i += 2;
            rows.Add(row);
            row = [];
        }
        Assert.Empty(row);
        return rows;
    }

    private static string Cell(string text, ref int i)
    {
        if (text[i] != '"')
        {
            var end = text.IndexOfAny([',', '\r', '"'], i);
            Assert.True(end >= 0 && text[end] != '"', "A quote inside an unquoted cell, or no end of line.");
            var plain = text[i..end];
            i = end;
            return plain;
        }
        var cell = "";
        while (true)
        {
            var close = text.IndexOf('"', i + 1);
            Assert.True(close > 0, "A quoted cell has no end.");
            cell += text[(i + 1)..close];
            i = close + 1;
            if (i >= text.Length || text[i] != '"') return cell;
            cell += '"';
        }
    }
}
