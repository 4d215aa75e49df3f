using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Vendors.Tests.StandIns;

namespace WholeSchoolSend.Vendors.Tests;

/// <summary>One submission is one response with one content, whether its webhook or the vendor's list brought it.</summary>
public sealed class ContentTests
{
    private static readonly Redaction Redaction = new(new Pseudonyms("a-pseudonym-key-of-the-tests-only!"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("typeform")]
    [InlineData("formbricks")]
    [InlineData("kobotoolbox")]
    [InlineData("smartsurvey")]
    public async Task What_the_list_gives_is_what_the_webhook_brought(string tool)
    {
        await using var vendor = HealingTests.Vendor(tool);
        await vendor.StartAsync();
        vendor.Submissions.AddRange(SeededSubmission.Made(40, 7));
        if (vendor.HasRevisions) vendor.Submissions[3] = vendor.Submissions[3].Changed(90) with { Finished = false };
        var listed = await ListedAsync(vendor);
        Assert.Equal(40, listed.Count);
        foreach (var submission in vendor.Submissions)
        {
            var posted = Assert.Single(SurveyTool.All[tool].Decode(vendor.Webhook(submission)).Value!);
            var found = listed[posted.Id];
            Assert.Equal(posted.Form, found.Form);
            Assert.Equal((posted.Submitted, posted.Updated, posted.Finished), (found.Submitted, found.Updated, found.Finished));
            Assert.Equal(Redaction.Version(posted), Redaction.Version(found));   // the content mark with it
            Assert.Equal(Shown(posted), Shown(found));
        }
    }

    [Theory]
    [InlineData("surveymonkey")]
    [InlineData("qualtrics")]
    public async Task What_an_event_names_is_what_is_fetched_and_what_the_list_gives(string tool)
    {
        await using var vendor = HealingTests.Vendor(tool);
        await vendor.StartAsync();
        vendor.Submissions.AddRange(SeededSubmission.Made(8, 7));
        var listed = await ListedAsync(vendor);
        foreach (var submission in vendor.Submissions)
        {
            var announced = Assert.Single(SurveyTool.All[tool].Decode(vendor.Webhook(submission)).Value!);
            using var http = new VendorHttp(new VendorHttpOptions(), TimeProvider.System);
            var fetched = (await vendor.Source("a").Api.FetchAsync(new VendorCall(vendor.Source("a"), http, TimeProvider.System), announced.Form, announced.Id, Cancellation))!;
            Assert.Equal((announced.Form, announced.Id), (fetched.Form, fetched.Id));
            Assert.Equal(Redaction.Version(listed[announced.Id]), Redaction.Version(fetched));
            Assert.Equal(Shown(listed[announced.Id]), Shown(fetched));
        }
    }

    private static async Task<Dictionary<string, SurveyResponse>> ListedAsync(StandIn vendor)
    {
        using var http = new VendorHttp(new VendorHttpOptions(), TimeProvider.System);
        var responses = new Dictionary<string, SurveyResponse>();
        var listing = new VendorListing();
        await foreach (var page in vendor.Source("a").Api.ListAsync(new VendorCall(vendor.Source("a"), http, TimeProvider.System), vendor.Form, SeededSubmission.First, listing, Cancellation))
            foreach (var item in page) responses.Add(item.Id, item.Response!);
        Assert.True(listing.IsWhole);
        return responses;
    }

    private static IEnumerable<string> Shown(SurveyResponse response) =>
        response.Answers.Select(answer => $"{answer.Field}/{answer.Alias} {answer.Kind} {string.Join(',', answer.Values)}").Order(StringComparer.Ordinal);
}
