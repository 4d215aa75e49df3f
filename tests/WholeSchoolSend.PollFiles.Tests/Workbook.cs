using System.Globalization;
using System.IO.Compression;
using System.Security;
using System.Text;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>Writes the smallest workbook a test needs: sheets as the XML of their rows.</summary>
internal static class Workbook
{
    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

    public static byte[] Of(string rows, bool from1904 = false, string? strings = null, string? styles = null) =>
        Of([("Data", "visible", rows)], from1904, strings, styles);

    public static byte[] Of(IReadOnlyList<(string Name, string State, string Rows)> sheets, bool from1904 = false, string? strings = null,
        string? styles = null) =>
        Zip([.. Parts(sheets, from1904, strings, styles)]);

    public static IEnumerable<(string Name, string Text)> Parts(
        IReadOnlyList<(string Name, string State, string Rows)> sheets, bool from1904 = false, string? strings = null, string? styles = null)
    {
        yield return ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>");
        yield return ("_rels/.rels", $"<Relationships><Relationship Id=\"r\" Type=\"{Relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>");
        yield return ("xl/workbook.xml", $"<workbook xmlns=\"{Main}\" xmlns:r=\"{Relations}\"><workbookPr date1904=\"{(from1904 ? 1 : 0)}\"/><sheets>"
            + string.Concat(sheets.Select((sheet, i) => $"<sheet name=\"{sheet.Name}\" sheetId=\"{i + 1}\" state=\"{sheet.State}\" r:id=\"s{i}\"/>"))
                + "</sheets></workbook>");
        yield return ("xl/_rels/workbook.xml.rels", "<Relationships>"
            + string.Concat(sheets.Select((_, i) => $"<Relationship Id=\"s{i}\" Type=\"{Relations}/worksheet\" Target=\"worksheets/sheet{i}.xml\"/>"))
            + (strings is null ? "" : $"<Relationship Id=\"t\" Type=\"{Relations}/sharedStrings\" Target=\"/xl/sharedStrings.xml\"/>")
            + (styles is null ? "" : $"<Relationship Id=\"y\" Type=\"{Relations}/styles\" Target=\"styles.xml\"/>") + "</Relationships>");
        for (var i = 0; i < sheets.Count; i++)
            yield return ($"xl/worksheets/sheet{i}.xml",
                $"<worksheet xmlns=\"{Main}\"><dimension ref=\"A1:XFD1048576\"/><sheetData>{sheets[i].Rows}</sheetData><pageMargins left=\"1\"/></worksheet>");
        if (strings is not null) yield return ("xl/sharedStrings.xml", $"<sst xmlns=\"{Main}\">{strings}</sst>");
        if (styles is not null) yield return ("xl/styles.xml", $"<styleSheet xmlns=\"{Main}\">{styles}</styleSheet>");
    }

    public static byte[] Zip(IReadOnlyList<(string Name, string Text)> parts, CompressionLevel level = CompressionLevel.Fastest)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, text) in parts)
            {
                using var part = zip.CreateEntry(name, level).Open();
                part.Write(Encoding.UTF8.GetBytes(text));
            }
        return bytes.ToArray();
    }

    public static string Row(int row, params object?[] cells) =>
        $"<row r=\"{row}\">{string.Concat(cells.Select((cell, column) => Cell(row, column, cell)))}</row>";

    public static string Cell(int row, int column, object? value)
    {
        var at = $"r=\"{Letters(column)}{row}\"";
        return value switch
        {
            null => "",
            string text => $"<c {at} t=\"inlineStr\"><is><t xml:space=\"preserve\">{SecurityElement.Escape(text)}</t></is></c>",
            bool flag => $"<c {at} t=\"b\"><v>{(flag ? 1 : 0)}</v></c>",
            Raw raw => $"<c {at} {raw.Attributes}>{raw.Content}</c>",
            IFormattable number => $"<c {at}><v>{number.ToString(null, CultureInfo.InvariantCulture)}</v></c>",
            _ => throw new ArgumentOutOfRangeException(nameof(value)),
        };
    }

    public static string Letters(int column) => column < 26 ? ((char)('A' + column)).ToString() : Letters(column / 26 - 1) + (char)('A' + column % 26);

    /// <summary>A cell as written.</summary>
    internal sealed record Raw(string Attributes, string Content);
}
