using System.Text.Json;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// The versions of blobs that wait for their function. A real queue keeps the count of tries through a restart, and hands one message
/// to one process at a time; after the last try the message goes to <c>webjobs-blobtrigger-poison</c>.
/// </summary>
internal sealed partial class BlobQueue(Storage storage, HostJson hostJson, Invoker invoker, ILogger log) : IDisposable
{
    private const string PoisonQueue = "webjobs-blobtrigger-poison";
    private static readonly TimeSpan Visibility = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Backoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(500);

    private readonly QueueClient _queue = storage.Host.Queues.GetQueueClient($"azure-webjobs-blobtrigger-{storage.HostId}");
    private readonly SemaphoreSlim _news = new(0);

    public IReadOnlyDictionary<string, BlobTriggered> Triggers { get; init; } = new Dictionary<string, BlobTriggered>();

    public async Task SendAsync(BlobMessage message, CancellationToken cancellation)
    {
        await SendCreatingAsync(_queue, message.ToJson(), cancellation);
        _news.Release();
    }

    /// <summary>Takes messages until the host stops, and returns when those taken have been dealt with.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var running = new List<Task>();
        while (!stopping.IsCancellationRequested)
        {
            running.RemoveAll(one => one.IsCompleted);
            try
            {
                var free = hostJson.BlobsAtOnce - running.Count;
                // Not cancelled by the stop: what was received and not heard of would be invisible for a while, and one try poorer.
                QueueMessage[] messages = free > 0 ? (await _queue.ReceiveMessagesAsync(Math.Min(free, 32), Visibility, CancellationToken.None)).Value : [];
                running.AddRange(messages.Select(one => Task.Run(() => ProcessAsync(one), CancellationToken.None)));
                if (messages.Length > 0) continue;
                if (free > 0) await _news.WaitAsync(Idle, stopping);
                else await Task.WhenAny(running).WaitAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (RequestFailedException missing) when (missing.ErrorCode == QueueErrorCode.QueueNotFound)
            {
                await Task.Delay(Idle, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception problem)
            {
                Log.ReceiveFailed(log, problem);
                await Task.Delay(Backoff, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await Task.WhenAll(running);
    }

    /// <summary>Runs the function for a blob as it is now. Null is success; what went wrong otherwise.</summary>
    public async Task<Exception?> RunNowAsync(BlobTriggered trigger, string blobName)
    {
        var properties = (await trigger.Container.GetBlobClient(blobName).GetPropertiesAsync()).Value;
        return await RunAsync(trigger, blobName, properties, CancellationToken.None);
    }

    public void Dispose() => _news.Dispose();

    private async Task ProcessAsync(QueueMessage taken)
    {
        try
        {
            if (BlobMessage.TryParse(taken.Body) is not { } message || !Triggers.TryGetValue(message.FunctionId, out var trigger))
            {
                Log.Dropped(log, taken.MessageId);
                await _queue.DeleteMessageAsync(taken.MessageId, taken.PopReceipt);
                return;
            }
            using var lost = new CancellationTokenSource();
            using var done = new CancellationTokenSource();
            var renewing = RenewAsync(taken, lost, done.Token);
            var isFinished = await IsFinishedAsync(trigger, message, taken.DequeueCount, lost.Token);
            await done.CancelAsync();
            var receipt = await renewing;
            if (lost.IsCancellationRequested) return;
            if (isFinished) await _queue.DeleteMessageAsync(taken.MessageId, receipt);
            else await _queue.UpdateMessageAsync(taken.MessageId, receipt, visibilityTimeout: Backoff);
        }
        catch (Exception problem)
        {
            // The message becomes visible again by itself.
            Log.ProcessFailed(log, problem, taken.MessageId);
        }
    }

    /// <summary>False when there is to be another try.</summary>
    private async Task<bool> IsFinishedAsync(BlobTriggered trigger, BlobMessage message, long tries, CancellationToken lost)
    {
        // More tries than allowed were begun: the process died in the last one.
        if (tries <= hostJson.BlobTries)
        {
            BlobProperties properties;
            try
            {
                properties = (await trigger.Container.GetBlobClient(message.BlobName).GetPropertiesAsync(cancellationToken: lost)).Value;
            }
            catch (RequestFailedException gone) when (gone.Status == StatusCodes.Status404NotFound)
            {
                return true;
            }
            // Changed since: the new version has a message of its own.
            if (properties.ETag.ToString("H") != message.ETag) return true;
            if (await RunAsync(trigger, message.BlobName, properties, lost) is null) return true;
            if (tries < hostJson.BlobTries) return false;
        }
        Log.Poisoned(log, message.ContainerName, message.BlobName, trigger.Function.Name, hostJson.BlobTries, PoisonQueue);
        await SendCreatingAsync(trigger.Account.Queues.GetQueueClient(PoisonQueue), message.ToJson(), lost);
        return true;
    }

    private async Task<Exception?> RunAsync(BlobTriggered trigger, string blobName, BlobProperties properties, CancellationToken cancellation)
    {
        var client = trigger.Container.GetBlobClient(blobName);
        var data = new Dictionary<string, object?>(trigger.Path.Match(blobName) ?? new Dictionary<string, object?>(), StringComparer.OrdinalIgnoreCase)
        {
            ["BlobTrigger"] = $"{trigger.Path.Container}/{blobName}",
            ["Uri"] = client.Uri.ToString(),
            ["Properties"] = JsonSerializer.Serialize(properties),
            ["Metadata"] = JsonSerializer.Serialize(properties.Metadata),
        };
        return await invoker.RunAsync(trigger.Function, new TriggeringBlob(trigger.Container, client), data, cancellation);
    }

    /// <summary>Keeps the message invisible to other processes while its function runs; answers with the receipt to finish it with.</summary>
    private async Task<string> RenewAsync(QueueMessage message, CancellationTokenSource lost, CancellationToken done)
    {
        var receipt = message.PopReceipt;
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await Task.Delay(RenewEvery, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (done.IsCancellationRequested) return receipt;
            try
            {
                var asked = TimeProvider.System.GetTimestamp();
                receipt = (await _queue.UpdateMessageAsync(message.MessageId, receipt, visibilityTimeout: Visibility, cancellationToken: CancellationToken.None)).Value.PopReceipt;
                since = asked;
            }
            catch (Exception problem) when (problem is RequestFailedException or AggregateException)
            {
                if (problem is not RequestFailedException { Status: >= 400 and < 500 } && TimeProvider.System.GetElapsedTime(since) < Visibility - RenewEvery) continue;
                await lost.CancelAsync();
                return receipt;
            }
        }
    }

    private static async Task SendCreatingAsync(QueueClient queue, string text, CancellationToken cancellation)
    {
        try
        {
            await queue.SendMessageAsync(text, cancellation);
        }
        catch (RequestFailedException missing) when (missing.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            await queue.CreateIfNotExistsAsync(cancellationToken: cancellation);
            await queue.SendMessageAsync(text, cancellation);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Asking the queue of blobs failed; it is tried again")]
        public static partial void ReceiveFailed(ILogger logger, Exception problem);

        [LoggerMessage(2, LogLevel.Warning, "Message {Id} in the queue of blobs is for no function of this app and was dropped")]
        public static partial void Dropped(ILogger logger, string id);

        [LoggerMessage(3, LogLevel.Warning, "Message {Id} in the queue of blobs could not be finished; it will be tried again")]
        public static partial void ProcessFailed(ILogger logger, Exception problem, string id);

        [LoggerMessage(4, LogLevel.Error, "Blob '{Container}/{Blob}' failed {Tries} times in {Name}: moved to the queue '{Queue}'")]
        public static partial void Poisoned(ILogger logger, string container, string blob, string name, int tries, string queue);
    }
}
