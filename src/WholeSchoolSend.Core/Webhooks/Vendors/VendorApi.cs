using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>
/// How a vendor is asked for responses: where, with which credential, how one or all since a moment, and how its answers become the same
/// responses that its webhook brings. One small file each.
/// </summary>
/// <remarks>
/// Links to next pages that answers hold are not followed: every address is made here, so that no answer can send a credential elsewhere.
/// </remarks>
public abstract class VendorApi
{
    private const string Json = "application/json";
    private const int MostPages = 2_000;
    private const int MostFruitless = 3;

    /// <summary>Name of the tool in <c>Sources__{source}__Tool</c>.</summary>
    public abstract string Tool { get; }

    /// <summary>Where the vendor's API usually is; null where it is another for each customer.</summary>
    public abstract Uri? UsualAddress { get; }

    /// <summary>Requests the vendor takes in a minute and in a day, where the source does not say.</summary>
    public abstract (int PerMinute, int PerDay) UsualLimits { get; }

    /// <summary>Whether the webhook brings events only, so that each response is fetched.</summary>
    public virtual bool IsEventOnly => false;

    /// <summary>The header that carries the credential.</summary>
    public abstract (string Name, string Value) Authorise(string token);

    /// <summary>What keeps a token from being one; null when it can be.</summary>
    public virtual string? Refuses(string token) =>
        token.Length is 0 or > 4_096 || token.Any(c => c is < '!' or > '~') ? "should be the vendor's API token, without blanks" : null;

    /// <summary>Does this answer say that the credential is not enough, rather than that something is not there?</summary>
    public virtual bool IsRefusal(VendorResponse response) => response.Status is 401 or 403;

    /// <summary>How long the vendor asks to be left alone: <c>Retry-After</c> in seconds or as a date.</summary>
    /// <param name="header">finds a header of the answer.</param>
    public virtual TimeSpan? AskedToWait(Func<string, string?> header, DateTimeOffset now)
    {
        if (header("Retry-After") is not { } value) return null;
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return TimeSpan.FromSeconds(seconds);
        if (!DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)) return null;
        return until > now ? until - now : TimeSpan.Zero;
    }

    /// <summary>One response as the vendor has it now; null when it is nobody's (a preview by the form's author).</summary>
    /// <exception cref="VendorTroubleException">with <see cref="Problems.VendorHasNot"/> when the form is there and the response is not.</exception>
    public virtual Task<SurveyResponse?> FetchAsync(VendorCall call, string form, string id, CancellationToken cancellation) =>
        throw new NotSupportedException($"{Tool} sends answers: there is nothing to fetch.");

    /// <summary>A page of what the vendor has of a form since a moment.</summary>
    /// <param name="cursor">null for the first page; then what the page before said.</param>
    protected abstract Task<VendorPage> PageAsync(VendorCall call, string form, DateTimeOffset since, string? cursor, CancellationToken cancellation);

    /// <summary>
    /// All a vendor says it has of a form since a moment, page by page, each version once. Pages that overlap, come twice, or come in another order
    /// do no harm; a vendor that goes in circles is left.
    /// </summary>
    /// <param name="listing">learns how it went: a listing that holds less than the vendor counted is not whole.</param>
    public async IAsyncEnumerable<IReadOnlyList<ListedResponse>> ListAsync(
        VendorCall call, string form, DateTimeOffset since, VendorListing listing, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var seen = new HashSet<(string, DateTimeOffset?, bool)>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        string? cursor = null;
        var (fruitless, asked) = (0, false);
        for (var pages = 1; ; pages++)
        {
            var page = await PageAsync(call, form, since, cursor, cancellation);
            var fresh = page.Items.Where(item => seen.Add((item.Id, item.Response?.Updated, item.Response?.Finished ?? false))).ToList();
            foreach (var item in fresh) ids.Add(item.Id);
            if (page.Total is { } total) listing.Total = Math.Max(listing.Total ?? 0, total);
            if (fresh.Count > 0) yield return fresh;
            fruitless = fresh.Count > 0 ? 0 : fruitless + 1;

            listing.Listed = ids.Count;
            listing.IsWhole = listing.Total is null || ids.Count >= listing.Total;
            if (page.Items.Count == 0 || page.Next is null) yield break;
            if (fruitless >= MostFruitless || pages >= MostPages)
            {
                listing.IsWhole = false;
                yield break;
            }
            // A page that was all there already is asked for once more: a vendor's cache may have given the one before.
            asked = fresh.Count == 0 && !asked;
            if (!asked) cursor = page.Next;
        }
    }

    /// <summary>Every API this build knows, by tool.</summary>
    public static FrozenDictionary<string, VendorApi> All { get; } = new VendorApi[]
    {
        new TypeformApi(), new SurveyMonkeyApi(), new QualtricsApi(), new FormbricksApi(), new KoboToolboxApi(), new SmartSurveyApi(),
    }.ToFrozenDictionary(api => api.Tool, StringComparer.Ordinal);

    /// <summary>
    /// One item of a vendor's list, decoded by the very decoder of its webhook: it is put into the body that the webhook would have brought, so
    /// that both ways give one identity and one content.
    /// </summary>
    /// <param name="id">by which the item is told from others, whether it can be decoded or not.</param>
    protected ListedResponse Decoded(string id, VendorCall call, Action<Utf8JsonWriter> webhook)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body)) webhook(json);
        var delivery = Delivery.From(body.WrittenMemory, [KeyValuePair.Create("content-type", Json)], call.Time.GetUtcNow());
        return new ListedResponse(id, SurveyTool.All[Tool].Decode(delivery).Value is [{ } response] ? response : null);
    }

    /// <summary>The items of a list in an answer.</summary>
    protected static IReadOnlyList<JsonElement> Items(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var list) ? Objects(list, "/" + name) : throw Unreadable("/" + name);

    protected static IReadOnlyList<JsonElement> Objects(JsonElement list, string at) =>
        list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object)
            ? [.. list.EnumerateArray()]
            : throw Unreadable(at);

    protected static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString() : null;

    protected static int? Number(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    protected static VendorTroubleException Unreadable(string at) => new(Problems.VendorUnreadable, $"The answer lacks what should be at {at}.");

    /// <summary>A form's or response's id as one part of a path.</summary>
    protected static string Part(string id) => id is "." or ".." ? throw Unreadable("/id") : Uri.EscapeDataString(id);

    protected static string Utc(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    protected static string Whole(int number) => number.ToString(CultureInfo.InvariantCulture);

    protected static int Whole(string? cursor, int first) => cursor is null ? first : int.Parse(cursor, NumberStyles.None, CultureInfo.InvariantCulture);

    protected static string Basic(string userAndPassword) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(userAndPassword));
}

/// <summary>One response of a vendor's list.</summary>
/// <param name="Id">by the vendor.</param>
/// <param name="Response">null when it cannot be decoded.</param>
public sealed record ListedResponse(string Id, SurveyResponse? Response)
{
    /// <summary>Other ids under which the tool's webhook may have brought the same response.</summary>
    public IReadOnlyList<string> OtherIds { get; init; } = [];

    /// <summary>Nobody's response: a preview by the form's author.</summary>
    public bool IsPreview { get; init; }
}

/// <summary>A page of a vendor's list.</summary>
/// <param name="Next">how to ask for the next; null when this is the last.</param>
/// <param name="Total">how many there are on all pages, by the vendor, where it says so.</param>
public sealed record VendorPage(IReadOnlyList<ListedResponse> Items, string? Next, int? Total);

/// <summary>How a listing went.</summary>
public sealed class VendorListing
{
    /// <value>Different responses listed.</value>
    public int Listed { get; internal set; }

    /// <value>How many the vendor says there are; null where it does not say.</value>
    public int? Total { get; internal set; }

    /// <value>Whether all was listed, as far as can be told.</value>
    public bool IsWhole { get; internal set; }
}
