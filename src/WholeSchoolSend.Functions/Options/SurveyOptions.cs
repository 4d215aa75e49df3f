using System.ComponentModel.DataAnnotations;

namespace WholeSchoolSend.Functions.Options;

/// <summary>Settings at the top level.</summary>
public sealed class SurveyOptions
{
    private const string KeyShould = "The setting PseudonymKey should be a secret of at least 32 characters, such as `openssl rand -base64 32` makes.";

    /// <value>The secret that turns respondent keys into pseudonyms; at least 32 characters, never changed while a study runs.</value>
    [Required(ErrorMessage = KeyShould)]
    [MinLength(32, ErrorMessage = KeyShould)]
    public string PseudonymKey { get; set; } = "";

    /// <value>The container of public documents. The default is <c>snapshots</c>; <c>$web</c> on Azure.</value>
    [Required]
    public string PublicContainer { get; set; } = "snapshots";
}
