using System.ComponentModel.DataAnnotations;

namespace WholeSchoolSend.Functions.Options;

/// <summary>What erasures report of the storage account.</summary>
public sealed class ErasureOptions
{
    /// <value>For how many days storage can bring back what was deleted: as set on the account. The default is 14; 0 on one machine.</value>
    [Range(0, 365)]
    public int SoftDeleteDays { get; set; } = 14;
}
