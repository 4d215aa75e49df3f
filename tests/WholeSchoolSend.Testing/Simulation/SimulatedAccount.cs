using System.Globalization;

namespace WholeSchoolSend.Testing.Simulation;

/// <summary>Rules of the real service that a simulation breaks on purpose, to show that it would notice.</summary>
[Flags]
public enum BrokenRules
{
    None = 0,

    /// <summary>A replace or delete takes effect whatever state of the row it names.</summary>
    IgnoresIfMatch = 1,

    /// <summary>An insert of a row that is there overwrites it.</summary>
    InsertOverwrites = 2,

    /// <summary>Of a transaction that is refused, every change takes effect that can.</summary>
    DoesWhatItCan = 4,

    /// <summary>Every other range is read as it was some writes ago.</summary>
    ReadsStaleRanges = 8,

    /// <summary>A blob is replaced whatever condition its writer states.</summary>
    IgnoresBlobConditions = 16,
}

/// <summary>
/// A storage account in memory: the operations of Table and Blob Storage that this system uses, with what Azure enforces, also where Azurite does not. It does
/// one request at a time and only what it is asked; faults, delays and crashes are between it and its callers.
/// </summary>
/// <remarks>What it does not do is refused with 501, so that nothing is simulated by accident.</remarks>
public sealed class SimulatedAccount
{
    public const string Name = "devstoreaccount1";

    // The key every emulator has; the account checks no signature.
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly Lock _lock = new();
    private readonly SimulatedTables _tables;
    private readonly SimulatedBlobs _blobs;
    private long _last;

    public SimulatedAccount()
        : this(new SimulatedTables(), new SimulatedBlobs())
    {
    }

    private SimulatedAccount(SimulatedTables tables, SimulatedBlobs blobs) => (_tables, _blobs) = (tables, blobs);

    /// <summary>Gets or sets the service's own clock.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public BrokenRules Broken { get; set; }

    /// <summary>Gets or sets how many rows a page of a query holds, of those it may: Azure may give fewer than asked for, or none.</summary>
    public Func<int, int> PageSize { get; set; } = most => most;

    public static string ConnectionString(string blobs, string tables) =>
        $"DefaultEndpointsProtocol=http;AccountName={Name};AccountKey={Key};BlobEndpoint={blobs}/{Name};TableEndpoint={tables}/{Name}";

    /// <summary>An account with the same content that goes its own way from here.</summary>
    public SimulatedAccount Clone()
    {
        lock (_lock)
            return new SimulatedAccount(_tables.Clone(), _blobs.Clone()) { Time = Time, Broken = Broken, PageSize = PageSize, _last = _last };
    }

    public ServiceResponse Tables(ServiceRequest request) => Handle(() => _tables.Handle(request, this));

    public ServiceResponse Blobs(ServiceRequest request)
    {
        var response = Handle(() => _blobs.Handle(request, this), isXml: true);
        // An answer to HEAD has no body, so an error is told by its header alone.
        if (request.Method != "HEAD" || response.Status < 400) return response;
        response.Headers.Remove("Content-Type");
        return response with { Body = [] };
    }

    /// <summary>Rows of a table in key order; empty where there is no such table.</summary>
    public IReadOnlyList<SimulatedRow> Rows(string table)
    {
        lock (_lock) return _tables.Rows(table);
    }

    /// <summary>Names of all tables.</summary>
    public IReadOnlyList<string> TableNames()
    {
        lock (_lock) return _tables.Names();
    }

    /// <summary>Takes a row away behind everybody's back.</summary>
    public void Remove(string table, SimulatedRow row)
    {
        lock (_lock) _tables.Remove(table, row);
    }

    /// <summary>Names of all containers.</summary>
    public IReadOnlyList<string> ContainerNames()
    {
        lock (_lock) return _blobs.Names();
    }

    /// <summary>Blobs of a container by name; empty where there is no such container.</summary>
    public IReadOnlyList<SimulatedBlob> BlobsIn(string container)
    {
        lock (_lock) return _blobs.In(container);
    }

    /// <summary>Writes a blob as somebody outside does.</summary>
    public void Drop(string container, string name, byte[] content)
    {
        lock (_lock) _blobs.Put(container, name, content, this);
    }

    /// <summary>The time, never the same twice: two states of a row or blob never share an ETag.</summary>
    internal DateTimeOffset Stamp()
    {
        _last = Math.Max(_last + 1, Time.GetUtcNow().UtcTicks);
        return new DateTimeOffset(_last, TimeSpan.Zero);
    }

    internal bool Breaks(BrokenRules rule) => (Broken & rule) != 0;

    private ServiceResponse Handle(Func<ServiceResponse> handle, bool isXml = false)
    {
        lock (_lock)
        {
            try
            {
                return handle();
            }
            catch (ServiceErrorException error)
            {
                return isXml
                    ? ServiceResponse.Text(error.Status, $"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{error.Code}</Code><Message>{error.Code}</Message></Error>",
                        ("x-ms-error-code", error.Code), ("Content-Type", "application/xml"))
                    : ServiceResponse.Text(error.Status, SimulatedTables.Error(error.Code, null), ("x-ms-error-code", error.Code), ("Content-Type", "application/json"));
            }
        }
    }

    internal static string Rfc1123(DateTimeOffset time) => time.ToString("R", CultureInfo.InvariantCulture);
}
