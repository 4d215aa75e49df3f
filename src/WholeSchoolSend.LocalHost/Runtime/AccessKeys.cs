using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// The host's keys, from the settings <c>LocalHost:Keys:Master</c> and <c>LocalHost:Keys:Default</c>.
/// Without them everything is open, as with Core Tools: the host listens on the loopback address only.
/// </summary>
internal sealed class AccessKeys(Settings settings)
{
    private readonly byte[]? _master = Digest(settings["LocalHost:Keys:Master"]);
    private readonly byte[]? _default = Digest(settings["LocalHost:Keys:Default"]);

    public bool Allow(HttpRequest request, AuthorizationLevel level)
    {
        if (level == AuthorizationLevel.Anonymous || (_master is null && _default is null)) return true;
        var given = Digest(request.Headers.TryGetValue("x-functions-key", out var header) ? header.ToString() : request.Query["code"].ToString());
        if (given is null) return false;
        var isMaster = _master is not null && CryptographicOperations.FixedTimeEquals(given, _master);
        var isDefault = _default is not null && CryptographicOperations.FixedTimeEquals(given, _default);
        return isMaster || (isDefault && level == AuthorizationLevel.Function);
    }

    /// <summary>Digests have one length, so that comparing them tells nothing about the key's.</summary>
    private static byte[]? Digest(string? key) => string.IsNullOrEmpty(key) ? null : SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
