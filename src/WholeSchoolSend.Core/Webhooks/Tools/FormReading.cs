using System.Text;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// The fields of a form, as <c>application/x-www-form-urlencoded</c> or <c>multipart/form-data</c> carry them; which of them it is says the
/// declared content type. Strict: UTF-8 only, whole escapes, a bounded number of fields. Files are passed over.
/// </summary>
internal sealed class FormReading
{
    private const int MostFields = 2_000;
    private const int MostParts = 200;
    private const int LongestHead = 8_192;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private FormReading(List<KeyValuePair<string, string>> fields) => Fields = fields;

    /// <summary>Names and values in the order sent.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Fields { get; }

    /// <summary>The value of a field that is there once; null when it is missing or ambiguous.</summary>
    public string? Find(string name) => Fields.Where(field => field.Key == name).Take(2).ToList() is [{ } only] ? only.Value : null;

    public static bool IsForm(Delivery delivery) => delivery.MediaType is "application/x-www-form-urlencoded" or "multipart/form-data";

    public static Checked<FormReading> Parse(Delivery delivery)
    {
        try
        {
            return delivery.MediaType switch
            {
                "application/x-www-form-urlencoded" => UrlEncoded(delivery.Body.Span),
                "multipart/form-data" => Boundary(delivery.Header("content-type")!) is { } boundary ? Multipart(delivery.Body.Span, boundary) : Wrong("should be declared with a boundary of 1 to 70 characters"),
                _ => Wrong("should be declared as application/x-www-form-urlencoded or multipart/form-data"),
            };
        }
        catch (DecoderFallbackException)
        {
            return Wrong("should be UTF-8");
        }
    }

    private static Checked<FormReading> UrlEncoded(ReadOnlySpan<byte> body)
    {
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var range in body.Split((byte)'&'))
        {
            var pair = body[range];
            if (pair.IsEmpty) continue;
            if (fields.Count == MostFields) return Wrong($"should have at most {MostFields} fields");
            var equals = pair.IndexOf((byte)'=');
            var name = Unescaped(equals < 0 ? pair : pair[..equals]);
            var value = equals < 0 ? "" : Unescaped(pair[(equals + 1)..]);
            if (name is null || value is null) return Wrong("should have two hexadecimal digits after every %");
            fields.Add(KeyValuePair.Create(name, value));
        }
        return new FormReading(fields);
    }

    private static string? Unescaped(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length];
        var length = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '%')
            {
                bytes[length++] = text[at] == '+' ? (byte)' ' : text[at];
                continue;
            }
            if (at + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[at + 1]) || !char.IsAsciiHexDigit((char)text[at + 2])) return null;
            bytes[length++] = Convert.FromHexString([(char)text[at + 1], (char)text[at + 2]])[0];
            at += 2;
        }
        return Strict.GetString(bytes, 0, length);
    }

    /// <summary>RFC 7578 as browsers and survey tools write it: every line ends in CR LF.</summary>
    private static Checked<FormReading> Multipart(ReadOnlySpan<byte> body, string boundary)
    {
        var delimiter = Encoding.ASCII.GetBytes("\r\n--" + boundary);
        var fields = new List<KeyValuePair<string, string>>();
        if (!body.StartsWith(delimiter.AsSpan(2))) return Wrong("should begin with its boundary");
        body = body[(delimiter.Length - 2)..];
        for (var part = 0; !body.StartsWith("--"u8); part++)
        {
            if (part == MostParts) return Wrong($"should have at most {MostParts} parts");
            if (!body.StartsWith("\r\n"u8)) return Wrong("should have a line's end after each boundary");
            var head = body.IndexOf("\r\n\r\n"u8);
            if (head is < 0 or > LongestHead) return Wrong($"should have headers of at most {LongestHead} bytes in each part");
            var content = body[(head + 4)..];
            var end = content.IndexOf(delimiter);
            if (end < 0) return Wrong("should end with its boundary");
            var disposition = Strict.GetString(body[..head]).Split("\r\n").FirstOrDefault(line => line.StartsWith("content-disposition:", StringComparison.OrdinalIgnoreCase)) ?? "";
            if (Parameter(disposition, "name") is not { } name) return Wrong("should have a name for each part");
            if (Parameter(disposition, "filename") is null && !disposition.Contains("filename*", StringComparison.OrdinalIgnoreCase))
                fields.Add(KeyValuePair.Create(name, Strict.GetString(content[..end])));
            body = content[(end + delimiter.Length)..];
        }
        return new FormReading(fields);
    }

    private static string? Boundary(string contentType) =>
        Parameter(contentType, "boundary") is { Length: > 0 and <= 70 } boundary && boundary.All(c => c is >= ' ' and <= '~') ? boundary : null;

    private static string? Parameter(string header, string name)
    {
        foreach (var part in header.Split(';').Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && part.AsSpan(0, equals).Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) return part[(equals + 1)..].Trim().Trim('"');
        }
        return null;
    }

    private static Problem Wrong(string should) => Problems.BodyUndecodable.At("", should);
}
