using System.ComponentModel.DataAnnotations;

namespace WholeSchoolSend.Functions.Options;

/// <summary>Settings at the top level.</summary>
public sealed class SurveyOptions
{
    /// <value>The secret that turns respondent keys into pseudonyms; at least 32 characters, never changed while a study runs.</value>
    [Required]
    [MinLength(32)]
    public string PseudonymKey { get; set; } = "";

    /// <value>The container of public documents. The default is <c>snapshots</c>; <c>$web</c> on Azure.</value>
    [Required]
    public string PublicContainer { get; set; } = "snapshots";
}
