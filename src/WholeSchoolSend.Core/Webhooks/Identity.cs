using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>Names for responses and persons that never change and give nothing away.</summary>
public static class Identity
{
    /// <summary>The identity of a response: SHA-256 over the length-prefixed source, form id and response id, in lower-case hex.</summary>
    /// <remarks>Length prefixes keep ("1", "23") and ("12", "3") apart, which joining with a separator does not promise.</remarks>
    public static string OfResponse(string source, string form, string response)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in new[] { source, form, response })
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>Turns respondent keys (e-mail addresses, self-made codes) into pseudonyms that only the holder of the key can make again.</summary>
public sealed class Pseudonyms
{
    private readonly byte[] _key;

    /// <summary>Takes the programme's secret; at least 32 characters, so that it cannot be guessed.</summary>
    public Pseudonyms(string key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, 32, nameof(key));
        _key = Encoding.UTF8.GetBytes(key);
    }

    /// <summary>HMAC-SHA-256 of the trimmed, lower-case, NFKC-normalised key, in lower-case hex.</summary>
    public string Of(string respondentKey) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(respondentKey.Trim().Normalize(NormalizationForm.FormKC).ToLowerInvariant())));
}
