using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace WholeSchoolSend.LocalHost;

/// <summary>HTTP triggers: routes as the real host makes them, and one request handled.</summary>
internal sealed class HttpFunctions(Settings settings, HostJson hostJson, AccessKeys keys, Invoker invoker, CancellationToken stopping)
{
    private readonly long _largestBody = Math.Min(
        104_857_600, long.TryParse(settings["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : long.MaxValue);

    public IReadOnlyList<Endpoint> MakeEndpoints(IEnumerable<Function> functions, IServiceProvider services)
    {
        var constraints = services.GetRequiredService<IInlineConstraintResolver>();
        var refused = new List<string>();
        var endpoints = new List<RouteEndpoint>();
        foreach (var function in functions)
        {
            if (function.Trigger is not HttpTriggerAttribute trigger) continue;
            if (MakePattern(function, trigger, constraints, refused) is not { } pattern) continue;
            var endpoint = new RouteEndpointBuilder(context => HandleAsync(context, function, trigger), pattern, order: 0) { DisplayName = function.Name };
            endpoint.Metadata.Add(function);
            if (trigger.Methods is { Length: > 0 } methods) endpoint.Metadata.Add(new HttpMethodMetadata(methods.Select(one => one.ToUpperInvariant())));
            endpoints.Add((RouteEndpoint)endpoint.Build());
        }
        refused.AddRange(from a in endpoints
                         from b in endpoints
                         where endpoints.IndexOf(a) < endpoints.IndexOf(b) && Shape(a.RoutePattern) == Shape(b.RoutePattern) && SharesMethod(a, b)
                         select $"Functions '{a.DisplayName}' and '{b.DisplayName}' have the same route '{a.RoutePattern.RawText}'.");
        FunctionFinder.ThrowIfAny(refused);
        return endpoints;
    }

    public string RouteOf(Function function, HttpTriggerAttribute trigger) =>
        string.Join('/', new[] { hostJson.RoutePrefix, trigger.Route?.Trim('/') ?? function.Name }.Where(one => one.Length > 0));

    /// <summary>host.json's headers, where the function did not set them itself.</summary>
    public void AddCustomHeaders(HttpContext context) => context.Response.OnStarting(() =>
    {
        foreach (var (name, value) in hostJson.CustomHeaders) context.Response.Headers.TryAdd(name, value);
        return Task.CompletedTask;
    });

    private RoutePattern? MakePattern(Function function, HttpTriggerAttribute trigger, IInlineConstraintResolver constraints, List<string> refused)
    {
        var route = RouteOf(function, trigger);
        try
        {
            var pattern = RoutePatternFactory.Parse(route);
            if (pattern.PathSegments is [{ Parts: [RoutePatternLiteralPart { Content: var first }] }, ..] && first.ToUpperInvariant() is "ADMIN" or "RUNTIME")
                throw new RoutePatternException(route, $"'{first}' belongs to the host itself");
            foreach (var policy in pattern.ParameterPolicies.Values.SelectMany(one => one))
            {
                if (constraints.ResolveConstraint(policy.Content!) is null) throw new RoutePatternException(route, $"there is no constraint '{policy.Content}'");
            }
            return pattern;
        }
        catch (Exception problem) when (problem is RoutePatternException or RouteCreationException)
        {
            refused.Add($"Function '{function.Name}': the route '{route}' is not possible: {problem.Message}.");
            return null;
        }
    }

    private async Task HandleAsync(HttpContext context, Function function, HttpTriggerAttribute trigger)
    {
        if (stopping.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }
        if (!keys.Allow(context.Request, trigger.AuthLevel))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }
        if (context.Request.ContentLength > _largestBody)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return;
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = _largestBody;

        var data = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in context.Request.Query) data[name] = value.ToString();
        foreach (var (name, value) in context.Request.RouteValues) data[name] = Convert.ToString(value, CultureInfo.InvariantCulture);

        var failure = await invoker.RunAsync(function, context.Request, data, context.RequestAborted, invocation => AnswerAsync(context, invocation.Result));
        if (failure is null) return;
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        context.Response.Clear();
        context.Response.StatusCode = failure is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError;
    }

    private static Task AnswerAsync(HttpContext context, object? result) => result switch
    {
        IActionResult action => action.ExecuteResultAsync(new ActionContext(context, context.GetRouteData(), new ActionDescriptor())),
        IResult answer => answer.ExecuteAsync(context),
        _ => Task.CompletedTask, // a middleware answered in the function's place, or the function returned null
    };

    /// <summary>What makes two routes the same for a request: names of parameters do not.</summary>
    private static string Shape(RoutePattern pattern) => string.Join('/', pattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
    {
        RoutePatternLiteralPart literal => literal.Content.ToUpperInvariant(),
        RoutePatternSeparatorPart separator => separator.Content,
        RoutePatternParameterPart parameter => $"{{{(parameter.IsCatchAll ? "*" : "")}{string.Join(':', parameter.ParameterPolicies.Select(one => one.Content))}}}",
        _ => "",
    }))));

    private static bool SharesMethod(Endpoint a, Endpoint b) =>
        a.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods is not { } first
        || b.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods is not { } second
        || first.Intersect(second).Any();
}
