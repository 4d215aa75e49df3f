namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>KoboToolbox' data endpoint: by start and limit, in the order of <c>_id</c>. A list item is the webhook's JSON. The form's id is the asset's uid.</summary>
/// <remarks>
/// https://support.kobotoolbox.org/data_endpoint.html and the announcement that from 2026 a page holds 1,000 at most
/// (https://community.kobotoolbox.org/t/74610); https://github.com/kobotoolbox/kpi. A webhook in XML, or one whose fields leave <c>_id</c> out, is known by
/// <c>meta/instanceID</c>, so a response is looked for under both.
/// </remarks>
public sealed class KoboToolboxApi : VendorApi
{
    private const int PageSize = 200;

    public override string Tool => "kobotoolbox";

    public override Uri UsualAddress { get; } = new("https://kf.kobotoolbox.org");

    public override (int PerMinute, int PerDay) UsualLimits => (60, 20_000);

    public override (string Name, string Value) Authorise(string token) => ("Authorization", "Token " + token);

    protected override async Task<VendorPage> PageAsync(VendorCall call, string form, DateTimeOffset since, string? cursor, CancellationToken cancellation)
    {
        var start = Whole(cursor, 0);
        var root = await call.JsonAsync(
            VendorRequest.Get(
                $"api/v2/assets/{Part(form)}/data/", ("format", "json"), ("query", $$$"""{"_submission_time":{"$gte":"{{{Utc(since)[..^1]}}}"}}"""), ("sort", """{"_id":1}"""),
                ("start", Whole(start)), ("limit", Whole(PageSize))),
            cancellation);
        var items = Items(root, "results");
        var listed = items.Select(item =>
        {
            var id = Text(item, "_id") ?? throw Unreadable("/results/_id");
            return Decoded(id, call, item.WriteTo) with { OtherIds = Text(item, "meta/instanceID") is { } instance ? [instance] : [] };
        }).ToList();
        return new VendorPage(listed, Whole(start + Math.Min(items.Count, PageSize)), Number(root, "count"));
    }
}
