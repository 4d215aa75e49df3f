using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>Every sender there is a fact of.</summary>
internal static class Everybody
{
    public static IReadOnlyList<Sender> Senders { get; } =
    [
        new Typeform(), new SurveyMonkey(), new Jotform(), new Qualtrics(), new Tally(), new Formbricks(), new KoboToolbox(), new CentralWebhook(), new PowerAutomate(),
        new AppsScript(), new SmartSurvey(), new LimeSurvey(), new Alchemer(), new Formstack(), new Paperform(), new StandardWebhooks(), new CloudEvents(),
    ];
}

internal sealed class Typeform() : Sender("Typeform", "typeform")
{
    public override TimeSpan? Again(Told told, int tries) => told.Status is 408 or 423 or 429 or 503
        ? tries * Minutes(3) < TimeSpan.FromHours(10) ? Minutes(3) : null
        : From(tries, Minutes(5), Minutes(10), Minutes(20), Minutes(60), Minutes(120), Minutes(180), Minutes(240));

    public override bool IsEndedBy(Told told) => told.Status is 404 or 410;

    public override string Machine =>
        "waits 30 s; 2xx; 408, 423, 429, 503 every 2-3 min for 10 h, anything else after 5, 10, 20 min, 1, 2, 3, 4 h; 404 and 410 end the webhook at once; so does "
        + "nothing but failures for 24 h with 300 tries or for 5 min with 100";

    public override string Heals => "its list of responses (API)";
}

internal sealed class SurveyMonkey() : SendsOnce("SurveyMonkey", "surveymonkey")
{
    public override string Secret => "client-id&client-secret";

    public override string Machine => "asks with HEAD at registration; the rest is not documented: once assumed";

    public override string Heals => "its list of responses (API)";

    public override async Task<bool> ProbeAsync(HttpClient http, string path)
    {
        using var answer = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        return (int)answer.StatusCode == 200;
    }
}

internal sealed class Jotform() : SendsOnce("Jotform", "jotform")
{
    public override string Verification => "query";

    public override string Machine => "not documented: once assumed";

    public override string Heals => "an export, compared by hand";
}

internal sealed class Qualtrics() : SendsOnce("Qualtrics", "qualtrics")
{
    public override TimeSpan Patience => Seconds(5);

    public override string Machine => "the address must answer GET; waits 5 s (one third party); the rest is not documented: once assumed";

    public override string Heals => "its list of responses (API)";

    public override async Task<bool> ProbeAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path);
        return (int)answer.StatusCode == 200;
    }
}

internal sealed class Tally() : Sender("Tally", "tally")
{
    public override TimeSpan Patience => Seconds(10);

    public override TimeSpan? Again(Told told, int tries) => From(tries, Minutes(5), Minutes(30), Minutes(60), Minutes(360), Minutes(1440));

    public override string Machine => "waits 10 s; 2xx; anything else after 5 min, 30 min, 1 h, 6 h, 1 day";

    public override string Heals => "sending again by hand from its event log";
}

internal sealed class Formbricks() : Sender("Formbricks", "formbricks")
{
    public override string Secret => "whsec_YS1zZWNyZXQtb2YtdGhlLXRlc3Rz";

    public override TimeSpan Patience => Seconds(5);

    public override TimeSpan? Again(Told told, int tries) => From(tries, Seconds(5), Seconds(10));

    public override string Machine => "tests the address (anything but 3xx, 404, 405, 500, 502-504 passes); waits 5 s; 2xx; anything else after 5 and 10 s, three times in all";

    public override string Heals => "its list of responses (API)";

    public override async Task<bool> ProbeAsync(HttpClient http, string path)
    {
        var test = new Post("""{"event":"testEndpoint"}"""u8.ToArray(), "application/json").Proven(Tool, Verification, Secret, TimeProvider.System.GetUtcNow());
        using var answer = await http.SendAsync(test.To(path));
        return (int)answer.StatusCode is not ((>= 300 and <= 399) or 404 or 405 or 500 or 502 or 503 or 504);
    }
}

internal sealed class KoboToolbox() : Sender("KoboToolbox", "kobotoolbox")
{
    public override string Verification => "basic";

    public override string Secret => "kobo:a-secret-of-the-senders";

    // A read timeout counts as 504; a connection that is refused or breaks is not tried again.
    public override TimeSpan? Again(Told told, int tries) =>
        told.Status is 502 or 503 or 504 || told == Told.TimedOut ? From(tries, Seconds(60), Seconds(120), Seconds(240)) : null;

    public override string Machine => "waits 30 s; 2xx; 502, 503, 504 and no answer after 1, 2, 4 min; nothing else is tried again";

    public override string Heals => "sending again by hand (it keeps the submission as failed); its list of submissions (API)";
}

internal sealed class CentralWebhook() : SendsOnce("ODK central-webhook", "json")
{
    public override string Verification => "header";

    public override TimeSpan Patience => Seconds(5);

    public override string Machine => "a database trigger: once, the answer is not looked at";

    public override string Heals => "an export from Central, sent as a file; its own body is understood by none of our adapters and waits in quarantine";

    // github.com/hotosm/central-webhook: the submission is XML inside.
    public override Post Write(params IReadOnlyList<Submission> submissions)
    {
        var one = submissions[0];
        var body = $$$"""{"type":"submission.create","id":"uuid:{{{one.Id}}}","data":{"xml":"<data id=\"{{{one.Form}}}\"><q1>{{{one.Answers[0]}}}</q1></data>"}}""";
        return new Post(System.Text.Encoding.UTF8.GetBytes(body), "application/json");
    }
}

internal sealed class PowerAutomate() : Sender("Power Automate", "microsoftforms")
{
    public override string Verification => "header";

    public override TimeSpan Patience => Seconds(120);

    public override TimeSpan? Again(Told told, int tries) =>
        told.Status is 408 or 429 or >= 500 or < 0 ? From(tries, Seconds(7.5), Seconds(15), Seconds(30), Seconds(45)) : null;

    public override string Machine =>
        "waits 120 s; 2xx; 408, 429, 5xx and no connection four times after 7.5 to 45 s, which is its default (our guide sets ten, over an hour); then the run has failed";

    public override string Heals => "resubmitting the failed run by hand";
}

internal sealed class AppsScript() : Sender("Apps Script", "googleforms")
{
    public override bool IsSuccess(Told told) => told.Status == 200;

    // The script of docs/tools/google-forms.md: four attempts, then four more every hour as long as it takes.
    public override TimeSpan? Again(Told told, int tries) => (tries % 4) switch { 1 => Seconds(1), 2 => Seconds(3), 3 => Seconds(9), _ => Minutes(60) };

    public override string Machine => "none of its own; the script in our guide: 200; anything else after 1, 3, 9 s, then every hour until it is 200";

    public override string Heals => "itself, every hour";
}

internal sealed class SmartSurvey() : Sender("SmartSurvey", "smartsurvey")
{
    public override int Most => 1000;

    public override bool BlocksTheRest => true;

    public override bool IsSuccess(Told told) => told.Status == 200;

    public override TimeSpan? Again(Told told, int tries) => tries <= 72 ? Minutes(20) : null;

    public override string Machine => "200 only; anything else every 20 min, 72 times, and nothing else is sent meanwhile; what waited comes in batches of up to 1,000";

    public override string Heals => "its list of responses (API)";
}

internal sealed class LimeSurvey() : SendsOnce("LimeSurvey plugin", "limesurvey")
{
    public override string Verification => "body";

    public override string Machine => "once, while the respondent waits up to 30 s; the answer is not looked at";

    public override string Heals => "an export, sent as a file";
}

internal sealed class Alchemer() : SendsOnce("Alchemer", "json")
{
    public override string Verification => "header";

    public override string Machine => "accepts within 5 s, waits 30 s; not tried again";

    public override string Heals => "an export, sent as a file";
}

internal sealed class Formstack() : SendsOnce("Formstack", "formstack")
{
    public override string Machine => "not documented: once assumed (it can mail somebody when it failed)";

    public override string Heals => "an export, sent as a file";
}

internal sealed class Paperform() : SendsOnce("Paperform", "paperform")
{
    public override string Verification => "query";

    public override string Machine => "not documented: once assumed";

    public override string Heals => "sending again by hand";
}

internal sealed class StandardWebhooks() : Sender("Standard Webhooks", "standardwebhooks")
{
    public override string Secret => "whsec_YS1zZWNyZXQtb2YtdGhlLXRlc3Rz";

    public override TimeSpan Patience => Seconds(15);

    public override TimeSpan? Again(Told told, int tries) =>
        From(tries, Seconds(5), Minutes(5), Minutes(30), Minutes(120), Minutes(300), Minutes(600), Minutes(840), Minutes(1200), Minutes(1440));

    public override bool IsEndedBy(Told told) => told.Status == 410;

    public override string Machine => "what the specification advises: waits 15 s; 2xx; anything else after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h; 410 ends the webhook";

    public override string Heals => "what its vendor offers";
}

internal sealed class CloudEvents() : SendsOnce("CloudEvents", "cloudevents")
{
    public override string Verification => "header";

    public override bool IsEndedBy(Told told) => told.Status is 410 or 415;

    public override string Machine => "asks with OPTIONS whether it may; 2xx; 410 ends it, 415 too; the specification leaves retries to the sender: once assumed";

    public override string Heals => "what its vendor offers";

    public override async Task<bool> ProbeAsync(HttpClient http, string path)
    {
        var asks = new HttpRequestMessage(HttpMethod.Options, path);
        asks.Headers.Add("WebHook-Request-Origin", "forms.example");
        using var answer = await http.SendAsync(asks);
        return answer.Headers.TryGetValues("WebHook-Allowed-Origin", out var allowed) && allowed.Single() is "forms.example" or "*";
    }
}
