using System.Globalization;
using System.Text;
using System.Xml;

namespace WholeSchoolSend.PollFiles;

internal enum TripleSType { Single, Multiple, Quantity, Character, Logical, Date, Time }

/// <summary>One variable of a Triple-S description. Positions are from 1: characters of a fixed record, or the field of a CSV record.</summary>
internal sealed record TripleSVariable(
    string Name, TripleSType Type, string Label, string? Use, bool IsLiteral, int Start, int Finish, int Subfields, int Width,
    IReadOnlyList<ValueLabel> Values)
{
    public bool IsSpread => Subfields > 0;
}

/// <summary>
/// The description half of a Triple-S pair, versions 1 and 2 (Triple-S XML 2.0.002, September 2011). Where it says the data lie is not
/// followed. What it leaves out, or says twice, makes it unusable: a wrong position would read wrong answers without a word.
/// </summary>
internal sealed record TripleSDescription(string Version, bool IsCsv, int Skip, IReadOnlyList<TripleSVariable> Variables)
{
    public const int MaxBytes = 16 << 20;
    private const int MaxLabels = 200_000;

    public static (TripleSDescription? Description, FileProblem? Problem) Parse(string text, int maxColumns)
    {
        try
        {
            using var xml = BoundedXml.Document(text);
            return (Read(xml, maxColumns), null);
        }
        catch (XmlException)
        {
            return (null, Invalid("it is not well-formed XML, or refers to something outside it"));
        }
        catch (UnusableFileException unusable)
        {
            return (null, unusable.Problem);
        }
    }

    private static TripleSDescription Read(BoundedXml xml, int maxColumns)
    {
        while (xml.Step() && !xml.IsStart) { }
        if (!Is(xml, "sss")) throw Refusal("its first element is not sss");
        var version = (xml.Attribute("version") ?? "").Trim();
        if (version.Split('.')[0] is not ("1" or "2"))
            throw new UnusableFileException(OtherFormats.Refuse(version.Length is > 0 and < 8 && version.All(c => char.IsAsciiDigit(c) || c == '.')
                ? $"Triple-S {version}, and only 1 and 2 are read" : "Triple-S of no known version"));
        TripleSDescription? description = null;
        while (xml.Step())
        {
            if (!xml.IsStart) continue;
            if (Is(xml, "hierarchy")) throw new UnusableFileException(OtherFormats.Refuse("a hierarchy of Triple-S surveys"));
            if (!Is(xml, "record")) continue;
            if (description is not null) throw Refusal("it describes more than one record");
            description = ReadRecord(xml, version, maxColumns);
        }
        return description ?? throw Refusal("it describes no record");
    }

    private static TripleSDescription ReadRecord(BoundedXml xml, string version, int maxColumns)
    {
        var format = xml.Attribute("format") ?? "fixed";
        if (format is not ("fixed" or "csv")) throw Refusal("the format of its data is neither fixed nor csv");
        var skip = 0;
        if (xml.Attribute("skip") is { } lines && !TryCount(lines, 1000, out skip)) throw Refusal("the number of lines to skip is not a number");
        List<TripleSVariable> variables = [];
        var (columns, labels) = (0, 0);
        if (!xml.IsEmpty)
            for (var depth = xml.Depth; xml.StepInside(depth);)
            {
                if (!Is(xml, "variable"))
                {
                    xml.Pass();
                    continue;
                }
                var variable = ReadVariable(xml, variables.Count + 1, format == "csv", maxColumns);
                columns += variable.Type == TripleSType.Multiple ? variable.Values.Count : 1;
                labels += variable.Values.Count;
                if (columns > maxColumns) throw new UnusableFileException(new(PollFileCodes.ColumnsTooMany,
                    $"The survey has more than {maxColumns} variables and choices."));
                if (labels > MaxLabels) throw Refusal($"it has more than {MaxLabels} values");
                variables.Add(variable);
            }
        if (variables.Count == 0) throw Refusal("it describes no variables");
        foreach (var use in new[] { "serial", "weight" })
            if (variables.Count(variable => variable.Use == use) > 1) throw Refusal($"it marks more than one variable as {use}");
        if (variables.Any(variable => variable.Use == "weight" && variable.Type != TripleSType.Quantity)) throw Refusal("its weight is not a quantity");
        return new TripleSDescription(version, format == "csv", skip, variables);
    }

    private static TripleSVariable ReadVariable(BoundedXml xml, int number, bool csv, int maxColumns)
    {
        var (kind, use, literal) = (xml.Attribute("type"), xml.Attribute("use"), xml.Attribute("format") == "literal");
        if (!Enum.TryParse<TripleSType>(kind, ignoreCase: true, out var type) || !Enum.IsDefined(type) || char.IsAsciiDigit(kind![0]))
            throw Refusal($"variable {number} is of no known type");
        string? name = null, label = null;
        var (start, finish, subfields, width) = (0, 0, 0, 0);
        List<ValueLabel> values = [];
        List<(int From, int To)> ranges = [];
        if (!xml.IsEmpty)
            for (var depth = xml.Depth; xml.StepInside(depth);)
            {
                switch (xml.Name.ToLowerInvariant())
                {
                    case "name":
                        name = Text(xml);
                        break;
                    case "label":
                        label = Text(xml);
                        break;
                    case "position":
                        if (!TryCount(xml.Attribute("start"), csv ? maxColumns : 1 << 20, out start) || start == 0)
                            throw Refusal($"variable {number} has no position");
                        finish = start;
                        if (xml.Attribute("finish") is { } last && !csv && (!TryCount(last, 1 << 20, out finish) || finish < start))
                            throw Refusal($"variable {number} ends before it begins");
                        xml.Pass();
                        break;
                    case "spread":
                        if (!TryCount(xml.Attribute("subfields"), maxColumns, out subfields) || subfields == 0)
                            throw Refusal($"variable {number} is spread over no fields");
                        if (xml.Attribute("width") is { } each && (!TryCount(each, 9, out width) || width == 0))
                            throw Refusal($"variable {number} is spread over fields without a width");
                        xml.Pass();
                        break;
                    case "values":
                        ReadValues(xml, number, type, literal, maxColumns, values, ranges);
                        break;
                    default:
                        xml.Pass();
                        break;
                }
            }
        if (string.IsNullOrEmpty(name)) throw Refusal($"variable {number} has no name");
        if (start == 0) throw Refusal($"variable {number} has no position");
        if (type == TripleSType.Multiple) (subfields, width, values) = Choices(number, finish - start + 1, csv, subfields, width, values, ranges, maxColumns);
        else if (subfields > 0) throw Refusal($"variable {number} is spread, but not multiple");
        return new TripleSVariable(name, type, label ?? "", use, literal, start, finish, subfields, width, values);
    }

    private static void ReadValues(
        BoundedXml xml, int number, TripleSType type, bool literal, int maxColumns, List<ValueLabel> values, List<(int From, int To)> ranges)
    {
        if (xml.IsEmpty) return;
        HashSet<string> codes = new(StringComparer.Ordinal);
        for (var depth = xml.Depth; xml.StepInside(depth);)
        {
            if (Is(xml, "value"))
            {
                var code = (xml.Attribute("code") ?? "").Trim();
                if (!literal && TripleSReader.TryWholeCode(Encoding.ASCII.GetBytes(code), out var whole))
                    code = whole.ToString(CultureInfo.InvariantCulture);
                if (code.Length == 0 || !codes.Add(code)) throw Refusal($"a value of variable {number} has no code, or that of another");
                if (values.Count == MaxLabels) throw Refusal($"it has more than {MaxLabels} values");
                values.Add(new ValueLabel(code, Text(xml)));
                continue;
            }
            if (Is(xml, "range") && type == TripleSType.Multiple)
            {
                if (!TryCount(xml.Attribute("from"), int.MaxValue, out var from) || !TryCount(xml.Attribute("to"), int.MaxValue, out var to) || to < from
                    || to - from >= maxColumns)
                    throw Refusal($"the range of variable {number} is none, or too long");
                ranges.Add((from, to));
            }
            xml.Pass();
        }
    }

    private static (int Subfields, int Width, List<ValueLabel> Values) Choices(
        int number, int length, bool csv, int subfields, int width, List<ValueLabel> values, List<(int From, int To)> ranges, int maxColumns)
    {
        SortedDictionary<int, string> choices = [];
        foreach (var (from, to) in ranges)
            for (var code = from; code <= to; code++)
            {
                choices[code] = "";
                if (choices.Count > maxColumns) throw new UnusableFileException(new(PollFileCodes.ColumnsTooMany,
                    $"Variable {number} has more than {maxColumns} choices."));
            }
        foreach (var value in values)
        {
            if (!TryCount(value.Code, int.MaxValue, out var code) || code == 0) throw Refusal($"a choice of variable {number} is not numbered from 1");
            choices[code] = value.Label;
        }
        if (choices.Count == 0 || choices.First().Key == 0) throw Refusal($"variable {number} has no choices, or one numbered 0");
        var highest = choices.Last().Key;
        var digits = highest.ToString(CultureInfo.InvariantCulture).Length;
        if (subfields > 0)
        {
            if (!csv && width > 0 && (long)width * subfields > length || !csv && width == 0 && length % subfields != 0)
                throw Refusal($"the fields of variable {number} do not fit its position");
            if (width == 0) width = csv ? digits : length / subfields;
            if (width < digits) throw Refusal($"the fields of variable {number} are too narrow for its codes");
        }
        else if (!csv && highest > length) throw Refusal($"variable {number} is too narrow for its choices");
        return (subfields, width, [.. choices.Select(choice => new ValueLabel(choice.Key.ToString(CultureInfo.InvariantCulture), choice.Value))]);
    }

    // The text itself or, if it is given by language and mode only, the first of those; a line break is a space.
    private static string Text(BoundedXml xml)
    {
        if (xml.IsEmpty) return "";
        var (direct, first, alternatives) = (new StringBuilder(), new StringBuilder(), 0);
        for (var depth = xml.Depth; xml.Step() && !(xml.IsEnd && xml.Depth <= depth);)
        {
            if (xml.IsStart && Is(xml, "text")) alternatives++;
            var to = xml.Depth == depth + 1 || alternatives == 0 ? direct : alternatives == 1 ? first : null;
            if (xml.IsStart && Is(xml, "br")) to?.Append(' ');
            else if (xml.IsText) to?.Append(xml.Value);
        }
        var text = string.IsNullOrWhiteSpace(direct.ToString()) ? first : direct;
        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static bool Is(BoundedXml xml, string name) => xml.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static bool TryCount(string? text, int most, out int count) =>
        int.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out count) && count <= most;

    private static FileProblem Invalid(string why) => new(PollFileCodes.DescriptionInvalid, $"The Triple-S description cannot be used: {why}.");

    private static UnusableFileException Refusal(string why) => new(Invalid(why));
}
