using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>What survey tools, operators and pollsters say in these tests.</summary>
internal static class Said
{
    public const string TeachersPre = """
        {"title":"Teachers, before","collection":"teachers","form":{"source":"teachers_typeform","id":"tPre"},"wave":{"value":"2025-26"},"stage":{"value":"pre"},
         "school":{"field":"hidden.urn"},"respondent":{"field":"hidden.key"},"role":{"value":"teacher"},
         "items":[{"indicator":"cpd-confidence","field":"cpd_confidence","codes":{"1":"1","2":"2","3":"3","4":"4","5":"5"}}]}
        """;

    /// <summary>K1 through a form: leaders and SENCOs answer our own JSON body.</summary>
    public const string LeadersForm = """
        {"title":"Leaders and SENCOs, form","collection":"leaders","form":{"source":"leaders_json","id":"leaders"},"wave":{"value":"2026-autumn"},
         "school":{"field":"hidden.urn"},"respondent":{"field":"hidden.key"},"role":{"field":"role","codes":{"leader":"leader","senco":"senco"}},"weight":{"field":"hidden.weight"},
         "items":[{"indicator":"every-teacher-responsible","field":"q_every_teacher","codes":{"fully":"fully","partly":"partly","not":"not","dk":"dk"}}]}
        """;

    public const string Wave = """{"title":"Autumn 2026","from":"2026-11-02","to":"2026-11-20","frame":812,"invited":1400}""";

    public static string Typeform(string token, int confidence, string urn = "100001", string key = "jo@school.example", string submitted = "2025-11-03T09:00:00Z", string form = "tPre") =>
        $$$"""{"event_id":"{{{token}}}","event_type":"form_response","form_response":{"form_id":"{{{form}}}","token":"{{{token}}}","submitted_at":"{{{submitted}}}","hidden":{"urn":"{{{urn}}}","key":"{{{key}}}"},"answers":[{"type":"number","number":{{{confidence}}},"field":{"id":"f1","ref":"cpd_confidence","type":"opinion_scale"}},{"type":"email","email":"canary@school.example","field":{"id":"f2","type":"email"}},{"type":"text","text":"canary text","field":{"id":"f3","type":"long_text"}}]}}""";

    public static string Leader(string response, string urn, string key, string role, string answer, double weight, string submitted = "2026-11-03T09:00:00Z", string? updated = null) =>
        string.Create(CultureInfo.InvariantCulture, $$$"""{"form":"leaders","response":"{{{response}}}","submitted":"{{{submitted}}}"{{{(updated is null ? "" : $",\"updated\":\"{updated}\"")}}},"hidden":{"urn":"{{{urn}}}","key":"{{{key}}}","weight":"{{{weight:R}}}"},"answers":{"role":"{{{role}}}","q_every_teacher":"{{{answer}}}"}}""");

    /// <summary>Sends a body signed as Typeform signs.</summary>
    public static Task<HttpResponseMessage> SendTypeformAsync(this HttpClient http, string body, string secret = Pipeline.TypeformSecret, string source = "teachers_typeform") =>
        http.SendAsync(Signed($"/api/webhooks/{source}", body, "Typeform-Signature", "sha256=" + Convert.ToBase64String(Mac(secret, body))));

    /// <summary>Sends our own JSON body, signed in hex.</summary>
    public static Task<HttpResponseMessage> SendJsonAsync(this HttpClient http, string body, string secret = Pipeline.TypeformSecret) =>
        http.SendAsync(Signed("/api/webhooks/leaders_json", body, "X-Signature", Convert.ToHexStringLower(Mac(secret, body))));

    public static HttpRequestMessage Signed(string path, string body, string header, string signature)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add(header, signature);
        return request;
    }

    public static byte[] Mac(string secret, string body) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body));
}
