using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>
/// Qualtrics' API, version 3: one response, or an export of all recorded since a moment (started, waited for, downloaded). Both give <c>values</c> and
/// <c>labels</c> by field: a question is <c>QID1</c>, its rows <c>QID2_1</c>, what was written <c>QID3_TEXT</c>; embedded data are hidden fields.
/// </summary>
/// <remarks>
/// https://api.qualtrics.com ("Retrieve a Survey Response", "Start/Get/Download Response Export", "Get Survey") as mirrored in public; not tried. Each
/// customer has an address of its own (<c>https://fra1.qualtrics.com</c>). What Qualtrics calls recorded is when the response was submitted. A response has no time of change
/// here, so an edited one is a conflict. The kind of a question is its type in the survey; where that cannot be read, a value with a label is a choice.
/// </remarks>
public sealed class QualtricsApi : VendorApi
{
    private const int MostPolls = 60;
    private const int LargestExport = 64 * 1024 * 1024;
    private static readonly TimeSpan BetweenPolls = TimeSpan.FromSeconds(2);

    private static readonly HashSet<string> Passed = new(StringComparer.Ordinal)
    {
        "startDate", "endDate", "status", "ipAddress", "progress", "duration", "finished", "recordedDate", "_recordId", "locationLatitude", "locationLongitude", "distributionChannel", "userLanguage",
    };

    private static readonly HashSet<string> OfPersons = new(StringComparer.Ordinal) { "recipientFirstName", "recipientLastName", "recipientEmail", "externalDataReference" };

    public override string Tool => "qualtrics";

    public override Uri? UsualAddress => null;

    public override (int PerMinute, int PerDay) UsualLimits => (60, 20_000);

    public override bool IsEventOnly => true;

    public override (string Name, string Value) Authorise(string token) => ("X-API-TOKEN", token);

    public override async Task<SurveyResponse?> FetchAsync(VendorCall call, string form, string id, CancellationToken cancellation)
    {
        var survey = await SurveyAsync(call, form, cancellation);   // If this is not there, the form is missing and not the response.
        var root = await call.JsonAsync(VendorRequest.Get($"API/v3/surveys/{Part(form)}/responses/{Part(id)}"), cancellation);
        var result = JsonReading.Optional(root, "result") ?? throw Unreadable("/result");
        return IsPreview(result) ? null : Response(result, form, id, survey) ?? throw Unreadable("/result/values");
    }

    /// <summary>One page: the whole export.</summary>
    protected override async Task<VendorPage> PageAsync(VendorCall call, string form, DateTimeOffset since, string? cursor, CancellationToken cancellation)
    {
        var survey = await SurveyAsync(call, form, cancellation);
        var exports = $"API/v3/surveys/{Part(form)}/export-responses";
        var body = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { ["format"] = "json", ["startDate"] = Utc(since), ["compress"] = false });
        var progress = Result(await call.JsonAsync(VendorRequest.Get(exports) with { Json = body }, cancellation), "progressId");
        var file = await WaitAsync(call, $"{exports}/{Part(progress)}", cancellation);
        var bytes = Unzipped(await call.BytesAsync(VendorRequest.Get($"{exports}/{Part(file)}/file"), cancellation));
        var (document, wrong) = StrictJson.Parse(bytes, 64);
        if (document is null) throw new VendorTroubleException(Problems.VendorUnreadable, $"The export {wrong}.");
        var listed = Items(document.RootElement, "responses").Select(item =>
        {
            var id = Text(item, "responseId") ?? throw Unreadable("/responses/responseId");
            return IsPreview(item) ? new ListedResponse(id, null) { IsPreview = true } : new ListedResponse(id, Response(item, form, id, survey));
        }).ToList();
        return new VendorPage(listed, null, null);
    }

    private static async Task<string> WaitAsync(VendorCall call, string progress, CancellationToken cancellation)
    {
        for (var polls = 0; polls < MostPolls; polls++)
        {
            var root = await call.JsonAsync(VendorRequest.Get(progress), cancellation);
            switch (Result(root, "status"))
            {
                case "complete":
                    return Result(root, "fileId");
                case "failed":
                    throw new VendorTroubleException(Problems.VendorFailed, "The export failed there.");
            }
            await Task.Delay(BetweenPolls, call.Time, cancellation);
        }
        throw new VendorTroubleException(Problems.VendorFailed, "The export took too long there.");
    }

    private static string Result(JsonElement root, string name) =>
        JsonReading.Optional(root, "result") is { } result && Text(result, name) is { } text ? text : throw Unreadable("/result/" + name);

    /// <summary>The file of an export, whether it came as it is or in a ZIP.</summary>
    private static ReadOnlyMemory<byte> Unzipped(ReadOnlyMemory<byte> file)
    {
        if (!file.Span.StartsWith("PK"u8)) return file;
        try
        {
            using var zip = new ZipArchive(new MemoryStream(file.ToArray()), ZipArchiveMode.Read);
            if (zip.Entries is not [{ Length: <= LargestExport } only]) throw new VendorTroubleException(Problems.VendorUnreadable, "The export is not one file of a size that can be read.");
            using var bytes = new MemoryStream();
            using var content = only.Open();
            // The length in the directory may lie.
            var buffer = new byte[81_920];
            for (int read; (read = content.Read(buffer)) > 0;)
            {
                if (bytes.Length + read > LargestExport) throw new VendorTroubleException(Problems.VendorUnreadable, "The export is larger than it says.");
                bytes.Write(buffer, 0, read);
            }
            return bytes.ToArray();
        }
        catch (InvalidDataException broken)
        {
            throw new VendorTroubleException(Problems.VendorUnreadable, "The export is a broken ZIP.", null, broken);
        }
    }

    private static bool IsPreview(JsonElement response) =>
        JsonReading.Optional(response, "values") is { } values && (Text(values, "distributionChannel") == "preview" || Text(values, "status") is "1" or "2");

    private static async Task<Survey> SurveyAsync(VendorCall call, string form, CancellationToken cancellation)
    {
        try
        {
            return await call.FormAsync(form, async token => Survey.From(await call.JsonAsync(VendorRequest.Get($"API/v3/surveys/{Part(form)}"), token)), cancellation);
        }
        catch (VendorTroubleException missing) when (missing.Kind == Problems.VendorHasNot)
        {
            throw new VendorTroubleException(Problems.VendorFormMissing, missing.Message, null, missing);
        }
    }

    private static SurveyResponse? Response(JsonElement response, string form, string id, Survey survey)
    {
        var json = new JsonReading();
        if (JsonReading.Optional(response, "values") is not { ValueKind: JsonValueKind.Object } values) return null;
        var labels = JsonReading.Optional(response, "labels");
        var submitted = json.Time(values, JsonReading.Optional(values, "recordedDate") is null ? "endDate" : "recordedDate", "/values", TimeZoneInfo.Utc);
        if (json.Problems.Count > 0) return null;
        var answers = values.EnumerateObject().Where(value => !Passed.Contains(value.Name))
            .Select(value => Read(value.Name, value.Value, labels is { } given ? JsonReading.Optional(given, value.Name) : null, survey)).OfType<Answer>().ToList();
        return new SurveyResponse(form, id, submitted!.Value, Updated: null, Text(values, "finished") is "1" or "true" || JsonReading.Optional(values, "finished")?.ValueKind == JsonValueKind.True, answers)
        {
            Questionnaire = survey.Wording,
        };
    }

    private static Answer? Read(string field, JsonElement value, JsonElement? label, Survey survey)
    {
        var texts = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(JsonReading.Scalar).OfType<string>().ToList() : JsonReading.Scalar(value) is { } one ? [one] : [];
        if (OfPersons.Contains(field)) return texts is [{ Length: > 0 } person] ? NamedValues.Personal(field, person) : null;
        if (!field.StartsWith("QID", StringComparison.Ordinal))
            return new Answer($"hidden.{field}", null, AnswerKind.Hidden, [.. texts.Where(text => text.Length > 0).Select(text => new AnswerValue(text))]);
        if (texts.Count == 0) return new Answer(field, null, AnswerKind.Unanswered, []);
        var named = label is not { } given ? [] : given.ValueKind == JsonValueKind.Array ? given.EnumerateArray().Select(JsonReading.Scalar).ToList() : [JsonReading.Scalar(given)];
        var kind = survey.Kind(field) ?? (value.ValueKind == JsonValueKind.Array ? AnswerKind.Multiple : named.Count > 0 ? AnswerKind.Single : value.ValueKind == JsonValueKind.Number ? AnswerKind.Number : AnswerKind.Text);
        if (kind is AnswerKind.Single or AnswerKind.Multiple or AnswerKind.Scale && named.Count == texts.Count)
            return new Answer(field, null, kind, [.. texts.Select((text, index) => new AnswerValue(named[index] ?? text, text))]);
        return new Answer(field, null, kind, [.. texts.Select(text => new AnswerValue(text))]);
    }

    /// <summary>What the survey says of its questions, as far as it can be read: their types and their wording.</summary>
    private sealed record Survey(Dictionary<string, (string Type, string Selector)> Types, IReadOnlyList<Wording> Wording)
    {
        public static Survey From(JsonElement root)
        {
            var types = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
            var wording = new List<Wording>();
            if (JsonReading.Optional(root, "result") is not { ValueKind: JsonValueKind.Object } result) throw Unreadable("/result");
            if (JsonReading.Optional(result, "questions") is not { ValueKind: JsonValueKind.Object } questions) return new Survey(types, wording);
            foreach (var question in questions.EnumerateObject())
            {
                var type = JsonReading.Optional(question.Value, "questionType");
                types[question.Name] = type is { } given ? (Text(given, "type") ?? "", Text(given, "selector") ?? "") : ("", "");
                var text = Text(question.Value, "questionText") ?? "";
                var options = Texts(question.Value, "choices", "choiceText").Select(option => option.Text).ToList();
                var rows = Texts(question.Value, "subQuestions", "choiceText").ToList();
                if (rows.Count == 0) wording.Add(new Wording(question.Name, null, text, options));
                else wording.AddRange(rows.Select(row => new Wording($"{question.Name}_{row.Id}", null, $"{text} {row.Text}".Trim(), options)));
            }
            return new Survey(types, wording);
        }

        /// <summary>The kind of a field, by the question it belongs to; null when the survey does not tell.</summary>
        public AnswerKind? Kind(string field)
        {
            if (field.EndsWith("_TEXT", StringComparison.Ordinal)) return AnswerKind.Text;
            var question = field.Split('_')[0].Split('#')[0];
            return !Types.TryGetValue(question, out var type) ? null : type switch
            {
                ("MC", "MAVR" or "MAHR" or "MACOL" or "MSB") => AnswerKind.Multiple,
                ("MC", "NPS") => AnswerKind.Scale,
                ("MC", _) => AnswerKind.Single,
                ("Matrix", "TE") or ("TE", _) => AnswerKind.Text,
                ("Matrix", _) => null,
                ("Slider" or "CS", _) => AnswerKind.Number,
                ("RO", _) => AnswerKind.Number,
                ("FileUpload" or "Signature" or "Draw", _) => AnswerKind.Personal,
                _ => null,
            };
        }

        private static IEnumerable<(string Id, string Text)> Texts(JsonElement question, string name, string text) =>
            JsonReading.Optional(question, name) is { ValueKind: JsonValueKind.Object } list
                ? list.EnumerateObject().OrderBy(option => int.TryParse(option.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? place : int.MaxValue)
                    .Select(option => (option.Name, Text(option.Value, text) ?? Text(option.Value, "description") ?? ""))
                : [];
    }
}
