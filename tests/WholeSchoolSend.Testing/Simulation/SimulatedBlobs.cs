using System.Globalization;
using System.Security.Cryptography;
using System.Xml.Linq;

namespace WholeSchoolSend.Testing.Simulation;

/// <summary>A blob; it never changes, another state is another blob.</summary>
public sealed record SimulatedBlob(string Name, byte[] Content, string ETag, DateTimeOffset Modified, string ContentType, string? CacheControl);

/// <summary>Block blobs by container and name.</summary>
internal sealed class SimulatedBlobs
{
    private const int MaxList = 5_000;

    private readonly SortedDictionary<string, Container> _containers = new(StringComparer.Ordinal);

    public SimulatedBlobs Clone()
    {
        var clone = new SimulatedBlobs();
        foreach (var (name, container) in _containers)
            clone._containers.Add(name, new Container(new(container.Blobs, StringComparer.Ordinal), new(container.Blocks), container.IsPublic));
        return clone;
    }

    public IReadOnlyList<string> Names() => [.. _containers.Keys];

    public IReadOnlyList<SimulatedBlob> In(string container) => _containers.TryGetValue(container, out var found) ? [.. found.Blobs.Values] : [];

    public void Put(string container, string name, byte[] content, SimulatedAccount account) =>
        Find(container).Blobs[name] = Stamped(account, name, content, "application/octet-stream", null);

    public ServiceResponse Handle(ServiceRequest request, SimulatedAccount account)
    {
        var resource = request.Resource;
        if (resource.Length == 0) return Containers(request);
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return (request.Method, request.Parameter("comp")) switch
            {
                ("PUT", null) => Create(resource, request.Header("x-ms-blob-public-access") is not null),
                ("DELETE", null) => _containers.Remove(resource) ? ServiceResponse.Empty(202) : throw new ServiceErrorException(404, "ContainerNotFound"),
                ("GET", "list") => List(Find(resource), request),
                _ => throw new ServiceErrorException(501, "NotImplemented"),
            };
        var (container, name) = (Find(resource[..slash]), resource[(slash + 1)..]);
        if (request.Header("Authorization") is null && !(container.IsPublic && request.Method is "GET" or "HEAD")) throw new ServiceErrorException(404, "ResourceNotFound");
        return (request.Method, request.Parameter("comp")) switch
        {
            ("PUT", null) => Upload(container, name, request.Body, request, account),
            ("PUT", "block") => Stage(container, name, request),
            ("PUT", "blocklist") => Commit(container, name, request, account),
            ("GET" or "HEAD", null) => Download(container, name, request),
            ("DELETE", null) => Delete(container, name, request, account),
            _ => throw new ServiceErrorException(501, "NotImplemented"),
        };
    }

    private ServiceResponse Create(string name, bool isPublic) =>
        _containers.TryAdd(name, new Container(new(StringComparer.Ordinal), [], isPublic)) ? ServiceResponse.Empty(201, ("ETag", "\"0x1\""), ("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"))
            : throw new ServiceErrorException(409, "ContainerAlreadyExists");

    private ServiceResponse Containers(ServiceRequest request)
    {
        var prefix = request.Parameter("prefix") ?? "";
        return Xml(new XElement("EnumerationResults",
            new XElement("Containers", _containers.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => new XElement("Container",
                new XElement("Name", name),
                new XElement("Properties", new XElement("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"), new XElement("Etag", "\"0x1\""))))),
            new XElement("NextMarker")));
    }

    private static ServiceResponse List(Container container, ServiceRequest request)
    {
        var prefix = request.Parameter("prefix") ?? "";
        var after = request.Parameter("marker") is { Length: > 0 } marker ? marker : null;
        var most = Math.Min(MaxList, request.Parameter("maxresults") is { Length: > 0 } asked ? int.Parse(asked, CultureInfo.InvariantCulture) : MaxList);
        var found = container.Blobs.Values.Where(blob => blob.Name.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(blob.Name, after) >= 0))
            .Take(most + 1).ToList();
        return Xml(new XElement("EnumerationResults",
            new XElement("Blobs", found.Take(most).Select(blob => new XElement("Blob",
                new XElement("Name", blob.Name),
                new XElement("Properties",
                    new XElement("Creation-Time", SimulatedAccount.Rfc1123(blob.Modified)), new XElement("Last-Modified", SimulatedAccount.Rfc1123(blob.Modified)), new XElement("Etag", blob.ETag.Trim('"')),
                    new XElement("Content-Length", blob.Content.Length), new XElement("Content-Type", blob.ContentType), new XElement("BlobType", "BlockBlob"))))),
            new XElement("NextMarker", found.Count > most ? found[most].Name : null)));
    }

    private static ServiceResponse Upload(Container container, string name, byte[] content, ServiceRequest request, SimulatedAccount account)
    {
        if (request.Header("x-ms-blob-type") is not ("BlockBlob" or null)) throw new ServiceErrorException(501, "NotImplemented");
        if (request.Header("Content-MD5") is { } md5 && md5 != Md5(content)) throw new ServiceErrorException(400, "Md5Mismatch");
        Check(container.Blobs.GetValueOrDefault(name), request, account, isWrite: true);
        var blob = Stamped(account, name, content, request.Header("x-ms-blob-content-type") ?? "application/octet-stream", request.Header("x-ms-blob-cache-control"));
        container.Blobs[name] = blob;
        container.Blocks.Remove(name);
        return ServiceResponse.Empty(201, ("ETag", blob.ETag), ("Last-Modified", SimulatedAccount.Rfc1123(blob.Modified)), ("Content-MD5", Md5(content)), ("x-ms-request-server-encrypted", "true"));
    }

    private static ServiceResponse Stage(Container container, string name, ServiceRequest request)
    {
        if (request.Header("Content-MD5") is { } md5 && md5 != Md5(request.Body)) throw new ServiceErrorException(400, "Md5Mismatch");
        var staged = container.Blocks.GetValueOrDefault(name) ?? new(StringComparer.Ordinal);
        // Replaced, not changed: a clone of the account has the same.
        container.Blocks[name] = new(staged, StringComparer.Ordinal) { [request.Parameter("blockid")!] = request.Body };
        return ServiceResponse.Empty(201, ("Content-MD5", Md5(request.Body)), ("x-ms-request-server-encrypted", "true"));
    }

    private static ServiceResponse Commit(Container container, string name, ServiceRequest request, SimulatedAccount account)
    {
        Check(container.Blobs.GetValueOrDefault(name), request, account, isWrite: true);
        var staged = container.Blocks.GetValueOrDefault(name);
        using var content = new MemoryStream();
        foreach (var id in XDocument.Load(new MemoryStream(request.Body)).Root!.Elements())
        {
            if (staged is null || !staged.TryGetValue(id.Value, out var block)) throw new ServiceErrorException(400, "InvalidBlockList");
            content.Write(block);
        }
        return Upload(container, name, content.ToArray(), request with { Headers = request.Headers.Where(header => header.Key != "Content-MD5").ToDictionary(StringComparer.OrdinalIgnoreCase) }, account);
    }

    private static ServiceResponse Download(Container container, string name, ServiceRequest request)
    {
        if (!container.Blobs.TryGetValue(name, out var blob)) throw new ServiceErrorException(404, "BlobNotFound");
        if (request.Header("If-Match") is { } match && !Matches(match, blob)) throw new ServiceErrorException(412, "ConditionNotMet");
        if (request.Header("If-None-Match") is { } known && Matches(known, blob)) return ServiceResponse.Empty(304, ("ETag", blob.ETag));
        var (content, status) = (blob.Content, 200);
        (string, string)[] more = [];
        if ((request.Header("x-ms-range") ?? request.Header("Range")) is { } range)
        {
            var ends = range["bytes=".Length..].Split('-');
            var from = long.Parse(ends[0], CultureInfo.InvariantCulture);
            if (from >= content.Length) throw new ServiceErrorException(416, "InvalidRange");
            var to = ends[1].Length == 0 ? content.Length - 1 : Math.Min(long.Parse(ends[1], CultureInfo.InvariantCulture), content.Length - 1);
            more = [("Content-Range", string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{content.Length}"))];
            (content, status) = (content[(int)from..((int)to + 1)], 206);
        }
        var response = ServiceResponse.Of(status, request.Method == "HEAD" ? [] : content,
            ("ETag", blob.ETag), ("Last-Modified", SimulatedAccount.Rfc1123(blob.Modified)), ("x-ms-creation-time", SimulatedAccount.Rfc1123(blob.Modified)), ("x-ms-blob-type", "BlockBlob"), ("Content-Type", blob.ContentType),
            ("Content-MD5", Md5(blob.Content)), ("Content-Length", content.Length.ToString(CultureInfo.InvariantCulture)), ("Accept-Ranges", "bytes"), ("x-ms-server-encrypted", "true"), ("x-ms-lease-status", "unlocked"), ("x-ms-lease-state", "available"));
        if (blob.CacheControl is { } cache) response.Headers["Cache-Control"] = cache;
        foreach (var (header, value) in more) response.Headers[header] = value;
        return response;
    }

    private static ServiceResponse Delete(Container container, string name, ServiceRequest request, SimulatedAccount account)
    {
        if (!container.Blobs.TryGetValue(name, out var blob)) throw new ServiceErrorException(404, "BlobNotFound");
        Check(blob, request, account, isWrite: false);
        container.Blobs.Remove(name);
        return ServiceResponse.Empty(202);
    }

    private static void Check(SimulatedBlob? there, ServiceRequest request, SimulatedAccount account, bool isWrite)
    {
        if (account.Breaks(BrokenRules.IgnoresBlobConditions)) return;
        if (request.Header("If-None-Match") is "*" && there is not null) throw new ServiceErrorException(409, "BlobAlreadyExists");
        if (request.Header("If-Match") is not { } match) return;
        // Azure answers a condition on a blob that is not there with 412 when it is to be written.
        if (there is null) throw isWrite ? new ServiceErrorException(412, "ConditionNotMet") : new ServiceErrorException(404, "BlobNotFound");
        if (!Matches(match, there)) throw new ServiceErrorException(412, "ConditionNotMet");
    }

    /// <summary>A list tells ETags without quotes, and they are taken as they were told.</summary>
    private static bool Matches(string condition, SimulatedBlob blob) => condition == "*" || condition.Trim('"') == blob.ETag.Trim('"');

    private static SimulatedBlob Stamped(SimulatedAccount account, string name, byte[] content, string type, string? cache)
    {
        var stamp = account.Stamp();
        // The service tells when a blob was written in whole seconds.
        return new SimulatedBlob(name, content, $"\"0x{stamp.UtcTicks:X}\"", stamp.AddTicks(-(stamp.UtcTicks % TimeSpan.TicksPerSecond)), type, cache);
    }

    private Container Find(string name) => _containers.TryGetValue(name, out var container) ? container : throw new ServiceErrorException(404, "ContainerNotFound");

    private static string Md5(byte[] content)
    {
#pragma warning disable CA5351 // The protocol's own check of a transfer, not a secret.
        return Convert.ToBase64String(MD5.HashData(content));
#pragma warning restore CA5351
    }

    private static ServiceResponse Xml(XElement root) => ServiceResponse.Text(200, $"<?xml version=\"1.0\" encoding=\"utf-8\"?>{root.ToString(SaveOptions.DisableFormatting)}", ("Content-Type", "application/xml"));

    private sealed record Container(SortedDictionary<string, SimulatedBlob> Blobs, Dictionary<string, Dictionary<string, byte[]>> Blocks, bool IsPublic);
}
