using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace WholeSchoolSend.LocalHost;

/// <summary>A container's blobs as documents below <c>/</c>, read-only: what a static website is on Azure, with <c>index.html</c> for a folder.</summary>
internal sealed partial class BlobPages
{
    private readonly BlobContainerClient? _container;

    public BlobPages(BlobFolder? folder, Settings settings, Storage storage, ILogger log)
    {
        if (folder is null) return;
        var container = SettingTokens.Expand(folder.Container, settings, out var missing);
        var problem = container is null ? $"the setting %{missing}% is missing" : storage.TryOpen(folder.Connection, out var account) is { } wrong ? wrong : UseContainer(account, container, out _container);
        if (problem is not null) Log.NotServed(log, folder.Container, problem);
    }

    public async Task<bool> TryServeAsync(HttpContext context)
    {
        if (_container is null || !(HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))) return false;
        var path = context.Request.Path.Value is { Length: > 0 } given ? given : "/";
        if (path.EndsWith('/')) path += "index.html";
        try
        {
            var blob = _container.GetBlobClient(path[1..]);
            var properties = (await blob.GetPropertiesAsync(cancellationToken: context.RequestAborted)).Value;
            await ServeAsync(context, blob, properties);
            return true;
        }
        catch (RequestFailedException missing) when (missing.Status is StatusCodes.Status404NotFound or StatusCodes.Status400BadRequest or StatusCodes.Status412PreconditionFailed)
        {
            return false;
        }
    }

    private static async Task ServeAsync(HttpContext context, BlobClient blob, BlobProperties properties)
    {
        var response = context.Response;
        var etag = properties.ETag.ToString("H");
        response.Headers.ETag = etag;
        response.Headers.LastModified = HeaderUtilities.FormatDate(properties.LastModified);
        if (!string.IsNullOrEmpty(properties.CacheControl)) response.Headers.CacheControl = properties.CacheControl;
        if (context.Request.Headers.IfNoneMatch is { Count: > 0 } known && IsAmong(known, etag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = properties.ContentType;
        if (!string.IsNullOrEmpty(properties.ContentEncoding)) response.Headers.ContentEncoding = properties.ContentEncoding;
        response.ContentLength = properties.ContentLength;
        if (HttpMethods.IsHead(context.Request.Method)) return;
        // The version whose length was announced, or nothing.
        var options = new BlobDownloadOptions { Conditions = new BlobRequestConditions { IfMatch = properties.ETag } };
        await using var content = (await blob.DownloadStreamingAsync(options, context.RequestAborted)).Value.Content;
        await content.CopyToAsync(response.Body, context.RequestAborted);
    }

    private static bool IsAmong(StringValues known, string etag) =>
        known.ToString().Split(',', StringSplitOptions.TrimEntries).Any(one => one == "*" || one == etag || one == $"W/{etag}");

    private static string? UseContainer(StorageAccount account, string name, out BlobContainerClient container)
    {
        container = account.Blobs.GetBlobContainerClient(name);
        return null;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The blobs of '{Container}' are not served: {Problem}")]
        public static partial void NotServed(ILogger logger, string container, string problem);
    }
}
