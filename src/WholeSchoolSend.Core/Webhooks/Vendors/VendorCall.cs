using System.Globalization;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>One source's vendor, ready to be asked; knows for a while how its forms are worded.</summary>
public sealed class VendorCall(VendorSource source, IVendorHttp http, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(15);
    private const int Deepest = 64;

    private readonly Dictionary<string, (long Read, object Form, bool ReadAgain)> _forms = new(StringComparer.Ordinal);

    public VendorSource Source => source;

    public TimeProvider Time => time;

    /// <summary>The body of a successful answer.</summary>
    public async Task<ReadOnlyMemory<byte>> BytesAsync(VendorRequest request, CancellationToken cancellation)
    {
        var response = await http.SendAsync(source, request, cancellation);
        return response.Status is 200 or 201 ? response.Body : throw Trouble(request, response);
    }

    /// <summary>The JSON of a successful answer.</summary>
    public async Task<JsonElement> JsonAsync(VendorRequest request, CancellationToken cancellation)
    {
        var (document, wrong) = StrictJson.Parse(await BytesAsync(request, cancellation), Deepest);
        return document?.RootElement ?? throw new VendorTroubleException(Problems.VendorUnreadable, $"The answer to {request.Path} {wrong}.");
    }

    /// <summary>
    /// How a form is worded: read once in a while, and once more when <paramref name="fits"/> finds it out of date. What does not fit even then never will:
    /// a response may name what the form no longer has.
    /// </summary>
    public async Task<T> FormAsync<T>(string form, Func<CancellationToken, Task<T>> read, CancellationToken cancellation, Func<T, bool>? fits = null)
        where T : class
    {
        var isHeld = _forms.TryGetValue(form, out var held) && time.GetElapsedTime(held.Read) < Fresh;
        if (isHeld && (held.ReadAgain || fits is null || fits((T)held.Form))) return (T)held.Form;
        var at = time.GetTimestamp();
        var now = await read(cancellation);
        _forms[form] = (at, now, isHeld);
        return now;
    }

    private VendorTroubleException Trouble(VendorRequest request, VendorResponse response)
    {
        var kind = response.Status switch
        {
            _ when source.Api.IsRefusal(response) => Problems.VendorRefused,
            404 or 410 => Problems.VendorHasNot,
            429 => Problems.VendorBusy,
            408 or >= 500 => Problems.VendorFailed,
            _ => Problems.VendorUnreadable,
        };
        return new VendorTroubleException(kind, string.Create(CultureInfo.InvariantCulture, $"{request.Path} was answered with status {response.Status}."), response.Wait);
    }
}
