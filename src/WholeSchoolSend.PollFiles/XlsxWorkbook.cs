namespace WholeSchoolSend.PollFiles;

/// <summary>What the parts beside the sheets say: which sheets there are, which of their numbers are dates, and since when they count.</summary>
internal sealed record XlsxWorkbook(IReadOnlyList<XlsxSheetName> Sheets, IReadOnlyList<DateStyle> Styles, bool From1904, string? SharedStringsPart)
{
    private const int MaxStyles = 1 << 16;

    public static XlsxWorkbook Read(Package package)
    {
        var root = Relations(package, "", "_rels/.rels").FirstOrDefault(relation => Is(relation.Type, "officeDocument"))?.Target ?? "xl/workbook.xml";
        using var xml = BoundedXml.Part(package.Open(root) ?? throw Damaged("The workbook names no sheets."));
        var folder = root[..(root.LastIndexOf('/') + 1)];
        var relations = Relations(package, folder, folder + "_rels/" + root[folder.Length..] + ".rels");
        List<XlsxSheetName> sheets = [];
        var from1904 = false;
        while (xml.Step())
        {
            if (!xml.IsStart) continue;
            if (xml.Name == "workbookPr") from1904 = xml.Attribute("date1904") is "1" or "true";
            if (xml.Name != "sheet") continue;
            var (name, state, id) = (xml.Attribute("name") ?? "", xml.Attribute("state"), xml.Attribute("id"));
            if (relations.FirstOrDefault(relation => relation.Id == id) is { } relation && Is(relation.Type, "worksheet") && Part(relation) is { } part)
                sheets.Add(new XlsxSheetName(name, part, Visible: state is not ("hidden" or "veryHidden")));
        }
        var styles = relations.FirstOrDefault(relation => Is(relation.Type, "styles")) is { } look ? ReadStyles(package.Open(Part(look))!) : [];
        var texts = relations.FirstOrDefault(relation => Is(relation.Type, "sharedStrings"));
        return new XlsxWorkbook(sheets, styles, from1904, texts is null ? null : Part(texts));

        // A part may not be there at all, but one that is announced and not there was lost: without styles, dates would be numbers.
        string Part(Relation relation) => package.Has(relation.Target) ? relation.Target : throw Damaged("A part of the workbook is missing.");
    }

    // The numbers of formats below 164 are fixed: ECMA-376 part 1, 18.8.30, with the East Asian dates of its annexes.
    private static List<DateStyle> ReadStyles(Stream part)
    {
        List<DateStyle> styles = [];
        Dictionary<int, DateStyle> formats = [];
        using var xml = BoundedXml.Part(part);
        var inside = false;
        while (xml.Step())
        {
            if (!xml.IsStart) continue;
            if (xml.Depth == 1) inside = xml.Name == "cellXfs";
            if (xml.Name == "numFmt" && int.TryParse(xml.Attribute("numFmtId"), out var id))
                formats[id] = DateStyles.FromCode(xml.Attribute("formatCode") ?? "");
            if (xml.Name != "xf" || xml.Depth != 2 || !inside) continue;
            if (styles.Count == MaxStyles) throw Damaged("The workbook has more styles than any workbook can.");
            if (!int.TryParse(xml.Attribute("numFmtId"), out var format)) format = 0;
            styles.Add(formats.TryGetValue(format, out var style) ? style : DateStyles.BuiltIn(format));
        }
        return styles;
    }

    private static List<Relation> Relations(Package package, string folder, string name)
    {
        List<Relation> relations = [];
        if (package.Open(name) is not { } part) return relations;
        using var xml = BoundedXml.Part(part);
        while (xml.Step())
        {
            if (!xml.IsStart || xml.Name != "Relationship" || xml.Attribute("TargetMode") == "External") continue;
            if (relations.Count == Package.MaxParts) throw Damaged("A part of the workbook refers to more parts than there can be.");
            relations.Add(new Relation(xml.Attribute("Id"), xml.Attribute("Type") ?? "", Resolve(folder, xml.Attribute("Target") ?? "")));
        }
        return relations;
    }

    private static string Resolve(string folder, string target)
    {
        if (target.StartsWith('/')) return target[1..];
        List<string> path = [.. folder.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        foreach (var step in target.Split('/'))
            if (step == ".." && path.Count > 0) path.RemoveAt(path.Count - 1);
            else if (step is not ("." or "..")) path.Add(step);
        return string.Join('/', path);
    }

    private static bool Is(string type, string name) => type.EndsWith("/" + name, StringComparison.Ordinal);

    private static UnusableFileException Damaged(string message) => new(new(PollFileCodes.WorkbookDamaged, message));

    private sealed record Relation(string? Id, string Type, string Target);
}

internal sealed record XlsxSheetName(string Name, string Part, bool Visible);

/// <summary>How a number is shown where it is a moment.</summary>
internal enum DateStyle : byte { None, Date, DateAndTime, Time }

/// <summary>Tells dates from numbers, which a workbook does only by how they are to be shown.</summary>
internal static class DateStyles
{
    private const double FirstDayAfter9999 = 2_958_466;
    private static readonly DateTime Epoch1900 = new(1899, 12, 30);
    private static readonly DateTime Epoch1904 = new(1904, 1, 1);

    public static DateStyle BuiltIn(int format) => format switch
    {
        >= 14 and <= 17 or >= 27 and <= 31 or >= 34 and <= 36 or >= 50 and <= 58 => DateStyle.Date,
        22 => DateStyle.DateAndTime,
        >= 18 and <= 21 or 32 or 33 or 45 or 47 => DateStyle.Time,
        _ => DateStyle.None,   // 46 is [h]:mm:ss, a duration: a number
    };

    public static DateStyle FromCode(string code)
    {
        var (date, time, month) = (false, false, 0);
        if (code.Equals("General", StringComparison.OrdinalIgnoreCase)) return DateStyle.None;
        for (var at = 0; at < code.Length && code[at] != ';'; at++)
            switch (char.ToLowerInvariant(code[at]))
            {
                case '"':
                    at = code.IndexOf('"', at + 1) is >= 0 and var close ? close : code.Length;
                    break;
                case '[':
                    var end = code.IndexOf(']', at);
                    if (end < 0) return DateStyle.None;
                    if (code[(at + 1)..end].Trim('h', 'H', 'm', 'M', 's', 'S').Length == 0) return DateStyle.None;   // elapsed time
                    at = end;
                    break;
                case '\\' or '_' or '*':
                    at++;
                    break;
                case 'y' or 'd':
                    date = true;
                    break;
                case 'h' or 's':
                    time = true;
                    break;
                case 'm':
                    month++;
                    break;
            }
        if (month > 0 && !time || month > 2) date = true;
        return date ? time ? DateStyle.DateAndTime : DateStyle.Date : time ? DateStyle.Time : DateStyle.None;
    }

    /// <summary>Serials below 1 are times of no day.</summary>
    public static bool IsFirstDay(DateTime moment, bool from1904) => moment.Date == (from1904 ? Epoch1904 : Epoch1900.AddDays(1));

    /// <summary>The moment a serial number stands for, to the millisecond; what no calendar has, such as 29 February 1900, is none.</summary>
    public static bool TryMoment(double serial, bool from1904, out DateTime moment)
    {
        moment = default;
        if (!(serial >= 0 && serial < FirstDayAfter9999 - (from1904 ? 1462 : 0)) || !from1904 && serial is >= 60 and < 61) return false;
        var milliseconds = (long)Math.Round(serial * 86_400_000, MidpointRounding.AwayFromZero);
        // 1900 was no leap year, but Lotus 1-2-3 took it for one, and Excel after it: serials before that day count from a day later.
        moment = (from1904 ? Epoch1904 : serial < 60 ? Epoch1900.AddDays(1) : Epoch1900).AddTicks(milliseconds * TimeSpan.TicksPerMillisecond);
        return true;
    }
}
