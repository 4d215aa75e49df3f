using System.Globalization;
using System.IO.Compression;
using System.Security;
using System.Text;

namespace WholeSchoolSend.Simulator;

/// <summary>A workbook with one sheet, texts in place and numbers as numbers. Nothing is compressed: the same rows give the same bytes everywhere.</summary>
internal static class Workbook
{
    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private const string Package = "http://schemas.openxmlformats.org/package/2006";

    public static byte[] Of(string sheet, IEnumerable<object[]> rows)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Part("[Content_Types].xml", $"<Types xmlns=\"{Package}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
                + "<Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
                + "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>");
            Part("_rels/.rels", $"<Relationships xmlns=\"{Package}/relationships\"><Relationship Id=\"r1\" Type=\"{Relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>");
            Part("xl/workbook.xml", $"<workbook xmlns=\"{Main}\" xmlns:r=\"{Relations}\"><sheets><sheet name=\"{sheet}\" sheetId=\"1\" r:id=\"s1\"/></sheets></workbook>");
            Part("xl/_rels/workbook.xml.rels", $"<Relationships xmlns=\"{Package}/relationships\"><Relationship Id=\"s1\" Type=\"{Relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>");
            Part("xl/worksheets/sheet1.xml", $"<worksheet xmlns=\"{Main}\"><sheetData>{string.Concat(rows.Select(Row))}</sheetData></worksheet>");

            void Part(string name, string text)
            {
                var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
                entry.LastWriteTime = new DateTimeOffset(2026, 10, 26, 9, 0, 0, TimeSpan.Zero);
                using var part = entry.Open();
                part.Write(Encoding.UTF8.GetBytes("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>" + text));
            }
        }
        return bytes.ToArray();
    }

    private static string Row(object[] cells, int row) => string.Create(CultureInfo.InvariantCulture, $"<row r=\"{row + 1}\">{string.Concat(cells.Select((cell, column) => Cell(cell, column, row)))}</row>");

    private static string Cell(object value, int column, int row)
    {
        var at = string.Create(CultureInfo.InvariantCulture, $"{(char)('A' + column)}{row + 1}");
        return value is int number
            ? string.Create(CultureInfo.InvariantCulture, $"<c r=\"{at}\"><v>{number}</v></c>")
            : $"<c r=\"{at}\" t=\"inlineStr\"><is><t>{SecurityElement.Escape((string)value)}</t></is></c>";
    }
}
