using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>
/// SurveyMonkey's API, version 3: one response with its details, or all by time of change, a hundred a page. Answers are ids; what they mean is in the
/// survey's own details. A question is known by its id, a row of a matrix or of several boxes by <c>question.row</c>, of a menu by
/// <c>question.row.column</c>; custom variables are hidden fields, and so is the collector (<c>hidden.collector_id</c>).
/// </summary>
/// <remarks>
/// https://github.com/SurveyMonkey/public_api_docs, includes/_responses.md, _surveys.md and _questions.md; _overview.md for the limits of draft and private
/// apps (120 a minute, 500 a day), their headers <c>X-Ratelimit-App-Global-…</c> and the error codes. A response is counted from its first change on, and each
/// change makes a revision. Contact, address and recipient are never taken but as a person's key.
/// </remarks>
public sealed class SurveyMonkeyApi : VendorApi
{
    private const int PageSize = 100;

    public override string Tool => "surveymonkey";

    public override Uri UsualAddress { get; } = new("https://api.surveymonkey.com");

    public override (int PerMinute, int PerDay) UsualLimits => (120, 500);

    public override bool IsEventOnly => true;

    public override (string Name, string Value) Authorise(string token) => ("Authorization", "bearer " + token);

    /// <summary>A deleted user (1052, 1053) is answered as if it were the response that is not there.</summary>
    public override bool IsRefusal(VendorResponse response) =>
        base.IsRefusal(response) || response.Status == 410 || (response.Status == 404 && response.Body.Span.IndexOf("\"1052\""u8) >= 0);

    public override TimeSpan? AskedToWait(Func<string, string?> header, DateTimeOffset now) =>
        base.AskedToWait(header, now) ?? Reset(header, "Day") ?? Reset(header, "Minute");

    public override async Task<SurveyResponse?> FetchAsync(VendorCall call, string form, string id, CancellationToken cancellation)
    {
        await SurveyAsync(call, form, null, cancellation);   // If this is not there, the form is missing and not the response.
        var root = await call.JsonAsync(VendorRequest.Get($"v3/surveys/{Part(form)}/responses/{Part(id)}/details"), cancellation);
        if (IsPreview(root)) return null;
        return Response(root, form, id, await SurveyAsync(call, form, [root], cancellation)) ?? throw Unreadable("/pages");
    }

    protected override async Task<VendorPage> PageAsync(VendorCall call, string form, DateTimeOffset since, string? cursor, CancellationToken cancellation)
    {
        var page = Whole(cursor, 1);
        var root = await call.JsonAsync(
            VendorRequest.Get(
                $"v3/surveys/{Part(form)}/responses/bulk", ("page", Whole(page)), ("per_page", Whole(PageSize)), ("sort_by", "date_modified"), ("sort_order", "ASC"),
                ("start_modified_at", Utc(since)[..^1])),
            cancellation);
        var items = Items(root, "data");
        var survey = items.Count == 0 ? null : await SurveyAsync(call, form, items, cancellation);
        var listed = items.Select(item =>
        {
            var id = Text(item, "id") ?? throw Unreadable("/data/id");
            return IsPreview(item) ? new ListedResponse(id, null) { IsPreview = true } : new ListedResponse(id, Response(item, form, id, survey!));
        }).ToList();
        return new VendorPage(listed, Whole(page + 1), Number(root, "total"));
    }

    private static bool IsPreview(JsonElement response) => Text(response, "collection_mode") is "preview" or "survey_preview";

    /// <summary>The survey as it is worded; read again when a response names an option that was not there.</summary>
    private static async Task<Survey> SurveyAsync(VendorCall call, string form, IReadOnlyList<JsonElement>? responses, CancellationToken cancellation)
    {
        try
        {
            return await call.FormAsync(
                form, async token => Survey.From(await call.JsonAsync(VendorRequest.Get($"v3/surveys/{Part(form)}/details"), token)), cancellation,
                survey => responses is null || responses.All(survey.Knows));
        }
        catch (VendorTroubleException missing) when (missing.Kind == Problems.VendorHasNot)
        {
            throw new VendorTroubleException(Problems.VendorFormMissing, missing.Message, null, missing);
        }
    }

    private static SurveyResponse? Response(JsonElement root, string form, string id, Survey survey)
    {
        var json = new JsonReading();
        var modified = json.Time(root, "date_modified", "");
        var answers = JsonReading.Hidden(JsonReading.Optional(root, "custom_variables")).ToList();
        if (Text(root, "collector_id") is { } collector) answers.Add(new Answer("hidden.collector_id", null, AnswerKind.Hidden, [new AnswerValue(collector)]));
        if (Text(root, "custom_value") is { Length: > 0 } custom) answers.Add(NamedValues.Personal("custom_value", custom));
        if (Text(root, "recipient_id") is { } recipient && recipient is not ("" or "0")) answers.Add(NamedValues.Personal("recipient_id", recipient));
        foreach (var (page, place) in json.Items(JsonReading.Optional(root, "pages"), "/pages"))
            foreach (var (question, there) in json.Items(JsonReading.Optional(page, "questions"), place + "/questions"))
                answers.AddRange(Answers(json, question, there, survey));
        return json.Problems.Count > 0 ? null : new SurveyResponse(form, id, modified!.Value, modified, Text(root, "response_status") == "completed", answers) { Questionnaire = survey.Wording };
    }

    private static List<Answer> Answers(JsonReading json, JsonElement question, string at, Survey survey)
    {
        if (json.Text(question, "id", at) is not { } id) return [];
        var asked = survey.Questions.GetValueOrDefault(id);
        var values = json.Items(JsonReading.Optional(question, "answers"), at + "/answers").SelectMany(answer => Values(id, asked, answer.Item)).ToList();
        if (asked?.Kind == AnswerKind.Ranking)
            return [new Answer(id, null, AnswerKind.Ranking, [.. values.OrderBy(value => value.Place).Select(value => value.Value)])];
        return values.GroupBy(value => (value.Field, value.Kind)).Select(row => new Answer(row.Key.Field, null, row.Key.Kind, [.. row.Select(value => value.Value)])).ToList();
    }

    /// <summary>What one answer says: a choice, something written, or both.</summary>
    private static IEnumerable<(string Field, AnswerKind Kind, AnswerValue Value, int Place)> Values(string question, Question? asked, JsonElement answer)
    {
        var (choice, row, column, other, written) = (Text(answer, "choice_id"), Text(answer, "row_id"), Text(answer, "col_id"), Text(answer, "other_id"), Text(answer, "text"));
        var field = row is null ? question : column is null ? $"{question}.{row}" : $"{question}.{row}.{column}";
        if (choice is not null)
        {
            var place = asked?.Choices.FindIndex(option => option.Id == choice) ?? 0;
            var text = asked?.Choices.Find(option => option.Id == choice).Text ?? choice;
            yield return asked?.Kind == AnswerKind.Ranking && row is not null
                ? (question, AnswerKind.Ranking, new AnswerValue(asked.Rows.Find(item => item.Id == row).Text ?? row, row), place)
                : (field, asked?.Kind ?? AnswerKind.Single, new AnswerValue(text, choice), 0);
        }
        if (other is not null && asked?.OtherIsChoice != false) yield return (question, asked?.Kind ?? AnswerKind.Single, new AnswerValue("other", other), int.MaxValue);
        if (written is not { Length: > 0 }) yield break;
        yield return other is not null ? ($"{question}.comment", AnswerKind.Text, new AnswerValue(written), 0) : (field, asked?.Written ?? AnswerKind.Text, new AnswerValue(written), 0);
    }

    private static TimeSpan? Reset(Func<string, string?> header, string window) =>
        header($"X-Ratelimit-App-Global-{window}-Remaining")?.Trim() == "0"
        && int.TryParse(header($"X-Ratelimit-App-Global-{window}-Reset"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;

    /// <summary>One question of the survey: what kind its choices and what kind its writing is, its options and rows in the form's order.</summary>
    private sealed record Question(string Id, string Text, AnswerKind Kind, AnswerKind Written, bool OtherIsChoice, List<(string Id, string? Text)> Choices, List<(string Id, string? Text)> Rows);

    private sealed record Survey(Dictionary<string, Question> Questions, IReadOnlyList<Wording> Wording)
    {
        public static Survey From(JsonElement root)
        {
            var questions = Items(root, "pages").SelectMany(page => Items(page, "questions")).Select(Question).OfType<Question>()
                .DistinctBy(question => question.Id, StringComparer.Ordinal).ToDictionary(question => question.Id, StringComparer.Ordinal);
            return new Survey(questions, [.. questions.Values.SelectMany(Worded)]);
        }

        /// <summary>Is every option a response names one of these?</summary>
        public bool Knows(JsonElement response) => Each(response, "pages").SelectMany(page => Each(page, "questions")).All(question =>
            Text(question, "id") is not { } id
            || (Questions.TryGetValue(id, out var asked) && Each(question, "answers").All(answer => Text(answer, "choice_id") is not { } choice || asked.Choices.Exists(option => option.Id == choice))));

        /// <summary>The items of a list, if it is one: whoever reads it says what is wrong with it.</summary>
        private static List<JsonElement> Each(JsonElement parent, string name) =>
            JsonReading.Optional(parent, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

        private static Question? Question(JsonElement question)
        {
            if (Text(question, "id") is not { } id) return null;
            var (family, subtype) = (Text(question, "family") ?? "", Text(question, "subtype") ?? "");
            var heading = string.Join(' ', Each(question, "headings").Select(one => Text(one, "heading")).OfType<string>());
            var answers = JsonReading.Optional(question, "answers");
            var other = answers is { } given ? JsonReading.Optional(given, "other") : null;
            return new Question(
                id, heading, ChoiceKind(family, subtype), WrittenKind(family, subtype),
                other is not { } written || JsonReading.Optional(written, "is_answer_choice")?.ValueKind != JsonValueKind.False, Options(answers, "choices"), Options(answers, "rows"));
        }

        private static IEnumerable<Wording> Worded(Question question)
        {
            var options = question.Choices.Select(option => option.Text ?? "").ToList();
            if (question.Kind == AnswerKind.Ranking) return [new Wording(question.Id, null, question.Text, [.. question.Rows.Select(row => row.Text ?? "")])];
            return question.Rows.Count == 0
                ? [new Wording(question.Id, null, question.Text, options)]
                : question.Rows.Select(row => new Wording($"{question.Id}.{row.Id}", null, $"{question.Text} {row.Text}".Trim(), options));
        }

        private static List<(string Id, string? Text)> Options(JsonElement? answers, string name) =>
            answers is { } given ? [.. Each(given, name).Where(option => Text(option, "id") is not null).Select(option => (Text(option, "id")!, Text(option, "text")))] : [];

        private static AnswerKind ChoiceKind(string family, string subtype) => (family, subtype) switch
        {
            ("multiple_choice", _) or ("matrix", "multi") => AnswerKind.Multiple,
            ("matrix", "rating") => AnswerKind.Scale,
            ("matrix", "ranking") => AnswerKind.Ranking,
            _ => AnswerKind.Single,
        };

        private static AnswerKind WrittenKind(string family, string subtype) => (family, subtype) switch
        {
            ("demographic", _) or ("file_upload", _) => AnswerKind.Personal,
            ("datetime", _) => AnswerKind.Date,
            ("open_ended", "numerical") or ("slider", _) or ("open_ended", "slider") => AnswerKind.Number,
            _ => AnswerKind.Text,
        };
    }
}
