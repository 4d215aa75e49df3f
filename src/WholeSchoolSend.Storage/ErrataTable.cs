using Azure.Data.Tables;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Storage;

/// <summary>Errata, every revision of them.</summary>
public sealed class ErrataTable(TableClient table)
    : RevisedTable<ErratumState>(table, "errata", ErrataJson.Default.ErratumState, state => state.Id, state => state.Revision), IErrata;
