using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Vendors.Tests.StandIns;

/// <summary>
/// A vendor on this machine: answers as the vendor documents, holds submissions, and can say each of them as its webhook would. What goes wrong is queued
/// by the test: the next requests are answered so.
/// </summary>
public abstract class StandIn : IAsyncDisposable
{
    public const string Token = "canary-token:canary-secret";

    private WebApplication? _app;

    public abstract string Tool { get; }

    /// <summary>Id of the one form it has.</summary>
    public virtual string Form => "form-1";

    /// <value>What is submitted there.</value>
    public List<SeededSubmission> Submissions { get; } = [];

    /// <value>How the next requests are answered instead; null: as they should be.</value>
    public ConcurrentQueue<Func<HttpContext, Task>?> Instead { get; } = [];

    /// <value>Requests in the order they came: path and query.</value>
    public ConcurrentQueue<string> Asked { get; } = [];

    /// <value>Requests left today; null: as many as wanted.</value>
    public int? LeftToday { get; set; }

    /// <value>Changes a page before it is sent: a vendor that does not do as it says.</value>
    public Func<int, IReadOnlyList<SeededSubmission>, IReadOnlyList<SeededSubmission>>? Lies { get; set; }

    /// <value>How many it says there are; null: as many as there are.</value>
    public int? SaysTotal { get; set; }

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Whether a submission can be changed there, so that its versions are told apart.</summary>
    public virtual bool HasRevisions => false;

    public VendorSource Source(string name, int perMinute = 100_000, int perDay = 1_000_000) => new(name, VendorApi.All[Tool], Address, Token, perMinute, perDay);

    /// <summary>The id of a submission at the vendor.</summary>
    public virtual string Id(SeededSubmission submission) => $"r{submission.Number}";

    /// <summary>Its webhook's delivery about a submission.</summary>
    public abstract Delivery Webhook(SeededSubmission submission);

    /// <summary>The fields of the instrument: school, respondent, the measured question and what its answers 1 to 5 are called.</summary>
    protected abstract (string School, string Key, string Item, Func<int, string> Answer) Fields { get; }

    public Instrument Instrument(string source, string collection) => new(
        "Stand-in", collection, new FormBinding(source, Form), null, new Term("2026-autumn"), null, new FieldName(Fields.School), new FieldName(Fields.Key), new Term("teacher"), null, null, null,
        [new Item("cpd-confidence", Fields.Item, Enumerable.Range(1, 5).ToDictionary(Fields.Answer, code => code.ToString(CultureInfo.InvariantCulture)))])
    {
        Id = source.Replace('_', '-'),
        Version = 1,
    };

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Use(async (context, next) =>
        {
            Asked.Enqueue(context.Request.Path + context.Request.QueryString);
            if (Instead.TryDequeue(out var instead) && instead is not null) await instead(context);
            else if (!IsAuthorised(context.Request)) context.Response.StatusCode = 401;
            else if (LeftToday == 0) await LimitedAsync(context);
            else
            {
                LeftToday--;
                await next(context);
            }
        });
        Map(_app);
        await _app.StartAsync();
        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>An answer with a status, and headers.</summary>
    public static Func<HttpContext, Task> Status(int status, params (string Name, string Value)[] headers) => context =>
    {
        context.Response.StatusCode = status;
        foreach (var (name, value) in headers) context.Response.Headers[name] = value;
        return Task.CompletedTask;
    };

    /// <summary>An answer whose body ends too early to be JSON.</summary>
    public static Task Truncated(HttpContext context) => context.Response.WriteAsync("""{"data":[{"id":"r1","pag""");

    protected abstract void Map(WebApplication app);

    protected abstract bool IsAuthorised(HttpRequest request);

    /// <summary>The day's limit is reached.</summary>
    protected virtual Task LimitedAsync(HttpContext context) => Status(429, ("Retry-After", "3600"))(context);

    /// <summary>A page of the submissions a question asks for.</summary>
    protected IReadOnlyList<SeededSubmission> Page(IEnumerable<SeededSubmission> all, int number, int skip, int size)
    {
        IReadOnlyList<SeededSubmission> page = [.. all.Skip(skip).Take(size)];
        return Lies?.Invoke(number, page) ?? page;
    }

    protected int Total(IEnumerable<SeededSubmission> all) => SaysTotal ?? all.Count();

    protected static Delivery Json(JsonNode body, string type = "application/json") => Body(body.ToJsonString(), type);

    protected static Delivery Body(string body, string type) => Delivery.From(Encoding.UTF8.GetBytes(body), [KeyValuePair.Create("content-type", type)], SeededSubmission.First.AddDays(30));

    protected static int Number(HttpRequest request, string name, int otherwise) =>
        int.TryParse(request.Query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    protected static DateTimeOffset Time(string? text) =>
        text is null ? DateTimeOffset.MinValue : DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    protected static string Utc(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
