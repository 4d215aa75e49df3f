namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>Typeform's Responses API: newest first, a page begins before the last token of the one before. A list item is the webhook's <c>form_response</c> but for the form's id.</summary>
/// <remarks>
/// https://www.typeform.com/developers/responses/reference/retrieve-responses/ (page_size at most 1,000; since is inclusive, in UTC to the second;
/// before excludes and goes with no sort), https://www.typeform.com/developers/get-started/ (two requests a second). What was submitted in the last half
/// hour may not be listed yet. Completed responses only, as the webhook brings them. The wording of the form is not read: the token would need more rights.
/// </remarks>
public sealed class TypeformApi : VendorApi
{
    private const int PageSize = 200;

    public override string Tool => "typeform";

    public override Uri UsualAddress { get; } = new("https://api.typeform.com");

    public override (int PerMinute, int PerDay) UsualLimits => (100, 50_000);

    public override (string Name, string Value) Authorise(string token) => ("Authorization", "Bearer " + token);

    protected override async Task<VendorPage> PageAsync(VendorCall call, string form, DateTimeOffset since, string? cursor, CancellationToken cancellation)
    {
        (string, string)[] query = [("page_size", Whole(PageSize)), ("since", Utc(since))];
        var root = await call.JsonAsync(VendorRequest.Get($"forms/{Part(form)}/responses", cursor is null ? query : [.. query, ("before", cursor)]), cancellation);
        var items = Items(root, "items");
        var tokens = items.Select(item => Text(item, "token") ?? Text(item, "response_id") ?? throw Unreadable("/items/token")).ToList();
        var listed = items.Select((item, index) => Decoded(tokens[index], call, json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("form_response");
            json.WriteString("form_id", form);
            foreach (var member in item.EnumerateObject())
                if (member.Name != "form_id") member.WriteTo(json);
            json.WriteEndObject();
            json.WriteEndObject();
        })).ToList();
        // Of later pages the total may be of what is left.
        return new VendorPage(listed, tokens.Count == 0 ? null : tokens[^1], cursor is null ? Number(root, "total_items") : null);
    }
}
