using Azure.Core;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace WholeSchoolSend.LocalHost;

/// <summary>A storage account the functions are connected to.</summary>
internal sealed record StorageAccount(BlobServiceClient Blobs, QueueServiceClient Queues);

/// <summary>Storage accounts by the names of their connections, and the place in the host's own account where this app keeps its state.</summary>
internal sealed class Storage(Settings settings, string hostId)
{
    private const string HostConnection = "AzureWebJobsStorage";
    private readonly Dictionary<string, StorageAccount> _accounts = [];

    public string HostId => hostId;
    public StorageAccount Host => _accounts[HostConnection];
    public BlobContainerClient HostContainer => Host.Blobs.GetBlobContainerClient("azure-webjobs-hosts");

    /// <summary>Null when the connection can be used, or why not. Touches settings only.</summary>
    public string? TryOpen(string? connection, out StorageAccount account)
    {
        account = null!;
        var name = string.IsNullOrEmpty(connection) ? HostConnection : connection;
        if (_accounts.TryGetValue(name, out var known))
        {
            account = known;
            return null;
        }
        string[] names = name == HostConnection ? [name] : [$"AzureWebJobs{name}", name];
        if (names.Select(one => settings[one]).FirstOrDefault(one => one is not null) is not { } value)
        {
            return names.FirstOrDefault(settings.HasSection) is { } identity
                ? $"the connection {identity} is given by identity ({identity}__blobServiceUri or the like), which LocalHost does not have; give a connection string"
                : $"the setting {string.Join(" or ", names)} is missing";
        }
        try
        {
            var blobs = new BlobClientOptions();
            var queues = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 };
            Calm(blobs.Retry);
            Calm(queues.Retry);
            account = _accounts[name] = new StorageAccount(new BlobServiceClient(value, blobs), new QueueServiceClient(value, queues));
            return null;
        }
        catch (Exception problem) when (problem is FormatException or ArgumentException or InvalidOperationException)
        {
            return $"the connection string in {name} cannot be read"; // not its text: it holds a key
        }
    }

    /// <summary>The host's own calls are repeated by its loops; patience inside one call would only hide a lost lease.</summary>
    private static void Calm(RetryOptions retry)
    {
        retry.MaxRetries = 2;
        retry.NetworkTimeout = TimeSpan.FromSeconds(20);
    }
}
