using Microsoft.Extensions.Configuration;

namespace WholeSchoolSend.Functions.Options;

/// <summary>
/// Settings that name a secret of Azure Key Vault. While Azure cannot read it (not set yet, no right, another vault), it hands over the reference itself as
/// the value. That is long enough for a key and would verify signatures: made by anybody who guesses the vault's name.
/// </summary>
public static class VaultReferences
{
    /// <summary>Throws <see cref="InvalidOperationException"/> naming each setting that still holds a reference.</summary>
    public static void MustBeResolved(IConfiguration configuration)
    {
        var unresolved = configuration.AsEnumerable()
            .Where(setting => setting.Value?.TrimStart().StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase) == true)
            .Select(setting => setting.Key.Replace(":", "__", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        if (unresolved.Count > 0)
        {
            throw new InvalidOperationException(
                $"Secrets could not be read from the vault: {string.Join(", ", unresolved)}. Set them there, or let the app read them; then restart it.");
        }
    }
}
