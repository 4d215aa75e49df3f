using System.Text;
using System.Text.Json.Nodes;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Simulation;

/// <summary>SurveyMonkey, as far as responses are fetched from it: the newest version of each.</summary>
internal sealed class Vendor : IVendorHttp
{
    public const string Survey = "105";

    private static readonly string[] Choices = ["fully", "partly", "not"];

    private readonly Dictionary<string, Said> _responses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _asked = new(StringComparer.Ordinal);

    /// <summary>About one request in so many comes to nothing: it is busy, it fails, its answer breaks off. 0: none does.</summary>
    public int Trouble { get; set; }

    public void Has(Said response)
    {
        lock (_responses)
            if (!_responses.TryGetValue(response.Id, out var before) || before.Updated < response.Updated) _responses[response.Id] = response;
    }

    public Task<VendorResponse> SendAsync(VendorSource source, VendorRequest request, CancellationToken cancellation)
    {
        JsonObject? answer = null;
        lock (_responses)
        {
            // Which one is told by what is asked for and how often it was: chance may not depend on whose thread is first.
            var times = _asked[request.Path] = _asked.GetValueOrDefault(request.Path) + 1;
            if (Trouble > 0 && (request.Path.Sum(sign => sign) + times) % Trouble == 0)
                return (times % 3) switch
                {
                    0 => throw new VendorTroubleException(Problems.VendorBusy, "busy", TimeSpan.FromSeconds(30)),
                    1 => throw new VendorTroubleException(Problems.VendorFailed, "fails"),
                    _ => Task.FromResult(new VendorResponse(200, "{\"id\":"u8.ToArray())),
                };
            if (request.Path == $"v3/surveys/{Survey}/details") answer = Details();
            else if (request.Path.Split('/') is [_, _, _, "responses", var id, "details"] && _responses.TryGetValue(id, out var said)) answer = Item(said);
        }
        return answer is null
            ? throw new VendorTroubleException(Problems.VendorHasNot, "not there")
            : Task.FromResult(new VendorResponse(200, Encoding.UTF8.GetBytes(answer.ToJsonString())));
    }

    /// <summary>The event that a version of a response came.</summary>
    public static string Event(Said response) => new JsonObject
    {
        ["name"] = "Hook",
        ["event_type"] = "response_updated",
        ["object_type"] = "response",
        ["object_id"] = response.Id,
        ["event_datetime"] = Utc(response.Updated!.Value),
        ["resources"] = new JsonObject { ["survey_id"] = Survey },
    }.ToJsonString();

    private static JsonObject Item(Said response) => new()
    {
        ["id"] = response.Id,
        ["collection_mode"] = "default",
        ["response_status"] = "completed",
        ["date_modified"] = Utc(response.Updated!.Value),
        ["ip_address"] = "203.0.113.77",
        ["custom_variables"] = new JsonObject { ["urn"] = response.Urn, ["key"] = response.Key },
        ["pages"] = new JsonArray(new JsonObject
        {
            ["questions"] = new JsonArray(new JsonObject { ["id"] = "300", ["answers"] = new JsonArray(new JsonObject { ["choice_id"] = $"{3000 + Array.IndexOf(Choices, response.Answer)}" }) }),
        }),
    };

    private static JsonObject Details() => new()
    {
        ["id"] = Survey,
        ["pages"] = new JsonArray(new JsonObject
        {
            ["questions"] = new JsonArray(new JsonObject
            {
                ["id"] = "300",
                ["family"] = "single_choice",
                ["subtype"] = "vertical",
                ["headings"] = new JsonArray(new JsonObject { ["heading"] = "How far?" }),
                ["answers"] = new JsonObject { ["choices"] = new JsonArray([.. Choices.Select((text, index) => new JsonObject { ["id"] = $"{3000 + index}", ["text"] = text })]) },
            }),
        }),
    };

    private static string Utc(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss", System.Globalization.CultureInfo.InvariantCulture) + "+00:00";
}
