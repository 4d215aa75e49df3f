using System.ComponentModel.DataAnnotations;

namespace WholeSchoolSend.Core.Retention;

/// <summary>How long what is kept is kept, in days; settings <c>Retention__*</c>. 0: for ever.</summary>
public sealed class RetentionPolicy
{
    private const int Most = 36_500;

    /// <value>Answers of responses after the last day of a closed wave's fieldwork: what was coded stays, and every figure. The default is two years.</value>
    [Range(0, Most)]
    public int AnswerDays { get; set; } = 730;

    /// <value>Redacted answers that wait in quarantine, after they were received: whatever nobody mended in that time. The default is two years.</value>
    [Range(0, Most)]
    public int QuarantineDays { get; set; } = 730;

    /// <value>Poll files, and copies of them, after they were dropped. The default is three years.</value>
    [Range(0, Most)]
    public int PollFileDays { get; set; } = 1_095;

    /// <value>Files of the register and of contacts, after they were dropped, once their content counts no more. The default is three years.</value>
    [Range(0, Most)]
    public int RegisterFileDays { get; set; } = 1_095;

    /// <value>Reports beside poll and register files. The default is three years.</value>
    [Range(0, Most)]
    public int ReportDays { get; set; } = 1_095;

    /// <value>Internal snapshots; the newest always stays. The default is three years.</value>
    [Range(0, Most)]
    public int InternalSnapshotDays { get; set; } = 1_095;

    /// <value>What nightly audits found. The default is thirteen months.</value>
    [Range(0, Most)]
    public int AuditDays { get; set; } = 400;

    /// <value>What operators did. The default is six years.</value>
    [Range(0, Most)]
    public int OperationDays { get; set; } = 2_190;

    /// <value>
    /// Reports of erasures, with the hash that recognises whom they are about. What an erasure keeps out of files comes back with the next drop once it is
    /// gone, so it is kept well beyond the files. The default is six years.
    /// </value>
    [Range(0, Most)]
    public int ErasureDays { get; set; } = 2_190;
}
