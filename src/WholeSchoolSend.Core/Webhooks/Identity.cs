using System.Buffers.Binary;
using System.Globalization;
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
        hash.AppendPart(source);
        hash.AppendPart(form);
        hash.AppendPart(response);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Appends the UTF-8 of a text after its length in bytes, so that two lists of texts never run into the same bytes.</summary>
    public static void AppendPart(this IncrementalHash hash, string part)
    {
        Span<byte> small = stackalloc byte[516];
        var count = Encoding.UTF8.GetByteCount(part);
        var bytes = count + 4 <= small.Length ? small : new byte[count + 4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, count);
        hash.AppendData(bytes[..(4 + Encoding.UTF8.GetBytes(part, bytes[4..]))]);
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

    /// <summary>
    /// Marks the content of a response: equal for equal answers in any order, and nobody without the key can try answers until one fits.
    /// It is made of what the tool sent before redaction, so a mended instrument, which keeps more or less of it, does not turn the same
    /// content into another (docs/decisions/0005).
    /// </summary>
    public string Mark(SurveyResponse response)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendPart(response.Form);
        hash.AppendPart(response.Id);
        foreach (var answer in Redaction.InOrder(response.Answers))
        {
            hash.AppendPart(answer.Field);
            hash.AppendPart(answer.Values.Count.ToString(CultureInfo.InvariantCulture));
            foreach (var value in answer.Values)
            {
                hash.AppendPart(value.Id ?? "");
                hash.AppendPart(value.Text);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// What a pseudonym is recognised by once nothing may be called by it any more: HMAC-SHA-256 of it. An erasure keeps this, so that it says less than
    /// any row it erased.
    /// </summary>
    public string OfErased(string pseudonym)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendPart("erased");
        hash.AppendPart(pseudonym);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>HMAC-SHA-256 of the trimmed, lower-case, NFKC-normalised key, in lower-case hex.</summary>
    public string Of(string respondentKey) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(respondentKey.Trim().Normalize(NormalizationForm.FormKC).ToLowerInvariant())));
}
