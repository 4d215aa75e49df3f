using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using System.Xml;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// KoboToolbox (and ODK forms that come through it): one response as JSON or XML, as its content type says; unsigned, so a header or a password of
/// one's own proves it. Its identity is <c>_id</c>, because instance ids are not always unique. A question is known by its path
/// (<c>group/question</c>) and by its last part. Times without a zone are UTC. Only creation is sent, never an edit.
/// </summary>
/// <remarks>
/// https://github.com/kobotoolbox/kpi, kobo/apps/hook; kpi#2021 on ids. Not every version sends <c>_id</c>, and XML need not: then it is <c>meta/instanceID</c>.
/// A select_multiple is names with blanks between, which a text could be too: it is read as several answers.
/// </remarks>
public sealed partial class KoboToolbox : SurveyTool
{
    private const int MostFields = 5_000;
    private const int Deepest = 64;
    private const int DeepestGroups = 8;
    private const int LongestPath = 1_000;
    private const int MostNames = 100;

    private static readonly HashSet<string> Device = ["start", "end", "today", "deviceid", "username", "phonenumber", "simserial", "subscriberid", "email", "audit"];

    public override string Name => "kobotoolbox";

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading(delivery.Body.Length);
        var problems = json.Problems;
        var fields = delivery.IsJson ? FromJson(delivery, json)
            : delivery.MediaType is "application/xml" or "text/xml" ? FromXml(delivery, problems)
            : null;
        if (fields is null && problems.Count == 0) problems.Add(Problems.BodyUndecodable.At("", "should be declared as JSON or XML"));
        if (fields is null || problems.Count > 0) return problems;

        string? Find(params string[] paths) => paths.Select(path => fields.Find(field => field.Path == path).Value).FirstOrDefault(value => value is { Length: > 0 and <= 400 });
        var form = Find("_xform_id_string");
        var id = Find("_id", "meta/instanceID");
        var time = Find("_submission_time");
        var submitted = time is null && !delivery.IsJson ? delivery.Received : LocalTime.Try(time ?? "", TimeZoneInfo.Utc);
        if (form is null) problems.Add(Problems.BodyUndecodable.At("/_xform_id_string", "should be a text of 1 to 400 characters"));
        if (id is null) problems.Add(Problems.BodyUndecodable.At("/_id", "should be there: do not leave it out of the fields to send"));
        if (submitted is null) problems.Add(Problems.BodyUndecodable.At("/_submission_time", "should be a time such as 2026-11-02T09:30:00"));
        var answers = json.Gather(fields.Select(Read), "");
        return problems.Count > 0 ? problems : new SurveyResponse[] { new(form!, id!, submitted!.Value, Updated: null, Finished: true, answers) };
    }

    private static Answer? Read((string Path, string Value) field)
    {
        var last = field.Path[(field.Path.LastIndexOf('/') + 1)..];
        if (field.Path.StartsWith('_') || field.Path.StartsWith("meta/", StringComparison.Ordinal) || field.Path.StartsWith("formhub/", StringComparison.Ordinal)) return null;
        if (Device.Contains(field.Path)) return NamedValues.Personal(field.Path, field.Value);
        var alias = last == field.Path ? null : last;
        return NamesPattern().IsMatch(field.Value) && field.Value.Split(' ', MostNames + 1, StringSplitOptions.RemoveEmptyEntries) is { Length: > 1 and <= MostNames } names
            ? NamedValues.Texts(field.Path, alias, names)
            : NamedValues.Texts(field.Path, alias, [field.Value]);
    }

    private static List<(string Path, string Value)>? FromJson(Delivery delivery, JsonReading json)
    {
        var root = json.Parse(delivery.Body);
        if (root is null) return null;
        if (root.Value.ValueKind == JsonValueKind.Object)
        {
            // What Kobo adds is flat where we need it; its attachments and notes would lose their underscore on the way.
            return root.Value.EnumerateObject()
                .Where(member => !member.Name.StartsWith('_') || JsonReading.Scalar(member.Value) is not null)
                .SelectMany(member => Flat(member.Name, member.Value, 0)).Take(MostFields + 1).ToList();
        }
        json.Wrong("", "should be an object");
        return null;
    }

    /// <summary>A repeated group is an array of objects that already carry the whole path: their fields become <c>path[n]</c>.</summary>
    private static IEnumerable<(string Path, string Value)> Flat(string path, JsonElement value, int depth) => value.ValueKind switch
    {
        JsonValueKind.Array or JsonValueKind.Object when depth == DeepestGroups || path.Length > LongestPath => [],
        JsonValueKind.Array => value.EnumerateArray().SelectMany((item, index) => item.ValueKind == JsonValueKind.Object
            ? item.EnumerateObject().SelectMany(member => Flat($"{member.Name}[{index}]", member.Value, depth + 1))
            : Flat($"{path}[{index}]", item, depth + 1)),
        JsonValueKind.Object => value.EnumerateObject().SelectMany(member => Flat($"{path}/{member.Name}", member.Value, depth + 1)),
        _ => JsonReading.Scalar(value) is { } text ? [(path, text)] : [],
    };

    private static List<(string Path, string Value)>? FromXml(Delivery delivery, List<Problem> problems)
    {
        if (!Utf8.IsValid(delivery.Body.Span)) problems.Add(Problems.BodyUndecodable.At("", "should be UTF-8"));
        if (problems.Count > 0) return null;
        var fields = new List<(string, string)>();
        var path = new List<string>();
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreProcessingInstructions = true };
        try
        {
            using var xml = XmlReader.Create(new StringReader(Encoding.UTF8.GetString(delivery.Body.Span).TrimStart('\uFEFF')), settings);
            while (xml.Read())
            {
                if (xml.Depth > Deepest || fields.Count > MostFields) throw new XmlException();
                if (xml.NodeType == XmlNodeType.Element)
                {
                    path.RemoveRange(xml.Depth, path.Count - xml.Depth);
                    path.Add(xml.LocalName);
                    if (path.Sum(step => step.Length) > LongestPath) throw new XmlException();
                    if (xml.Depth == 0 && xml.GetAttribute("id") is { } form) fields.Add(("_xform_id_string", form));
                }
                else if (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && xml.Depth > 1)
                    fields.Add((string.Join('/', path.Skip(1).Take(xml.Depth - 1)), xml.Value));
            }
            return fields;
        }
        catch (XmlException)
        {
            problems.Add(Problems.BodyUndecodable.At("", $"should be XML without a document type, at most {MostFields} fields and {Deepest} levels"));
            return null;
        }
    }

    [GeneratedRegex("^ *[A-Za-z0-9_.-]+( +[A-Za-z0-9_.-]+)+ *$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex NamesPattern();
}
