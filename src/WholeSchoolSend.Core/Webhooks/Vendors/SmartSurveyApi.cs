using System.Globalization;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>SmartSurvey's API, version 1: page by page, complete and partial responses. A list item is one of the webhook's array.</summary>
/// <remarks>
/// https://docs.smartsurvey.io/docs (Basic authentication by token and secret) and /reference: page, page_size (at most 100), since and until in seconds,
/// completed=2 for all, include_labels, sort_by; 180 requests a minute by public users of it (alphagov). Which of its times <c>since</c> means is not documented: a
/// response changed long after it ended may not be listed again.
/// </remarks>
public sealed class SmartSurveyApi : VendorApi
{
    private const int PageSize = 100;

    public override string Tool => "smartsurvey";

    public override Uri UsualAddress { get; } = new("https://api.smartsurvey.io");

    public override (int PerMinute, int PerDay) UsualLimits => (120, 50_000);

    public override (string Name, string Value) Authorise(string token) => ("Authorization", Basic(token));

    public override string? Refuses(string token) =>
        token.IndexOf(':', StringComparison.Ordinal) is var colon && colon > 0 && colon < token.Length - 1 ? base.Refuses(token) : "should be the API token, : and its secret";

    protected override async Task<VendorPage> PageAsync(VendorCall call, string form, DateTimeOffset since, string? cursor, CancellationToken cancellation)
    {
        var page = Whole(cursor, 1);
        var root = await call.JsonAsync(
            VendorRequest.Get(
                $"v1/surveys/{Part(form)}/responses", ("page", Whole(page)), ("page_size", Whole(PageSize)),
                ("since", since.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
                ("completed", "2"), ("include_labels", "true"), ("sort_by", "date_ended,asc")),
            cancellation);
        var listed = Objects(root, "").Select(item => Decoded(Text(item, "id") ?? throw Unreadable("/id"), call, json =>
        {
            json.WriteStartArray();
            item.WriteTo(json);
            json.WriteEndArray();
        })).ToList();
        return new VendorPage(listed, Whole(page + 1), null);
    }
}
