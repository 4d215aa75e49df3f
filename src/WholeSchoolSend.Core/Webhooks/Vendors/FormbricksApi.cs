namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>Formbricks' Management API, version 2: by skip and limit, in the order of change. A list item is the webhook's <c>data</c>.</summary>
/// <remarks>
/// https://github.com/formbricks/formbricks, apps/web/modules/api/v2/management/responses (types/responses.ts, lib/response.ts: <c>data</c> and
/// <c>meta.total</c>) and the list in the API's own documentation. Version 1 (api/v1/management/responses) knows no time: it lists by creation only, so what was
/// finished later could not be told from what was read before.
/// </remarks>
public sealed class FormbricksApi : VendorApi
{
    private const int PageSize = 100;

    public override string Tool => "formbricks";

    public override Uri UsualAddress { get; } = new("https://app.formbricks.com");

    public override (int PerMinute, int PerDay) UsualLimits => (60, 50_000);

    public override (string Name, string Value) Authorise(string token) => ("x-api-key", token);

    protected override async Task<VendorPage> PageAsync(VendorCall call, string form, DateTimeOffset since, string? cursor, CancellationToken cancellation)
    {
        var skip = Whole(cursor, 0);
        var root = await call.JsonAsync(
            VendorRequest.Get(
                "api/v2/management/responses", ("surveyId", form), ("limit", Whole(PageSize)), ("skip", Whole(skip)), ("sortBy", "updatedAt"), ("order", "asc"),
                ("filterDateField", "updatedAt"), ("startDate", Utc(since))),
            cancellation);
        var items = Items(root, "data");
        var listed = items.Select(item => Decoded(Text(item, "id") ?? throw Unreadable("/data/id"), call, json =>
        {
            json.WriteStartObject();
            json.WriteString("event", "responseUpdated");
            json.WritePropertyName("data");
            item.WriteTo(json);
            json.WriteEndObject();
        })).ToList();
        var total = root.TryGetProperty("meta", out var meta) ? Number(meta, "total") : null;
        return new VendorPage(listed, Whole(skip + Math.Min(items.Count, PageSize)), total);
    }
}
