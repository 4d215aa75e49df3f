using System.Text;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>Times that a tool sends without a zone are those of the clock its source says it has; the same text is always the same moment.</summary>
public sealed class LocalTimeTests
{
    [Theory]
    [InlineData("UTC", "2026-07-01 09:30:00", "2026-07-01T09:30:00Z")]
    [InlineData("Europe/London", "2026-07-01 09:30:00", "2026-07-01T08:30:00Z")]
    [InlineData("Europe/London", "2026-12-01 09:30:00", "2026-12-01T09:30:00Z")]
    // The hour that comes twice when summer time ends, and the one that never comes when it begins.
    [InlineData("Europe/London", "2026-10-25 01:30:00", "2026-10-25T01:30:00Z")]
    [InlineData("Europe/London", "2026-10-25 00:59:59", "2026-10-24T23:59:59Z")]
    [InlineData("Europe/London", "2026-03-29 01:30:00", "2026-03-29T01:30:00Z")]
    [InlineData("America/Denver", "2019-06-25 01:58:25", "2019-06-25T07:58:25Z")]
    // Long ago London was a minute and a quarter behind Greenwich.
    [InlineData("Europe/London", "1850-01-01 00:00:00", "1850-01-01T00:00:00Z")]
    public void A_time_without_a_zone_is_of_the_sources_clock(string zone, string wall, string moment)
    {
        foreach (var (tool, type, body) in new[]
        {
            ("limesurvey", Sent.Json, $$"""{"survey":1,"respondId":2,"submitDate":"{{wall}}"}"""),
            ("paperform", Sent.Json, $$"""{"submission_id":"s","created_at":"{{wall}}","data":[]}"""),
            ("microsoftforms", Sent.Json, $$"""{"form":"f","response":"r","submitted":"{{wall}}"}"""),
            ("qualtrics", Sent.Form, $"SurveyID=a&ResponseID=b&CompletedDate={wall}"),
            ("qualtrics", Sent.Form, "MSG=" + Uri.EscapeDataString($$"""{"SurveyID":"a","ResponseID":"b","CompletedDate":"{{wall}}"}""")),
        })
            Assert.Equal(DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture), Submitted(tool, type, body, zone));
    }

    [Fact]
    public void A_time_that_has_a_zone_keeps_it_and_kobo_is_utc_by_its_documentation()
    {
        var moment = new DateTimeOffset(2026, 7, 1, 9, 30, 0, TimeSpan.Zero);
        Assert.Equal(moment, Submitted("limesurvey", Sent.Json, """{"survey":1,"respondId":2,"submitDate":"2026-07-01T10:30:00+01:00"}""", "America/Denver"));
        Assert.Equal(moment, Submitted("kobotoolbox", Sent.Json, """{"_id":1,"_xform_id_string":"a","_submission_time":"2026-07-01T09:30:00"}""", "Europe/London"));
        Assert.False(SurveyTool.All["kobotoolbox"].SendsLocalTimes);
    }

    [Theory]
    [InlineData("0001-01-01 00:00:00", "Asia/Tokyo")]
    [InlineData("9999-12-31 23:59:59", "America/Denver")]
    [InlineData("2026-02-30 09:30:00", "UTC")]
    [InlineData("01/11/2026 09:30", "Europe/London")]
    public void What_is_no_time_there_is_a_problem(string wall, string zone) =>
        Assert.Equal("/submitDate", Assert.Single(Assert.Single(Decoded("limesurvey", Sent.Json, $$"""{"survey":1,"respondId":2,"submitDate":"{{wall}}"}""", zone).Undecodable).Problems).Where);

    private static DateTimeOffset Submitted(string tool, string type, string body, string zone) => Assert.Single(Decoded(tool, type, body, zone).Responses).Submitted;

    private static Decoded Decoded(string tool, string type, string body, string zone) =>
        new Source("a", SurveyTool.All[tool], Verification.None, [], null) { Zone = TimeZoneInfo.FindSystemTimeZoneById(zone) }.Decode(Sent.By(type, Encoding.UTF8.GetBytes(body)));
}
