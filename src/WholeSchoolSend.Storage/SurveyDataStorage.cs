using System.Globalization;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Storage;

/// <summary>Where survey data is kept.</summary>
public sealed class SurveyDataOptions
{
    /// <summary>Gets or sets the container everybody may read.</summary>
    /// <value>The default value is <c>snapshots</c>; on Azure it is <c>$web</c>, which the static website serves.</value>
    public string PublicContainer { get; set; } = "snapshots";

    /// <summary>Gets or sets what the names of all tables and containers begin with: lower-case letters and digits.</summary>
    /// <value>The default value is empty. Tests share an account by it.</value>
    public string Prefix { get; set; } = "";

    /// <summary>Gets how patient storage calls are.</summary>
    public StorageResilienceOptions Resilience { get; } = new();

    /// <summary>Gets or sets what carries the requests.</summary>
    /// <value>The default value is <see langword="null"/>: the SDK's own.</value>
    public HttpPipelineTransport? Transport { get; set; }
}

/// <summary>All tables and containers of the survey data, made in one place from one connection.</summary>
public sealed class SurveyDataStorage
{
    private readonly TableServiceClient _tables;
    private readonly BlobServiceClient _blobs;
    private readonly SurveyDataOptions _options;
    private readonly List<TableClient> _ownTables = [];
    private readonly List<(BlobContainerClient Container, PublicAccessType Access)> _ownContainers = [];

    /// <summary>Connects by connection string: Azurite, or an account by its key.</summary>
    public SurveyDataStorage(string connectionString, SurveyDataOptions options, TimeProvider time)
        : this(resilience => new TableServiceClient(connectionString, TableOptions(options, resilience)),
            resilience => new BlobServiceClient(connectionString, BlobOptions(options, resilience)), options, time)
    {
    }

    /// <summary>Connects by identity: no secret anywhere.</summary>
    public SurveyDataStorage(Uri tables, Uri blobs, TokenCredential credential, SurveyDataOptions options, TimeProvider time)
        : this(resilience => new TableServiceClient(tables, credential, TableOptions(options, resilience)),
            resilience => new BlobServiceClient(blobs, credential, BlobOptions(options, resilience)), options, time)
    {
    }

    private SurveyDataStorage(
        Func<StorageResilience, TableServiceClient> tables, Func<StorageResilience, BlobServiceClient> blobs, SurveyDataOptions options, TimeProvider time)
    {
        var resilience = new StorageResilience(options.Resilience, time);
        _options = options;
        _tables = tables(resilience);
        _blobs = blobs(resilience);

        Evidence = new EvidenceTable(Table("Evidence"), resilience);
        Instruments = new InstrumentsTable(Table("Instruments"));
        Waves = new WavesTable(Table("Waves"));
        Milestones = new MilestonesTable(Table("Milestones"));
        Errata = new ErrataTable(Table("Errata"));
        Imports = new ImportsTable(Table("Imports"), resilience);
        PollTotals = new VersionedTable<SchoolTotals>(
            Table("PollTotals"), resilience, TotalsJson.Default.SchoolTotals, totals => TableKey.From(totals.School, totals.Wave));
        Schools = new PackedTable<School>(Table("Schools"), resilience, SchoolsJson.Default.School, school => TableKey.From(school.Urn));
        Engagements = new VersionedTable<Engagement>(
            Table("Engagements"), resilience, SchoolsJson.Default.Engagement,
            engagement => TableKey.From(engagement.Urn, engagement.On.ToString("O", CultureInfo.InvariantCulture), engagement.Strand, TableKey.Number(engagement.Line)));
        SchoolLinks = new PackedTable<SchoolLink>(Table("SchoolLinks"), resilience, SchoolsJson.Default.SchoolLink, link =>
            TableKey.From(link.Urn, link.Predecessor));
        NetworkReach = new VersionedTable<NetworkReach>(
            Table("NetworkReach"), resilience, SchoolsJson.Default.NetworkReach, reach => TableKey.From(reach.Network, TableKey.Number(reach.Line)));
        Quarantine = new QuarantineTable(Table("Quarantine"), Container("quarantine"), resilience);
        Pending = new PendingTable(Table("Pending"), resilience);
        Fates = new FateRows(Evidence, Quarantine, Pending);
        Erasures = new ErasuresTable(Table("Erasures"), resilience);
        Vendors = new VendorsTable(Table("Vendors"), resilience);
        Audits = new AuditsTable(Table("Audits"));
        Operations = new OperationsTable(Table("Operations"));
        KpiResults = new KpiResultsTable(Table("KpiResults"), resilience);
        Drops = new DropsBlobs(Container("poll-drop"), Container("register"), Container("raw"), Container("poll-reports"));
        Documents = new DocumentsBlobs(
            Container("snapshots-internal"),
            // The static website serves its own container; any other is read anonymously.
            options.PublicContainer == "$web" ? Container("$web") : Container(options.PublicContainer, PublicAccessType.Blob));
        Issued = new VersionedTable<IssuedRow>(Table("Issued"), resilience, IssuedJson.Default.IssuedRow, row => TableKey.From(row.Key));
        Watch = new WatchTable(Table("Watch"));
        Probe = new StorageProbe(Table("Probe"), Container("probe"));
    }

    public EvidenceTable Evidence { get; }

    public InstrumentsTable Instruments { get; }

    public WavesTable Waves { get; }

    public MilestonesTable Milestones { get; }

    public ErrataTable Errata { get; }

    public ImportsTable Imports { get; }

    public VersionedTable<SchoolTotals> PollTotals { get; }

    public PackedTable<School> Schools { get; }

    public VersionedTable<Engagement> Engagements { get; }

    public PackedTable<SchoolLink> SchoolLinks { get; }

    public VersionedTable<NetworkReach> NetworkReach { get; }

    public QuarantineTable Quarantine { get; }

    public PendingTable Pending { get; }

    public FateRows Fates { get; }

    public ErasuresTable Erasures { get; }

    public VendorsTable Vendors { get; }

    public AuditsTable Audits { get; }

    public OperationsTable Operations { get; }

    public KpiResultsTable KpiResults { get; }

    public DropsBlobs Drops { get; }

    public DocumentsBlobs Documents { get; }

    /// <summary>What stood behind each issue of public figures: a version is a document and a wave of it.</summary>
    public VersionedTable<IssuedRow> Issued { get; }

    public WatchTable Watch { get; }

    public StorageProbe Probe { get; }

    /// <summary>Creates what is missing. Two requests where nothing is; safe to call from many processes at once.</summary>
    public async Task CreateMissingAsync(CancellationToken cancellation)
    {
        var tables = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var containers = new HashSet<string>(StringComparer.Ordinal);
        await Task.WhenAll(ListTablesAsync(), ListContainersAsync());
        await Task.WhenAll(
        [
            .. _ownTables.Where(table => !tables.Contains(table.Name)).Select(table => (Task)table.CreateIfNotExistsAsync(cancellation)),
            .. _ownContainers.Where(own => !containers.Contains(own.Container.Name))
                .Select(own => (Task)own.Container.CreateIfNotExistsAsync(own.Access, cancellationToken: cancellation)),
        ]);

        async Task ListTablesAsync()
        {
            // Letters and digits only: all that begins with the prefix lies between it and it with a tilde.
            var filter = TableClient.CreateQueryFilter($"TableName ge {_options.Prefix} and TableName lt {_options.Prefix + "~"}");
            await foreach (var table in _tables.QueryAsync(filter, cancellationToken: cancellation)) tables.Add(table.Name);
        }

        async Task ListContainersAsync()
        {
            await foreach (var container in _blobs.GetBlobContainersAsync(BlobContainerTraits.None, BlobContainerStates.None, _options.Prefix, cancellation))
                containers.Add(container.Name);
        }
    }

    private TableClient Table(string name)
    {
        var table = _tables.GetTableClient(_options.Prefix + name);
        _ownTables.Add(table);
        return table;
    }

    private BlobContainerClient Container(string name, PublicAccessType access = PublicAccessType.None)
    {
        var container = _blobs.GetBlobContainerClient(name == "$web" ? name : _options.Prefix + name);
        _ownContainers.Add((container, access));
        return container;
    }

    private static TableClientOptions TableOptions(SurveyDataOptions options, StorageResilience resilience)
    {
        var client = new TableClientOptions { RetryPolicy = resilience.Policy(options.Resilience.TableTimeout) };
        if (options.Transport is { } transport) client.Transport = transport;
        return client;
    }

    private static BlobClientOptions BlobOptions(SurveyDataOptions options, StorageResilience resilience)
    {
        // The newest protocol every supported Azurite knows: the SDK's own is newer, and refused unless Azurite was told not to check.
        var client = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2025_11_05)
        {
            RetryPolicy = resilience.Policy(options.Resilience.BlobTimeout),
            // Azurite does not know the SDK's CRC64 framing; Azure keeps an MD5 of what it stored either way.
            TransferValidation =
            {
                Upload = { ChecksumAlgorithm = StorageChecksumAlgorithm.None },
                Download = { ChecksumAlgorithm = StorageChecksumAlgorithm.None },
            },
        };
        if (options.Transport is { } transport) client.Transport = transport;
        return client;
    }
}
