using System.Security.Cryptography;
using System.Text;
using CsCheck;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Tests.Webhooks;

public sealed class QuestionnaireTests
{
    private static readonly Redaction Redaction = new(new Pseudonyms("a-test-key-of-thirty-two-characters!"));

    [Fact]
    public void A_hash_is_of_the_text_and_the_options_after_their_lengths()
    {
        // 00000004 "Why?" 00000001 "2" 00000003 "Yes" 00000002 "No", put together by hand.
        byte[] bytes = [0, 0, 0, 4, .. "Why?"u8, 0, 0, 0, 1, .. "2"u8, 0, 0, 0, 3, .. "Yes"u8, 0, 0, 0, 2, .. "No"u8];
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes))[..12], Hash("Why?", "Yes", "No"));
    }

    [Theory]
    [InlineData("How confident are you?", "  How   confident\n are\u00A0you?\t")]
    [InlineData("How confident are you?", "<p>How <b>confident</b><br/>are you?</p>")]
    [InlineData("How confident are you?", "How *confident* are _you_?")]
    [InlineData("How confident are you?", "How con\u00ADfident are\u200B you?")]
    [InlineData("Support & care at caf\u00E9s", "Support &amp; care at cafe\u0301s")]
    [InlineData("Thanks, {{field:01ABC}}! Sure?", "Thanks, {{field:99XYZ}}! Sure?")]
    [InlineData("You said ${q://QID1/ChoiceText}. Sure?", "You said #recall:abc/fallback:x#. Sure?")]
    [InlineData("Is 3 < 5 for snake_case?", "Is 3 < 5 for snake_case? ")]
    public void What_is_no_word_makes_no_other_wording(string one, string other) => Assert.Equal(Hash(one, "Yes"), Hash(other, " Yes "));

    [Theory]
    [InlineData("How confident are you?", "How confident do you feel?")]
    [InlineData("How confident are you?", "how confident are you?")]
    [InlineData("How confident are you?", "How confident are you")]
    [InlineData("Thanks, {{field:01ABC}}! Sure?", "Thanks! Sure?")]
    [InlineData("Is 3 < 5?", "Is 3 5?")]
    [InlineData("snake_case", "snakecase")]
    public void Other_words_are_another_wording(string one, string other) => Assert.NotEqual(Hash(one), Hash(other));

    [Fact]
    public void The_order_of_options_is_part_of_the_wording_and_no_option_runs_into_another()
    {
        Gen.String[Gen.Char.AlphaNumeric, 1, 6].Array[2, 6].Where(options => options.Distinct().Count() == options.Length)
            .SelectMany(options => Gen.Shuffle(options.ToArray()).Select(shuffled => (options, shuffled)))
            .Sample((options, shuffled) => Assert.Equal(options.SequenceEqual(shuffled), Hash("Q", options) == Hash("Q", shuffled)), iter: 500);
        Assert.NotEqual(Hash("Q", "ab", "c"), Hash("Q", "a", "bc"));
        Assert.NotEqual(Hash("Q", "a"), Hash("Q", "a", ""));
    }

    [Fact]
    public void Words_made_plain_stay_as_they_are()
    {
        Gen.String.Sample(
            text =>
            {
                var plain = Questionnaire.Plain(text);
                Assert.True(plain.IsNormalized(NormalizationForm.FormC));
                Assert.DoesNotContain("  ", plain, StringComparison.Ordinal);
                Assert.Equal(plain.Trim(), plain);
            },
            iter: 2000);
        Assert.Equal("{}", Questionnaire.Plain("{{a}}"));
    }

    [Fact]
    public void Only_what_the_instrument_maps_has_a_wording_and_hidden_fields_have_none()
    {
        var response = Typeform("How confident?", extra: "One question more");
        var redacted = Redaction.Apply(response, ResponseTests.Teachers());

        var worded = Assert.Single(redacted.Fields, answer => answer.Wording is not null);
        Assert.Equal(("cpd_confidence", Hash("How confident?")), (worded.Field, worded.Wording));
        var seen = Assert.Single(SeenWording.Of(ResponseTests.Teachers(), response, redacted, default));
        Assert.Equal(("teachers-pre", "cpd-confidence", Hash("How confident?"), "How confident?"), (seen.Instrument, seen.Indicator, seen.Wording, seen.Text));
        // Reworded where nobody looks: nothing changes.
        Assert.Equal(worded.Wording, Redaction.Apply(Typeform("How confident?", extra: "Another question"), ResponseTests.Teachers()).Fields.Single(answer => answer.Field == "cpd_confidence").Wording);
    }

    [Fact]
    public void A_wording_is_no_part_of_the_content_and_outlives_quarantine()
    {
        var (before, after) = (Typeform("How confident?"), Typeform("How sure?"));
        Assert.Equal(Redaction.Version(before), Redaction.Version(after));

        var stored = RedactedAnswers.FromJson(Redaction.Apply(before, null).ToJson());
        var replayed = Redaction.Apply(new SurveyResponse(stored.Form, stored.Id, default, null, true, stored.Fields), ResponseTests.Teachers());
        Assert.Equal(Hash("How confident?"), Assert.Single(new InstrumentMap(ResponseTests.Teachers()).Map(replayed).Value!.Observations).Wording);
        Assert.Null(Assert.Single(SeenWording.Of(ResponseTests.Teachers(), new SurveyResponse("f", "r", default, null, true, []), replayed, default)).Text);
    }

    [Fact]
    public void Answers_stored_before_wordings_were_known_read_as_ever()
    {
        const string json = """{"form":"f","id":"r","fields":[{"field":"q","kind":"Single","values":[{"text":"a"}]}]}""";
        Assert.Null(Assert.Single(RedactedAnswers.FromJson(Encoding.UTF8.GetBytes(json)).Fields).Wording);
        Assert.Equal(json, Encoding.UTF8.GetString(RedactedAnswers.FromJson(Encoding.UTF8.GetBytes(json)).ToJson()));
    }

    [Fact]
    public void Typeform_tells_titles_and_choices_groups_opened()
    {
        var response = new Typeform().Decode(Sent.By(Sent.Json, """
            {"form_response":{"form_id":"f","token":"t","submitted_at":"2025-11-03T09:00:00Z","definition":{"fields":[
             {"id":"g","title":"Group","type":"group","properties":{"fields":[{"id":"a","ref":"role","title":"Your role?","choices":[{"id":"1","label":"Leader"},{"id":"2","label":"SENCO"}],"allow_other_choice":true}]}},
             {"id":"b","title":"How sure?"},{"id":7},"no field",{"title":"no id"}]},"answers":[]}}
            """)).Value![0];
        Assert.Equal(["role|a|Your role?|Leader,SENCO,{other}", "g||Group|", "b||How sure?|"], Shown(response));
    }

    [Fact]
    public void Tally_tells_labels_rows_and_options_without_what_somebody_wrote()
    {
        var response = new Tally().Decode(Sent.By(Sent.Json, """
            {"data":{"formId":"f","responseId":"r","createdAt":"2025-11-03T09:00:00Z","fields":[
             {"key":"n","label":"Your name","type":"INPUT_TEXT","value":"Jo"},{"key":"t","label":"Your thoughts","type":"TEXTAREA","value":"no"},{"key":"h","label":"urn","type":"HIDDEN_FIELDS","value":"100001"},
             {"key":"q","label":"Do you know how confident you are, Jo?","type":"DROPDOWN","value":["1"],"options":[{"id":"1","text":"Very"},{"id":"2","text":"Not"}]},
             {"key":"m","label":"Areas","type":"MATRIX","value":{"x":["1"]},"rows":[{"id":"x","text":"Teaching"}],"columns":[{"id":"1","text":"Low"},{"id":"2","text":"High"}]}]}}
            """)).Value![0];
        Assert.Equal(["n||Your name|", "t||Your thoughts|", "q||Do you know how confident you are, {}?|Very,Not", "m.x||Areas / Teaching|Low,High"], Shown(response));
    }

    [Fact]
    public void Our_own_bodies_may_tell_how_they_asked()
    {
        var google = new GoogleForms().Decode(Sent.By(Sent.Json, """
            {"form":"f","response":"r","submitted":"2025-11-03T09:00:00Z","answers":[{"id":"1","title":"How sure?","type":"MULTIPLE_CHOICE","value":"Very","choices":["Very","Not"]},{"id":"2","title":"Areas","type":"GRID","value":{"Teaching":"Low"}}]}
            """)).Value![0];
        Assert.Equal(["1||How sure?|Very,Not", "2.Teaching||Areas / Teaching|"], Shown(google));
        var json = new Json().Decode(Sent.By(Sent.Json, """{"form":"f","response":"r","submitted":"2025-11-03T09:00:00Z","answers":{"q":"a"},"questions":{"q":{"text":"How?","options":["a",2]}}}""")).Value![0];
        Assert.Equal(["q||How?|a,2"], Shown(json));
        var wrong = new Json().Decode(Sent.By(Sent.Json, """{"form":"f","response":"r","submitted":"2025-11-03T09:00:00Z","questions":{"q":"How?"}}"""));
        Assert.Equal("/questions/q/text", Assert.Single(wrong.Problems).Where);
    }

    private static string Hash(string text, params string[] options) => Questionnaire.HashOf(new Wording("q", null, text, options));

    private static IEnumerable<string> Shown(SurveyResponse response) =>
        response.Questionnaire.Select(wording => $"{wording.Field}|{wording.Alias}|{wording.Text}|{string.Join(',', wording.Options)}");

    private static SurveyResponse Typeform(string title, string extra = "") =>
        new Typeform().Decode(Delivery.From(Encoding.UTF8.GetBytes(DecodingTests.TypeformBody
            .Replace("\"title\":\"How confident\"}", $$"""
                "title":"{{title}}"},{"id":"f3","ref":"subjects","title":"{{extra}}"},{"id":"urn","ref":"hidden.urn","title":"none"}
                """, StringComparison.Ordinal)), [], default)).Value![0];
}
