using Azure.Data.Tables;
using Azure.Storage.Blobs;
using WholeSchoolSend.Testing;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]
[assembly: Trait("Needs", "Azurite")]

namespace WholeSchoolSend.Storage.Tests;

/// <summary>Tables and containers of one test's own; more than one process's view of them, each over a wire of its own.</summary>
internal sealed class TestStorage
{
    private readonly string _connection;
    private readonly TimeProvider _time;

    private TestStorage(string connection, TimeProvider time)
    {
        _connection = connection;
        _time = time;
        (Store, Wire) = Connect();
    }

    public string Connection => _connection;

    public string Prefix { get; } = "t" + Guid.NewGuid().ToString("N")[..10];

    public SurveyDataStorage Store { get; }

    public Wire Wire { get; }

    public static async Task<TestStorage> CreateAsync(AzuriteFixture azurite, TimeProvider? time = null)
    {
        var storage = new TestStorage(azurite.ConnectionString, time ?? TimeProvider.System);
        await storage.Store.CreateMissingAsync(TestContext.Current.CancellationToken);
        return storage;
    }

    public (SurveyDataStorage Store, Wire Wire) Connect(Action<StorageResilienceOptions>? resilience = null, TimeProvider? time = null)
    {
        var wire = new Wire();
        var options = new SurveyDataOptions { Prefix = Prefix, Transport = wire.Transport, Resilience = { Delay = TimeSpan.FromMilliseconds(2) } };
        resilience?.Invoke(options.Resilience);
        return (new SurveyDataStorage(_connection, options, time ?? _time), wire);
    }

    public TableClient Table(string name) => new(_connection, Prefix + name);

    public BlobContainerClient Container(string name) =>
        new BlobServiceClient(_connection, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2025_11_05)).GetBlobContainerClient(Prefix + name);

    /// <summary>All rows of a table, or those whose key begins so.</summary>
    public async Task<List<TableEntity>> RowsAsync(string table, string prefix = "")
    {
        var rows = new List<TableEntity>();
        await foreach (var row in Table(table).QueryAsync<TableEntity>(cancellationToken: TestContext.Current.CancellationToken))
        {
            if (row.RowKey.StartsWith(prefix, StringComparison.Ordinal)) rows.Add(row);
        }
        return rows;
    }

    /// <summary>Requests this action sends.</summary>
    public async Task<int> CountAsync(Func<Task> action)
    {
        var before = Wire.Requests;
        await action();
        return Wire.Requests - before;
    }
}
