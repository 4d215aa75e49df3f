using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;

namespace WholeSchoolSend.Simulator;

/// <summary>The system answered what it does not promise to answer, or not in time.</summary>
internal sealed class UnexpectedAnswerException(string message) : Exception(message);

/// <summary>What became of one delivery.</summary>
/// <param name="Fates">the counts in the reply; null when there was none.</param>
/// <param name="Tries">how often it was sent.</param>
internal sealed record Receipt(HttpStatusCode Status, JsonElement? Fates, int Tries);

/// <summary>The public surface, and nothing else of the system: HTTP, and the containers where files are dropped and documents published.</summary>
internal sealed class Surface(HttpClient http, BlobServiceClient blobs, string publicContainer, string? key, TimeProvider time)
{
    private const int MostTries = 12;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly HttpStatusCode[] TriedAgain = [HttpStatusCode.RequestTimeout, HttpStatusCode.Locked, HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable];

    /// <summary>Waits until the host answers at all.</summary>
    public Task WaitUntilUpAsync(CancellationToken cancellation) => WaitAsync(
        $"{http.BaseAddress} does not answer. Is the system running?",
        async () =>
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("api/health", UriKind.Relative), cancellation);
                return answer.StatusCode < HttpStatusCode.InternalServerError ? answer : null;
            }
            catch (HttpRequestException)
            {
                return null;
            }
        },
        cancellation);

    /// <summary>An operator's request. False when the wave is closed already, as on a second run.</summary>
    public async Task<bool> AskAsync(HttpMethod method, string path, string json, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            using var request = new HttpRequestMessage(method, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
            if (key is not null) request.Headers.Add("x-functions-key", key);
            using var answer = await http.SendAsync(request, cancellation);
            if (answer.IsSuccessStatusCode) return true;
            var body = await answer.Content.ReadAsStringAsync(cancellation);
            if (answer.StatusCode == HttpStatusCode.Conflict && body.Contains("wave-closed", StringComparison.Ordinal)) return false;
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || tries == MostTries)
                throw new UnexpectedAnswerException($"{method} {path} was answered {(int)answer.StatusCode}: {body[..Math.Min(body.Length, 600)]}");
            await Task.Delay(Pause(answer.Headers.RetryAfter), time, cancellation);
        }
    }

    /// <summary>Runs a timer now.</summary>
    public Task RunAsync(string function, CancellationToken cancellation) => AskAsync(HttpMethod.Post, $"admin/functions/{function}", """{"input":""}""", cancellation);

    /// <summary>Delivers as Typeform does: 408, 423, 429, 503 and a broken connection are tried again (after seconds here, minutes there), any other answer is final.</summary>
    public async Task<Receipt> DeliverAsync(Delivery delivery, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            var pause = Pause(null);
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"api/webhooks/{delivery.Source}") { Content = new ByteArrayContent(delivery.Body) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                request.Headers.Add(delivery.Header, delivery.Signature);
                request.Headers.UserAgent.ParseAdd(delivery.Source == Programme.Source ? "Typeform-Webhooks" : "Interviews");
                using var answer = await http.SendAsync(request, cancellation);
                if (!TriedAgain.Contains(answer.StatusCode) || tries == MostTries) return new(answer.StatusCode, await FatesAsync(answer, cancellation), tries);
                pause = Pause(answer.Headers.RetryAfter);
            }
            catch (HttpRequestException) when (tries < MostTries)
            {
                // The next try says whether it was a passing fault.
            }
            await Task.Delay(pause, time, cancellation);
        }
    }

    /// <summary>Drops a file and waits for the report on this drop.</summary>
    /// <param name="folder">the supplier's folder; empty where files lie at the container's root.</param>
    public async Task<JsonElement> DropAsync(string container, string folder, string file, byte[] content, CancellationToken cancellation)
    {
        var drop = blobs.GetBlobContainerClient(container);
        await drop.CreateIfNotExistsAsync(cancellationToken: cancellation);
        var dropped = await drop.GetBlobClient(folder + file).UploadAsync(new BinaryData(content), overwrite: true, cancellation);

        var name = $"{(folder.Length == 0 ? "register/" : folder)}{file}.report.json";
        var report = blobs.GetBlobContainerClient("poll-reports").GetBlobClient(name);
        return await WaitAsync<ReportedJson>(
            $"No report at poll-reports/{name}: the file was not imported.",
            async () => await ReadAsync(report, cancellation) is { } read && read.Modified >= dropped.Value.LastModified ? read : null,
            cancellation) is { } found ? found.Json : default;
    }

    /// <summary>The newest public snapshot; null when none is published yet.</summary>
    public async Task<Snapshot?> LatestAsync(CancellationToken cancellation)
    {
        var container = blobs.GetBlobContainerClient(publicContainer);
        if (await ReadAsync(container.GetBlobClient("latest.json"), cancellation) is not { } latest) return null;
        var (id, path) = (latest.Json.GetProperty("id").GetString()!, latest.Json.GetProperty("path").GetString()!);
        var document = await ReadAsync(container.GetBlobClient(path), cancellation)
            ?? throw new UnexpectedAnswerException($"latest.json points at {path}, which is not there.");
        return new(id, path, document.Json);
    }

    /// <summary>Asks until there is an answer, or says what is missing.</summary>
    public async Task<T> WaitAsync<T>(string otherwise, Func<Task<T?>> ask, CancellationToken cancellation)
        where T : class
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (await ask() is { } answer) return answer;
            if (time.GetElapsedTime(started) > Deadline) throw new UnexpectedAnswerException($"{otherwise} (waited {Deadline.TotalSeconds:0} s)");
            await Task.Delay(TimeSpan.FromMilliseconds(250), time, cancellation);
        }
    }

    private static async Task<ReportedJson?> ReadAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            var content = (await blob.DownloadContentAsync(cancellation)).Value;
            return new(JsonSerializer.Deserialize<JsonElement>(content.Content), content.Details.LastModified);
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            return null;
        }
    }

    private static async Task<JsonElement?> FatesAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (!answer.IsSuccessStatusCode) return null;
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsByteArrayAsync(cancellation));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static TimeSpan Pause(RetryConditionHeaderValue? after) =>
        after?.Delta is { } stated ? (stated < LongestPause ? stated : LongestPause) : TimeSpan.FromMilliseconds(250);

    private sealed record ReportedJson(JsonElement Json, DateTimeOffset Modified);
}

/// <summary>A published document.</summary>
internal sealed record Snapshot(string Id, string Path, JsonElement Document)
{
    /// <summary>Does it know all the waves of the sample year, and as closed?</summary>
    public bool HasClosed(IEnumerable<string> waves) => waves.All(id => Document.TryGetProperty("waves", out var known) && known.EnumerateArray()
        .Any(wave => wave.GetProperty("id").GetString() == id && wave.TryGetProperty("closed", out var closed) && closed.GetBoolean()));
}
