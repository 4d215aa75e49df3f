using Azure.Data.Tables;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Storage;

/// <summary>Milestones, every revision of them.</summary>
public sealed class MilestonesTable(TableClient table)
    : RevisedTable<MilestoneState>(table, "milestones", MilestonesJson.Default.MilestoneState, state => state.Id, state => state.Revision), IMilestones;
