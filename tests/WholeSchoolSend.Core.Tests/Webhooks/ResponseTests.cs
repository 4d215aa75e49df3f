using System.Text;
using CsCheck;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Tests.Webhooks;

public sealed class ResponseTests
{
    private static readonly Pseudonyms Pseudonyms = new("a-test-key-of-thirty-two-characters!");
    private static readonly Redaction Redaction = new(Pseudonyms);

    internal static Instrument Teachers() => new(
        "Teachers", "teachers", new FormBinding("teachers_typeform", "tPre2025"), null, new Term("2025-26"), new Term("pre"), new FieldName("hidden.urn"),
        new FieldName("hidden.key"), new Term("teacher"), null, null, null,
        [new Item("cpd-confidence", "cpd_confidence", new Dictionary<string, string> { ["1"] = "1", ["2"] = "2", ["3"] = "3", ["4"] = "4", ["5"] = "5" })])
    {
        Id = "teachers-pre",
        Version = 1,
    };

    private static SurveyResponse Response() =>
        new Typeform().Decode(Delivery.From(Encoding.UTF8.GetBytes(DecodingTests.TypeformBody), [], default)).Value![0];

    [Fact]
    public void What_nobody_asked_for_is_gone_and_the_person_is_a_pseudonym()
    {
        var stored = Encoding.UTF8.GetString(Redaction.Apply(Response(), Teachers()).ToJson());
        foreach (var canary in new[] { "jo.bloggs", "Jo Bloggs", "own words", "other words", "1980-02-29", "calendly" })
            Assert.DoesNotContain(canary, stored, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(Pseudonyms.Of("JO.Bloggs@school.example "), stored, StringComparison.Ordinal);
        Assert.Contains("cpd_confidence", stored, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_instrument_no_hidden_value_stays_that_could_name_a_person()
    {
        var redacted = Redaction.Apply(Response(), null);
        var stored = Encoding.UTF8.GetString(redacted.ToJson());
        Assert.DoesNotContain("jo.bloggs", stored, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("100001", stored, StringComparison.Ordinal);

        // Replayed once there is an instrument, it is the same person as one who came when it was there.
        var replayed = Redaction.Apply(new SurveyResponse(redacted.Form, redacted.Id, default, null, true, redacted.Fields), Teachers());
        var coded = new InstrumentMap(Teachers()).Map(replayed).Value!;
        Assert.Equal(Pseudonyms.Of("jo.bloggs@school.example"), coded.Respondent);
        Assert.Equal(new InstrumentMap(Teachers()).Map(Redaction.Apply(Response(), Teachers())).Value!.Observations, coded.Observations);
    }

    [Fact]
    public void A_response_is_coded_by_its_instrument()
    {
        var coded = new InstrumentMap(Teachers()).Map(Redaction.Apply(Response(), Teachers())).Value!;
        Assert.Equal(("100001", "2025-26", "pre", "teacher", 1.0), (coded.School, coded.Wave, coded.Stage, coded.Role, coded.Weight));
        Assert.Equal([new Observation("cpd-confidence", "4") { Wording = Questionnaire.HashOf(new Wording("", null, "How confident", [])) }], coded.Observations);
    }

    [Fact]
    public void Everything_wrong_with_a_response_is_listed()
    {
        var instrument = Teachers() with
        {
            School = new FieldName("f2"),
            Stage = new Term(Field: "nowhere"),
            Items = [new Item("cpd-confidence", "cpd_confidence", new Dictionary<string, string> { ["1"] = "1" }), new Item("key-area-1", "subjects", new Dictionary<string, string> { ["Maths"] = "1" })],
        };
        var problems = new InstrumentMap(instrument).Map(Redaction.Apply(Response(), instrument)).Problems;
        Assert.Equal(
            [("school-invalid", "f2"), ("field-missing", "nowhere"), ("answer-unknown", "cpd_confidence"), ("answer-unknown", "subjects")],
            problems.Select(problem => (problem.Code, problem.Where)));
    }

    [Fact]
    public void Roles_are_kept_as_ticked_in_one_order()
    {
        var instrument = Teachers() with { Role = new Term(Field: "subjects", Codes: new Dictionary<string, string> { ["reading"] = "senco", [" MATHS "] = "leader", ["other"] = "leader" }) };
        Assert.Equal("leader+senco", new InstrumentMap(instrument).Map(Redaction.Apply(Response(), instrument)).Value!.Role);
    }

    [Fact]
    public void Content_is_the_same_whatever_order_its_fields_come_in()
    {
        var response = Response();
        Gen.Shuffle(response.Answers.ToArray()).Sample(
            answers => Assert.Equal(Redaction.Version(response), Redaction.Version(response with { Answers = answers })),
            iter: 200);
        Assert.NotEqual(Redaction.Version(response), Redaction.Version(response with { Answers = [.. response.Answers.Skip(1)] }));
        Assert.NotEqual(Redaction.Version(response), new Redaction(new Pseudonyms(new string('k', 32))).Version(response));
    }

    [Theory]
    [InlineData("jose\u0301@school.example", "JOS\u00c9@school.example")]
    [InlineData(" \uff4a\uff4f@school.example", "jo@school.example ")]
    public void One_person_has_one_pseudonym_however_the_key_is_written(string one, string other) => Assert.Equal(Pseudonyms.Of(one), Pseudonyms.Of(other));

    [Fact]
    public void Identities_of_different_parts_differ()
    {
        Assert.NotEqual(Identity.OfResponse("a", "12", "3"), Identity.OfResponse("a", "1", "23"));
        // SHA-256 over 00000001 61 00000001 62 00000001 63, worked in Python.
        Assert.Equal("db0a8b920d42f074b0a75e382383d31fe730dd7d49e915a452f71b020e8417dc", Identity.OfResponse("a", "b", "c"));
    }

    [Fact]
    public void Of_two_versions_exactly_one_counts_and_the_order_is_total()
    {
        var version = Gen.Select(Gen.Int[0, 3], Gen.Int[-1, 3], Gen.Bool, Gen.Int[0, 3]).Select((submitted, updated, finished, hash) => new ResponseVersion(
            DateTimeOffset.UnixEpoch.AddDays(submitted), updated < 0 ? null : DateTimeOffset.UnixEpoch.AddDays(updated), finished, $"h{hash}"));
        Gen.Select(version, version, version).Sample((a, b, c) =>
        {
            if (a.CountsOver(b)) Assert.False(b.CountsOver(a));
            if (a.CountsOver(b) && b.CountsOver(c)) Assert.True(a.CountsOver(c));
            if (a.Hash != b.Hash) Assert.True(a.CountsOver(b) ^ b.CountsOver(a));
        });
    }
}
